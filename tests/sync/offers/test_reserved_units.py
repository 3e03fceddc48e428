"""Units that Amazon sold and the shop does not know of yet are not offered again."""

from __future__ import annotations

from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    OfferChange,
    OrderState,
    SellerSku,
)
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities, units_reserved
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    AmazonOrderLineFactory,
    SellerSkuFactory,
)
from tests.factories_amazon import LiveAccountFactory
from tests.world import World


def test_buffer_and_pending_orders_are_kept_back(world: World) -> None:
    world.account.stock_buffer = 1
    world.account.save()
    world.sell("MUG", quantity=10)
    world.export()
    world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    world.export()
    assert world.live("MUG").quantity == 10 - 1 - 2


def order_of(number: str) -> AmazonOrder:
    return AmazonOrder.objects.get(number=number)


def test_a_pending_order_that_is_cancelled_releases_its_hold(world: World) -> None:
    world.sell("MUG", quantity=9)
    world.export()
    number = world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    world.send_changes()
    assert world.live("MUG").quantity == 7
    world.amazon.cancel(number)
    world.import_orders()
    world.send_changes()
    assert order_of(number).state == OrderState.CANCELLED
    assert world.live("MUG").quantity == 9


def test_orders_hold_units_until_the_shop_has_them_and_only_those_that_take_stock(
    db: None,
) -> None:
    account, other = LiveAccountFactory.create_batch(2)
    for state in OrderState.values:
        columns = {"shop_order_pk": "1"} if state == OrderState.PLACED else {}
        AmazonOrderLineFactory.create(
            order=AmazonOrderFactory.create(account=account, state=state, **columns),
            offer_pk="1",
            quantity=2,
        )
    AmazonOrderLineFactory.create(order__account=other, offer_pk="1", quantity=1)
    AmazonOrderLineFactory.create(
        order__account=account, order__takes_stock=False, offer_pk="1", quantity=100
    )
    AmazonOrderLineFactory.create(order__account=account, offer_pk="2", quantity=7)
    AmazonOrderLineFactory.create(order__account=account, offer_pk="", quantity=50)
    assert units_reserved() == {"1": 2 * len(HOLDING_STATES) + 1, "2": 7}
    assert units_reserved(["2", ""]) == {"2": 7}


def test_a_quantity_in_doubt_is_computed_anew_wherever_the_offer_is_sold(db: None) -> None:
    account, other, third = LiveAccountFactory.create_batch(3)
    sold = SellerSkuFactory.create(account=account, sku="MUG", offer_pk="1")
    shared = SellerSkuFactory.create(account=other, sku="TASSE", offer_pk="1")
    left = SellerSkuFactory.create(account=third, sku="MUG", offer_pk="2")
    invalidate_quantities([(account.pk, "MUG", "1")])
    epochs = dict(SellerSku.objects.values_list("pk", "stock_version"))
    assert epochs == {sold.pk: 1, shared.pk: 1, left.pk: 0}
    noted = set(OfferChange.objects.values_list("account", "offer_pk"))
    assert noted == {(account.pk, "1"), (other.pk, "1")}


def test_a_sku_that_is_linked_to_nothing_is_in_doubt_by_itself(db: None) -> None:
    sku = SellerSkuFactory.create(account=LiveAccountFactory.create(), sku="OLD", offer_pk="")
    invalidate_quantities([(sku.account_id, "OLD", "")])
    sku.refresh_from_db()
    assert sku.stock_version == 1
    assert not OfferChange.objects.exists()
