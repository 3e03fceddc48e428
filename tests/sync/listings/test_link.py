"""A seller SKU that is linked to an offer of another SKU: the shop's MUG is Amazon's OLD-MUG."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction

from django_amazon_sync.data import Offer
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonOrderLine,
    Listing,
    OrderState,
    Outcome,
    Presence,
    SellerSku,
)
from django_amazon_sync.sync.export import by_name
from django_amazon_sync.sync.listings import link as listings_link
from django_amazon_sync.sync.listings.link import (
    Link,
    SkuTaken,
    link_by_hand,
    sell_under,
    was_sent,
)
from django_amazon_sync.sync.listings.link import link as link_all
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.orders import saving
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.faults.racing import at_once, just_before, needs_postgresql
from tests.world import World, lines_of, shop_order


@pytest.fixture
def mug(world: World) -> Any:
    """The shop's MUG, linked to Amazon's OLD-MUG, in step."""
    record = factories.stock_record("MUG", price="10.00", in_stock=9, upc="4006381333931")
    world.list_on_amazon("OLD-MUG", price="10.00", quantity=9)
    link(world, "OLD-MUG", record)
    world.export()
    assert world.writes() == 0
    return record


def link(world: World, sku: str, record: Any) -> SellerSku:
    """What matching leaves, or staff."""
    row, _made = SellerSku.objects.update_or_create(
        account=world.account, sku=sku, defaults={"offer_pk": str(record.pk), "matched": True}
    )
    return row


def skus(world: World) -> list[str]:
    return sorted(world.account.skus.values_list("sku", flat=True))


# --- Orders ---------------------------------------------------------------------------------------


def test_an_order_takes_the_stock_of_the_linked_offer(world: World, mug: Any) -> None:
    number = world.buy("OLD-MUG", 2)
    assert lines_of(world.import_orders(), "outcome") == [Outcome.PLACED]
    line = shop_order(number).lines.get()
    assert (line.product, line.stockrecord, line.num_allocated) == (mug.product, mug, 2)
    assert world.in_stock("MUG") == 7
    world.send_changes()
    assert world.live("OLD-MUG").quantity == 7


def test_staff_see_the_shops_own_sku_and_amazons(world: World, mug: Any) -> None:
    number = world.buy("OLD-MUG")
    world.import_orders()
    placed = shop_order(number)
    assert placed.lines.get().partner_sku == "MUG"
    assert ["OLD-MUG" in note.message for note in placed.notes.all()] == [True]


def test_a_cancelled_part_comes_back_to_the_linked_offer(world: World, mug: Any) -> None:
    number = world.buy("OLD-MUG", 3)
    world.import_orders()
    item = world.amazon.order(number)["orderItems"][0]["orderItemId"]
    world.amazon.cancel(number, item=item, quantity=1)
    world.import_orders()
    assert shop_order(number).lines.get().quantity == 2
    assert world.in_stock("MUG") == 7
    world.amazon.cancel(number)
    world.import_orders()
    assert world.in_stock("MUG") == 9


def test_a_pending_order_holds_units_of_the_linked_offer(world: World, mug: Any) -> None:
    world.buy("OLD-MUG", 4, status="PENDING")
    world.import_orders()
    world.send_changes()
    assert world.in_stock("MUG") == 9
    assert world.live("OLD-MUG").quantity == 5


def test_its_parcel_is_confirmed(world: World, mug: Any) -> None:
    world.account.default_carrier = "DHL"
    world.account.save()
    number = world.buy("OLD-MUG")
    world.import_orders()
    item = world.amazon.order(number)["orderItems"][0]["orderItemId"]
    factories.shipping_event(str(shop_order(number).pk), {item: 1}, "JD0123456789")
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.CONFIRMED]


def test_a_shop_that_sells_amazons_sku_as_something_else_keeps_that(world: World, mug: Any) -> None:
    """The link goes before an equal SKU: what was sent to Amazon was the linked offer's."""
    other = factories.stock_record("OLD-MUG", in_stock=5)
    world.buy("OLD-MUG", 2)
    world.import_orders()
    other.refresh_from_db()
    assert (world.in_stock("MUG"), other.net_stock_level) == (7, 5)


def test_a_barcode_that_looks_like_the_sku_takes_no_stock(world: World) -> None:
    """Several offers may have one barcode; only a link or an equal SKU says which is sold."""
    record = factories.stock_record("GREEN", in_stock=5, upc="4006381333931")
    world.list_on_amazon("4006381333931", price="10.00", quantity=5)
    number = world.buy("4006381333931", 2)
    world.import_orders()
    assert shop_order(number).lines.get().product is None
    record.refresh_from_db()
    assert record.net_stock_level == 5


def test_a_link_that_comes_while_orders_are_stored_counts(world: World) -> None:
    """Of the link and the order one is first; the units are held either way."""
    record = factories.stock_record("MUG", in_stock=9)
    world.list_on_amazon("OLD-MUG", price="10.00", quantity=9)
    row = SellerSkuFactory.create(account=world.account, sku="OLD-MUG", offer_pk="")
    number = world.buy("OLD-MUG", 4, status="PENDING")
    with just_before(saving, "invalidate_quantities", lambda: link(world, "OLD-MUG", record)):
        world.import_orders()
    held = AmazonOrderLine.objects.get(order__number=number)
    assert held.offer_pk == str(record.pk)
    assert AmazonOrder.objects.get(number=number).state == OrderState.HELD
    row.refresh_from_db()
    assert row.stock_version > 0


# --- Listings -------------------------------------------------------------------------------------


def test_two_skus_of_one_offer_are_both_kept_in_step(world: World, mug: Any) -> None:
    world.list_on_amazon("ANCIENT-MUG", price="10.00", quantity=9)
    link(world, "ANCIENT-MUG", mug)
    world.export()
    world.buy("OLD-MUG", 2, status="PENDING")
    world.import_orders()
    world.send_changes()
    assert [world.live(sku).quantity for sku in ("OLD-MUG", "ANCIENT-MUG")] == [7, 7]


def test_the_offer_gets_no_second_listing_under_its_own_sku(world: World, mug: Any) -> None:
    world.amazon.add_product(asin="B0MUG00000", title="Mug", ean="4006381333931")
    mug.num_in_stock = 4
    mug.save()
    world.export()
    world.send_changes()
    assert skus(world) == ["OLD-MUG"]
    assert world.live("OLD-MUG").quantity == 4
    assert world.live("MUG") is None


@pytest.mark.parametrize("named", ["MUG", "OLD-MUG"])
def test_an_export_takes_either_sku(world: World, mug: Any, named: str) -> None:
    mug.__class__.objects.update(num_in_stock=3)
    run = world.export(skus=[named])
    assert lines_of(run, "outcome", "sku", "values") == [(Outcome.SENT, "OLD-MUG", {"quantity": 3})]


def test_a_linked_offer_that_is_deleted_goes_to_zero(world: World, mug: Any) -> None:
    mug.num_in_stock = 8
    mug.save()
    world.send_changes()
    mug.delete()
    world.send_changes()
    assert world.live("OLD-MUG").quantity == 0


def test_a_linked_offer_whose_own_sku_changes_stays_linked(world: World, mug: Any) -> None:
    mug.partner_sku, mug.num_in_stock = "MUG-2", 6
    mug.save()
    world.export()
    assert skus(world) == ["OLD-MUG"]
    assert world.live("OLD-MUG").quantity == 6


def test_it_is_verified_like_any_other(world: World, mug: Any) -> None:
    mug.num_in_stock = 8
    mug.save()
    world.send_changes()
    world.amazon.advance(7200)
    assert world.verify().went_well
    assert world.listing("OLD-MUG").verified["quantity"] == 8


# --- Another SKU ----------------------------------------------------------------------------------


def offer_of(world: World, record: Any) -> Offer:
    return next(world.shop.offers("", [str(record.pk)]))


def test_a_sku_that_amazon_has_goes_to_zero_and_the_new_one_is_made(world: World) -> None:
    record = world.sell("MUG", quantity=9, upc="4006381333931")
    world.amazon.add_product(asin="B000000042", title="Mug", ean="4006381333931")
    world.export()
    old = world.account.skus.get(sku="MUG")
    old.condition = "used_good"
    old.save()
    old.listings.update(own_price="12.50")
    new = sell_under(world.account, world.shop, offer_of(world, record), "MUG-2", old)
    assert (new.sku, new.matched, new.condition) == ("MUG-2", True, "used_good")
    for _ in range(2):  # the new one is read first
        world.send_changes()
    world.export()
    assert world.live("MUG").quantity == 0
    live = world.live("MUG-2")
    assert (live.quantity, str(live.price)) == (9, "12.50")
    assert skus(world) == ["MUG", "MUG-2"]


def test_an_order_of_the_old_sku_still_takes_the_offers_stock(world: World, mug: Any) -> None:
    old = world.account.skus.get(sku="OLD-MUG")
    number = world.buy("OLD-MUG", 2)
    sell_under(world.account, world.shop, offer_of(world, mug), "NEW-MUG", old)
    world.import_orders()
    assert shop_order(number).lines.get().stockrecord == mug
    assert world.in_stock("MUG") == 7


def test_units_that_orders_hold_stay_held(world: World, mug: Any) -> None:
    old = world.account.skus.get(sku="OLD-MUG")
    world.buy("OLD-MUG", 4, status="PENDING")
    world.import_orders()
    sell_under(world.account, world.shop, offer_of(world, mug), "NEW-MUG", old)
    assert units_reserved() == {str(mug.pk): 4}


def test_a_sku_that_amazon_never_had_just_changes_its_name(world: World) -> None:
    record = factories.stock_record("MUG")
    row = sell_under(world.account, world.shop, offer_of(world, record), "TYPO")
    assert row.matched
    again = sell_under(world.account, world.shop, offer_of(world, record), "MUG", row)
    assert (again.pk, again.matched) == (row.pk, False)
    assert skus(world) == ["MUG"]


@pytest.mark.parametrize(
    "crosses",
    [
        pytest.param([(Listing, "TYPO"), (SellerSku, "TYPO")], id="who sends"),
        pytest.param([(SellerSku, "MUG"), (SellerSku, "TYPO")], id="who links"),
    ],
)
def test_a_new_name_and_a_worker_do_not_wait_for_each_other(
    transactional_db: None, world: World, crosses: list[tuple[Any, str]]
) -> None:
    """Whoever sends locks the listing and then its SKU; whoever links locks SKUs by pk."""
    needs_postgresql()
    record = factories.stock_record("MUG")
    offer = offer_of(world, record)
    SellerSkuFactory.create(account=world.account, sku="MUG", offer_pk=offer.pk)
    row = SellerSkuFactory.create(account=world.account, sku="TYPO", offer_pk=offer.pk)
    place = world.account.marketplaces.get()
    listing = Listing.objects.create(sku=row, marketplace=place, presence=Presence.ABSENT)
    pks = {(Listing, "TYPO"): listing.pk, (SellerSku, "TYPO"): row.pk}
    pks[SellerSku, "MUG"] = world.account.skus.get(sku="MUG").pk
    both = threading.Barrier(2)

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=2)  # in vain where one waits for the other's lock

    def after_meeting(sku: SellerSku) -> bool:
        meet()
        return was_sent(sku)

    def a_worker() -> None:
        with transaction.atomic():
            for model, sku in crosses:
                model.objects.select_for_update().get(pk=pks[model, sku])
                meet()

    def staff() -> None:
        sell_under(world.account, world.shop, offer, "CUP", row)

    with patch.object(listings_link, "was_sent", after_meeting):
        assert at_once(staff, a_worker) == []
    assert skus(world) == ["CUP", "MUG"]


def test_going_back_to_an_earlier_sku_takes_up_its_row(world: World, mug: Any) -> None:
    old = world.account.skus.get(sku="OLD-MUG")
    offer = offer_of(world, mug)
    new = sell_under(world.account, world.shop, offer, "NEW-MUG", old)
    back = sell_under(world.account, world.shop, offer, "OLD-MUG", new)
    assert back.pk == old.pk
    assert back.synchronise is None
    assert world.account.skus.get(sku="NEW-MUG").offer_pk == ""


def test_a_sku_of_another_offer_is_not_taken_away(world: World, mug: Any) -> None:
    cup = factories.stock_record("CUP")
    before = list(world.account.skus.values())
    with pytest.raises(SkuTaken, match="OLD-MUG"):
        sell_under(world.account, world.shop, offer_of(world, cup), "OLD-MUG")
    assert list(world.account.skus.values()) == before


# --- The shop's own SKU is another one ------------------------------------------------------------


@pytest.mark.parametrize("paid", [True, False])
def test_an_order_of_a_renamed_sku_stays_the_offers(world: World, paid: bool) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    number = world.buy("MUG", 3, status="PENDING")
    world.import_orders()
    record.partner_sku = "MUG-2"
    record.save()
    world.list_on_amazon("MUG-2", price="10.00", quantity=0)
    for _ in range(3):  # the new one is read first, and waits for the old one's zero
        world.import_orders()
        world.export()
    assert (world.live("MUG").quantity, world.live("MUG-2").quantity) == (0, 2)
    if paid:
        world.amazon.settle_payment(number)
    else:
        world.amazon.set_order(number, lastUpdatedTime=world.amazon.now().isoformat())
    for _ in range(2):
        world.import_orders()
        world.export()
    assert world.live("MUG-2").quantity == 2
    assert world.in_stock("MUG-2") == (2 if paid else 5)


def test_an_earlier_sku_that_is_taken_up_again_does_not_wait_for_itself(
    world: World, mug: Any
) -> None:
    old = world.account.skus.get(sku="OLD-MUG")
    offer = offer_of(world, mug)
    new = sell_under(world.account, world.shop, offer, "NEW-MUG", old)
    sell_under(world.account, world.shop, offer, "OLD-MUG", new)
    mug.num_in_stock = 20
    mug.save()
    world.import_orders()
    world.send_changes()
    assert world.live("OLD-MUG").quantity == 20


def test_an_earlier_sku_that_becomes_another_offers_keeps_nobody_waiting(
    world: World, mug: Any
) -> None:
    old = world.account.skus.get(sku="OLD-MUG")
    cup = factories.stock_record("CUP", price="10.00", in_stock=7)
    sell_under(world.account, world.shop, offer_of(world, mug), "NEW-MUG", old)
    old.refresh_from_db()
    link_by_hand(old, str(cup.pk))
    old.synchronise = True
    old.save()
    world.list_on_amazon("NEW-MUG", price="10.00", quantity=0)
    for _ in range(3):
        world.import_orders()
        world.export()
        world.send_changes()
    assert world.live("NEW-MUG").quantity == 9


def test_units_of_a_sku_that_staff_unlink_are_no_offers(world: World, mug: Any) -> None:
    world.buy("OLD-MUG", 4, status="PENDING")
    world.import_orders()
    link_by_hand(world.account.skus.get(sku="OLD-MUG"), "")
    assert units_reserved() == {}


def test_a_link_by_hand_outlives_a_change_of_the_offer_of_that_name(world: World) -> None:
    """A SKU that staff gave to another offer is not taken back by the one with its name."""
    own = world.sell("A", quantity=5)
    other = factories.stock_record("OTHER", price="10.00", in_stock=3)
    world.export()
    link_by_hand(SellerSku.objects.get(sku="A"), str(other.pk))
    own.num_in_stock = 4
    own.save()
    world.import_orders()
    run = world.send_changes()
    world.export()
    assert SellerSku.objects.get(sku="A").offer_pk == str(other.pk)
    assert world.live("A").quantity == 3
    assert f"is linked to offer {other.pk}" in " ".join(lines_of(run, "message"))


def test_units_stay_with_an_offer_that_gave_its_sku_to_another(world: World) -> None:
    """The shop gives an offer another SKU, and the old one to a new offer; another SKU of Amazon's
    is linked to the first one by hand, and an order reserves units under it."""
    first = world.sell("A", quantity=9)
    world.list_on_amazon("1001", price="10.00", quantity=9)
    row = SellerSku.objects.create(account=world.account, sku="1001")
    link_by_hand(row, str(first.pk))
    world.export()
    world.buy("1001", 4, status="PENDING")
    world.import_orders()
    world.send_changes()
    type(first).objects.filter(pk=first.pk).update(partner_sku="A-2")
    second = factories.stock_record("A", price="10.00", in_stock=6)
    world.send_changes()
    assert SellerSku.objects.get(sku="A").offer_pk == str(second.pk)
    assert units_reserved() == {str(first.pk): 4}


# --- What staff or matching linked ----------------------------------------------------------------


def test_matching_does_not_give_away_what_is_kept_for_an_offer_that_is_gone(world: World) -> None:
    mug = factories.stock_record("MUG", in_stock=5)
    row = SellerSkuFactory.create(account=world.account, sku="1001", offer_pk="987", matched=True)
    wanted = [Link("1001", str(mug.pk), matched=True)]
    why_not = link_all(world.account, world.shop, wanted)
    assert "which the shop no longer has" in why_not["1001"]
    row.refresh_from_db()
    assert row.offer_pk == "987"
    assert link_all(world.account, world.shop, wanted, by_staff=True) == {}
    row.refresh_from_db()
    assert row.offer_pk == str(mug.pk)


def test_another_sku_is_never_one_that_the_shop_has_of_another_product(world: World) -> None:
    mug = factories.stock_record("MUG", in_stock=5)
    factories.stock_record("1001", in_stock=77)  # no export has met it yet
    with pytest.raises(SkuTaken, match="1001"):
        sell_under(world.account, world.shop, offer_of(world, mug), "1001")
    assert skus(world) == []


def test_an_offer_of_a_sku_that_two_have_may_go_back_to_it(world: World) -> None:
    mug = factories.stock_record("MUG", in_stock=5)
    factories.stock_record("MUG", in_stock=5, partner_code="attic")
    row = sell_under(world.account, world.shop, offer_of(world, mug), "TYPO")
    assert sell_under(world.account, world.shop, offer_of(world, mug), "MUG", row).matched is False


def test_a_link_that_staff_make_while_an_export_links_by_name_stays(world: World) -> None:
    mug = factories.stock_record("MUG", price="10.00", in_stock=5)
    factories.stock_record("1001", price="11.00", in_stock=77)
    row = SellerSkuFactory.create(account=world.account, sku="1001", offer_pk="")
    with just_before(by_name, "link_by_name", lambda: link(world, "1001", mug)):
        world.export()
    row.refresh_from_db()
    assert (row.offer_pk, row.matched) == (str(mug.pk), True)
