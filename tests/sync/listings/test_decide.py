"""What happens to each field of a listing, through the doors that staff and shop use."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Job, Listing, SellerSku
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.offers import desired
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.world import DE, World, lines_of

pytestmark = pytest.mark.django_db


def test_a_fall_below_what_was_sent_does_not_raise_what_is_live(world: World) -> None:
    record = world.sell("MUG", quantity=12)
    world.export()
    record.num_in_stock = 10
    record.save()
    world.send_changes()
    world.amazon.advance(3600)
    world.amazon.faults.add(Fault("searchOrders", "500", times=100))  # orders are not known
    world.buy("MUG", 8)
    record.num_in_stock = 9
    record.save()
    world.send_changes()
    assert world.live("MUG").quantity == 2


def test_a_sale_of_half_a_minute_ago_is_no_drift(world: World) -> None:
    record = world.sell("MUG", quantity=2)
    world.export()
    record.num_in_stock = 1
    record.save()
    world.send_changes()
    world.amazon.advance(3 * 3600)
    world.import_orders()
    world.buy("MUG", 1)
    world.amazon.advance(30)
    world.verify()
    world.send_changes()
    assert world.live("MUG").quantity == 0


def test_what_is_missing_live_is_mended_once_orders_do_not_explain_it(world: World) -> None:
    world.sell("MUG", quantity=5)
    world.export()
    world.amazon.advance(3 * 3600)
    world.import_orders()
    world.list_on_amazon("MUG", price="10.00", quantity=2)  # another hand
    world.verify()
    assert world.live("MUG").quantity == 2
    world.import_orders()
    world.import_orders()
    world.verify()
    world.send_changes()
    assert world.live("MUG").quantity == 5


def test_where_orders_are_not_imported_verification_raises_nothing(world: World) -> None:
    world.sell("MUG", quantity=10)
    world.export()
    type(world.account).objects.update(import_orders=False)
    world.account.refresh_from_db()
    world.amazon.advance(7200)
    world.buy("MUG", 4)
    for _ in range(3):
        world.amazon.advance(7200)
        world.verify()
        world.send_changes()
    assert world.live("MUG").quantity == 6


@pytest.mark.parametrize("how", ["delete", "unpublish", "rename"])
def test_what_was_sold_from_the_shop_and_is_gone_goes_to_zero(world: World, how: str) -> None:
    """Also what was adopted as it was, so that nothing was ever written for it."""
    record = world.sell("MUG", quantity=5)
    world.export()
    if how == "delete":
        record.delete()
    elif how == "unpublish":
        record.product.is_public = False
        record.product.save()
    else:
        record.partner_sku = "MUG-2"
        record.save()
    world.send_changes()
    world.export()
    assert world.live("MUG").quantity == 0


def test_what_was_never_linked_is_never_written(world: World) -> None:
    world.list_on_amazon("OTHER", price="7.00", quantity=9)
    world.sell("MUG", quantity=5)
    SellerSku.objects.create(account=world.account, sku="OTHER", channel="DEFAULT")
    for _ in range(2):
        world.export()
        world.verify()
    assert world.live("OTHER").quantity == 9
    assert world.writes() == 0


def test_an_absence_counts_after_a_second_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look may fall into the middle of an import that deletes and creates."""
    for sku in ("MUG", "CUP"):
        world.sell(sku, quantity=5)
    world.export()
    real = world.shop.__class__.offers

    def without_the_mug(shop: Any, scope: Any, pks: Any = None) -> Any:
        offers = real(shop, scope, pks) if pks is not None else real(shop, scope)
        return (offer for offer in offers if offer.sku != "MUG")

    with monkeypatch.context() as patched:
        patched.setattr(world.shop.__class__, "offers", without_the_mug)
        world.export()
        assert world.live("MUG").quantity == 5
        monkeypatch.setattr(desired, "ABSENCE_COUNTS", timedelta(0))
        world.export()
        assert world.live("MUG").quantity == 0
    world.import_orders()
    world.export()
    assert world.live("MUG").quantity == 5


def test_a_shop_that_shows_less_than_half_has_nothing_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sku in ("MUG", "CUP", "JAR"):
        world.sell(sku, quantity=5)
    world.export()
    with monkeypatch.context() as patched:
        patched.setattr(world.shop.__class__, "offers", lambda *args, **options: iter(()))
        run = world.export()
    assert lines_of(run, "code") == ["few-offers"]
    assert not run.went_well
    assert not SellerSku.objects.exclude(gone_since=None).exists()


def test_a_renamed_offer_is_never_on_sale_twice(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    world.list_on_amazon("MUG-2", price="10.00", quantity=0)
    world.amazon.faults.add(Fault("patchListingsItem", "500", times=None))
    record.partner_sku = "MUG-2"
    record.save()
    world.import_orders()
    world.send_changes()
    world.export()
    world.amazon.faults.clear()
    live = (world.live("MUG").quantity, world.live("MUG-2").quantity)
    assert live == (5, 0)
    for _ in range(3):
        world.import_orders()
        world.send_changes()
        world.export()
    assert (world.live("MUG").quantity, world.live("MUG-2").quantity) == (0, 5)


@pytest.mark.parametrize("odd", [".", "X" * 120])
def test_one_odd_sku_costs_itself_only(world: World, odd: str) -> None:
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    factories.stock_record(odd, price="3.00", in_stock=3)
    record.price = Decimal("11.00")
    record.save()
    world.export()
    assert world.live("MUG").price == Decimal("11.00")


def test_a_refused_zero_is_tried_until_amazon_takes_it(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    record.num_in_stock = 0
    record.save()
    world.amazon.faults.add(Fault("patchListingsItem", "400", times=2))
    world.send_changes()
    world.amazon.faults.clear()
    assert world.listing("MUG").refused == {"quantity": 0}
    assert world.listing("MUG").again_at is not None
    world.amazon.advance(3600)
    world.import_orders()
    world.export()
    assert world.live("MUG").quantity == 0
    assert world.listing("MUG").again_at is None


def test_the_reserved_units_follow_a_recreated_stock_record(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    world.buy("MUG", 3, status="PENDING")
    world.import_orders()
    world.send_changes()
    product = record.product
    record.delete()
    factories.stock_record("MUG", price="10.00", in_stock=5, product_=product)
    world.import_orders()
    world.send_changes()
    world.export()
    assert world.live("MUG").quantity == 2


def test_an_order_of_before_its_product_reserves_units_of_it(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.buy("MUG", 3, status="PENDING")
    world.import_orders()
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.export()
    world.import_orders()
    world.send_changes()
    world.export()
    assert world.live("MUG").quantity == 2
    assert Listing.objects.get().believed["quantity"] == 2


# --- What has another name ------------------------------------------------------------------------


def _linked_by_hand_too(world: World, pk: str) -> None:
    """Amazon's own SKU of the same offer."""
    world.list_on_amazon("AMZ-MUG", price="10.00", quantity=5)
    linked = SellerSku.objects.create(account=world.account, sku="AMZ-MUG")
    Listing.objects.create(sku=linked, marketplace=world.account.marketplaces.get(code=DE))
    link_by_hand(linked, pk)


def test_what_was_linked_by_hand_and_is_gone_before_any_look_goes_to_zero(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    _linked_by_hand_too(world, str(record.pk))
    record.delete()
    world.send_changes()
    assert (world.live("MUG").quantity, world.live("AMZ-MUG").quantity) == (0, 0)


@pytest.mark.parametrize("by_hand", [False, True], ids=["alone", "and linked by hand"])
@pytest.mark.parametrize("name", ["CUP", ""])
@pytest.mark.parametrize("job", [Job.CHANGES, Job.EXPORT])
def test_a_sku_that_the_shop_gave_up_goes_to_zero(
    world: World, job: Job, name: str, by_hand: bool
) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    if by_hand:
        _linked_by_hand_too(world, str(record.pk))
        world.import_orders()
        world.send_changes()
    record.partner_sku = name
    record.save()
    world.do(job)
    assert world.live("MUG").quantity == 0
    assert not by_hand or world.live("AMZ-MUG").quantity == 5
