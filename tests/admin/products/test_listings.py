"""SKUs and listings: every value with its state and reason, and actions on what was chosen."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from django_amazon_sync.admin.products.listings import ListingAdmin
from django_amazon_sync.models import (
    Listing,
    OfferChange,
    Presence,
    RunState,
    SellerSku,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from tests.admin.conftest import TAKES_ALL, Staff, address, seen_in
from tests.factories import stock_record
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory, SubmissionFactory
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    sku = "a/b c%2F+#,ü"
    offer_pk = str(stock_record(sku).pk)
    OfferChange.objects.all().delete()
    return ListingInStepFactory.create(
        marketplace__account=account, sku__sku=sku, sku__offer_pk=offer_pk
    )


def change(listing: Listing, **columns: object) -> None:
    Listing.objects.filter(pk=listing.pk).update(**columns)


# --- What the pages show -------------------------------------------------------------------------


def test_the_page_shows_what_a_report_told(staff: Staff, listing: Listing) -> None:
    units = {"fulfillable": 7, "reserved": 1, "inbound": 2, "unfulfillable": 3}
    change(listing, gtin="04006381333931", amazon_stock=units)
    page = staff.see(Listing, listing.pk)
    assert "04006381333931" in page
    assert "for sale 7, reserved 1, on the way there 2, not for sale 3" in page
    assert listing.sku.sku in staff.see(Listing, q="4006381333931")


def test_the_page_shows_each_value_in_each_state(staff: Staff, listing: Listing) -> None:
    change(
        listing,
        believed={"price": "12.90 EUR", "quantity": 5},
        verified={"price": "11.11 EUR"},
        drift={"price": {"ours": "12.90 EUR", "live": "13.33 EUR"}},
        held={"price": "99.00 EUR"},
        refused={"name": "Mug <b>blue</b>"},
        issues=[{"code": "8541", "severity": "ERROR", "message": "The value conflicts."}],
        reason="8541: The value conflicts.",
    )
    SubmissionFactory.create(listing=listing, item__values={"quantity": 4})
    page = staff.see(Listing, listing.pk)
    for shown in (
        "12.90 EUR", "11.11 EUR", "13.33 EUR instead of 12.90 EUR", "99.00 EUR",
        "Mug &lt;b&gt;blue&lt;/b&gt;", "<td>8541</td>", "Amazon says (8541): The value conflicts.",
        "Its changes wait until you approve them.", "a/b c%2F+#,ü", "<td>4</td>",
    ):  # fmt: skip
        assert shown in page, shown


def test_what_is_settled_is_no_longer_on_its_way(staff: Staff, listing: Listing) -> None:
    SubmissionFactory.create(
        listing=listing, item__values={"quantity": 7654321}, state=SubmissionState.DONE
    )
    now, _sent, before = staff.see(Listing, listing.pk).partition('id="sent"')
    assert "7654321" not in now
    assert "<td>7654321</td>" in before


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "What changes in the shop is sent."),
        ({"presence": Presence.UNREAD}, "reads it from Amazon before anything is sent"),
        ({"presence": Presence.ABSENT}, "creates it, where its ASIN or barcode is known"),
        ({"held": {"price": "1.00 EUR"}}, "wait until you approve them"),
        ({"refused": {"price": "1.00 EUR"}}, "when you export this SKU"),
        ({"drift": {"quantity": {"ours": 3, "live": None}}}, "the next export mends it"),
    ],
)
def test_each_listing_says_what_happens_next(
    staff: Staff, listing: Listing, columns: dict[str, object], sentence: str
) -> None:
    if columns:
        change(listing, **columns)
    assert sentence in staff.see(Listing, listing.pk)
    assert sentence in staff.see(SellerSku, listing.sku_id)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"synchronise": False}, "It is switched off."),
        ({"offer_pk": ""}, "It is linked to no product of the shop."),
    ],
)
def test_a_listing_that_is_left_alone_says_so(
    staff: Staff, listing: Listing, columns: dict[str, object], why: str
) -> None:
    def says(what: str) -> bool:
        return f"{why} {what}" in staff.see(Listing, listing.pk)

    SellerSku.objects.update(managed=False, sold_here=False, **columns)
    assert says("Nothing is sent, as it was never sold from here.")
    SellerSku.objects.update(managed=True)
    assert says("The next export sets its quantity on Amazon to 0.")
    change(listing, believed={"price": "12.90 EUR", "quantity": 0})
    assert says("Amazon shows 0 of it, and nothing else is sent.")


def test_what_is_switched_on_again_does_not_say_that_it_is_off(
    world: World, staff: Staff, use_broker: Callable[[str], None]
) -> None:
    """The reason of the last run is not kept beyond the click that ends it."""
    use_broker("")
    world.sell("MUG")
    world.list_on_amazon("MUG", price="10.00")
    world.export()
    sku = SellerSku.objects.get()
    staff.press(SellerSku, "leave_alone", sku)
    world.export()
    staff.press(SellerSku, "synchronise", sku)
    for page in (staff.see(SellerSku, sku.pk), staff.see(Listing, sku.listings.get().pk)):
        assert "switched off" not in page


def test_a_page_says_amazons_words_in_words(staff: Staff, listing: Listing) -> None:
    change(listing, status="BUYABLE DISCOVERABLE", condition="used_like_new")
    page = staff.see(Listing, listing.pk)
    assert "can be bought, can be found" in page
    assert "Used, like new" in page
    assert "DISCOVERABLE" not in page


# --- What staff set ------------------------------------------------------------------------------


def test_an_own_price_is_looked_at_soon_and_a_worker_s_columns_stay(
    staff: Staff, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = Listing.full_clean

    def accepted_meanwhile(row: Listing, *args: object, **kwargs: object) -> None:
        change(listing, believed={"price": "10.00 EUR"})
        clean(row, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Listing, "full_clean", accepted_meanwhile)
    response = staff.save(Listing, listing.pk, own_price="9.99")
    assert response.status_code == 302
    listing.refresh_from_db()
    assert (listing.own_price, listing.believed) == (Decimal("9.99"), {"price": "10.00 EUR"})
    noted = OfferChange.objects.get()
    assert (noted.account_id, noted.offer_pk) == (listing.sku.account_id, listing.sku.offer_pk)


# --- Actions -------------------------------------------------------------------------------------


def test_approve_moves_what_waits_and_asks_for_its_export(
    staff: Staff, listing: Listing, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    change(listing, held={"price": "99.00 EUR"})
    untouched = ListingInStepFactory.create(marketplace=listing.marketplace)
    [message] = staff.press(Listing, "approve", listing, untouched)
    assert "1 listing is approved. 1 run is queued." in message
    listing.refresh_from_db()
    assert (listing.held, listing.approved) == ({}, {"price": "99.00 EUR"})
    assert SyncRun.objects.get().options["skus"] == [listing.sku.sku]


def test_of_all_that_match_what_the_list_does_not_show_is_asked_about_first(
    staff: Staff, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the values: a moment said too little, as the hosts' clocks differ."""
    monkeypatch.setattr(ListingAdmin, "list_per_page", 1)
    change(listing, held={"price": "99.00 EUR"})
    other = ListingInStepFactory.create(marketplace=listing.marketplace)
    change(other, held={"price": "98.00 EUR"})
    page = staff.see(Listing)
    data = {"action": "approve", "select_across": "1", "seen": seen_in(page),
            "_selected_action": [listing.pk]}  # fmt: skip
    response = staff.client.post(address(Listing), data)
    told = f"1 row that the list did not show is chosen, too: {other.sku.sku} (price: 98.00 EUR)."
    assert told in response.content.decode()
    assert not SyncRun.objects.exists()
    change(other, held={"price": "0.98 EUR"})
    again = staff.confirm(response)
    assert "another thing than you saw" in again.content.decode()
    assert "(price: 0.98 EUR)" in again.content.decode()
    assert not SyncRun.objects.exists()
    change(listing, held={"price": "0.99 EUR"})
    said = [str(each) for each in staff.confirm(again).context["messages"]]
    assert said[0] == f"Something else waits by now, so it is not approved: {listing.sku.sku}"
    for row, held, approved in ((listing, "0.99 EUR", {}), (other, None, {"price": "0.98 EUR"})):
        row.refresh_from_db()
        assert (row.held.get("price"), row.approved) == (held, approved)
    assert SyncRun.objects.get().options["skus"] == [other.sku.sku]


def test_approve_with_nothing_waiting_asks_for_nothing(staff: Staff, listing: Listing) -> None:
    [message] = staff.press(Listing, "approve", listing)
    assert message == "0 listings are approved."
    assert not SyncRun.objects.exists()


def test_a_price_that_jumps_is_approved_and_then_at_amazon(
    staff: Staff,
    world: World,
) -> None:
    """The whole way: the export holds it, staff approve it, the worker sends it."""
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = Decimal("99.00")
    record.save()
    world.export()
    listing = world.listing("MUG")
    assert "99.00 EUR" in staff.see(Listing, listing.pk)
    staff.press(Listing, "approve", listing)
    jobs.perform(SyncRun.objects.get(state=RunState.QUEUED), patience=5)
    assert world.live("MUG").price == Decimal("99.00")
