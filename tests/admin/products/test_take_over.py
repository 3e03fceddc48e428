"""Who wins, and the two decisions: take Amazon's value over, or send the shop's."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_amazon_sync.admin.products import take_over
from django_amazon_sync.models import Job, Listing, Marketplace, SellerSku, SyncRun
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff, address, mark_of, seen_in
from tests.factories_amazon import GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db

DRIFT = {"price": {"ours": "10.00 EUR", "live": "12.00 EUR"}}


@pytest.fixture(autouse=True)
def _no_broker(use_broker: Callable[[str], None]) -> None:
    use_broker("")


@pytest.fixture
def listing(db: None) -> Listing:
    """A mug whose price another hand changed on Amazon."""
    account = LiveAccountFactory.create(synchronise_all=True)
    record = factories.stock_record("MUG", price="10.00", in_stock=5)
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    return ListingInStepFactory.create(marketplace__account=account, sku=sku, drift=DRIFT)


def page_of(listing: Listing) -> str:
    return reverse("admin:django_amazon_sync_listing_take_over", args=[listing.pk])


def decide(staff: Staff, listing: Listing, step: str, *fields: str, mark: str | None = None) -> Any:
    if mark is None:
        mark = mark_of(staff.client.get(page_of(listing)).content.decode())
    return staff.client.post(page_of(listing), {"step": step, "field": list(fields), "mark": mark})


def win(*fields: str, **columns: Any) -> None:
    Marketplace.objects.update(amazon_wins=list(fields), **columns)


def test_the_listing_says_who_wins_and_leads_to_both_decisions(
    staff: Staff, listing: Listing
) -> None:
    page = unescape(staff.see(Listing, listing.pk))
    assert "Amazon shows 12.00 EUR instead of 10.00 EUR." in page
    assert "The shop wins, as its marketplace says" in page
    assert page_of(listing) in page
    win("price")
    page = unescape(staff.see(Listing, listing.pk))
    assert "Amazon wins, as its marketplace says: it stays so until you decide." in page
    assert "it stays until you take it over or send the shop's value" in page
    Listing.objects.update(drift={"quantity": {"ours": 5, "live": 9}})
    win("quantity")
    assert "The shop wins, as always with quantities" in staff.see(Listing, listing.pk)


def test_the_page_shows_what_goes_out_and_switches_it_off(staff: Staff, listing: Listing) -> None:
    page = staff.client.get(page_of(listing)).content.decode()
    assert page.count("so taking it over would come and go for ever") == 2
    assert "Switch off for this listing: price" in page
    assert "Switch off for this listing: name" not in page, "names are not sent"
    asked = decide(staff, listing, "off", "price")
    assert "it stays there as it is" in asked.content.decode()
    page = staff.confirm(asked).content.decode()
    listing.refresh_from_db()
    assert listing.switches == {"price": False}
    assert "is switched off for this listing" in page
    assert page.count("so taking it over would come and go for ever") == 1


@pytest.mark.parametrize(("step", "dry_run"), [("show", True), ("take", False)])
def test_a_run_is_asked_for_the_chosen_fields(
    staff: Staff, listing: Listing, step: str, dry_run: bool
) -> None:
    assert decide(staff, listing, step, "price", "name", "no-such-field").status_code == 302
    run = SyncRun.objects.get()
    assert (run.job, run.dry_run) == (Job.TAKE_OVER, dry_run)
    showed = {} if dry_run else {"showed": {"price": "12.00 EUR"}}
    assert run.options == {
        "skus": ["MUG"], "marketplaces": [GERMANY], "fields": ["name", "price"], **showed,
    }  # fmt: skip


@pytest.mark.parametrize("step", ["take", "ours"])
def test_a_page_that_showed_another_value_decides_nothing(
    staff: Staff, listing: Listing, step: str
) -> None:
    mark = mark_of(staff.client.get(page_of(listing)).content.decode())
    Listing.objects.update(drift={"price": {"ours": "10.00 EUR", "live": "15.00 EUR"}})
    decide(staff, listing, step, "price", mark=mark)
    page = staff.client.get(page_of(listing)).content.decode()
    assert "no longer what you saw: MUG. Look again." in page
    assert not SyncRun.objects.exists()
    decide(staff, listing, step, "price", mark="")
    assert not SyncRun.objects.exists()
    decide(staff, listing, step, "price", mark=mark_of(page))
    assert SyncRun.objects.exists()


def test_no_field_is_no_run(staff: Staff, listing: Listing) -> None:
    response = decide(staff, listing, "take")
    assert "Choose at least one field." in response.content.decode()
    assert not SyncRun.objects.exists()


def test_the_shops_value_is_sent(staff: Staff, listing: Listing) -> None:
    win("price")
    assert decide(staff, listing, "ours").status_code == 302
    listing.refresh_from_db()
    assert listing.drift == {}
    assert SyncRun.objects.get().options == {"skus": ["MUG"], "marketplaces": [GERMANY]}


def test_many_are_taken_over_from_the_list(staff: Staff, listing: Listing) -> None:
    ListingInStepFactory.create(marketplace=listing.marketplace, sku__sku="CUP")
    data = {"action": "take_over", "_selected_action": [listing.pk], "select_across": "1"}
    page = staff.client.post(address(Listing), data).content.decode()
    assert "2 rows are chosen." in page
    assert not SyncRun.objects.exists()
    data |= {"step": "show", "field": "price", "mark": mark_of(page)}
    staff.client.post(address(Listing), data)
    run = SyncRun.objects.get()
    assert run.dry_run
    assert run.options["skus"] == ["CUP", "MUG"]


@pytest.mark.parametrize("model", [Listing, SellerSku])
def test_rows_that_came_to_match_or_are_of_another_product_since_are_left_out(
    staff: Staff, listing: Listing, model: type[Listing] | type[SellerSku]
) -> None:
    """What somebody chose by "all that match" is what matched when the page was shown."""
    place = listing.marketplace
    cup = ListingInStepFactory.create(marketplace=place, sku__sku="CUP", sku__offer_pk="7")
    data = {"action": "take_over", "_selected_action": [cup.pk], "select_across": "1"}
    page = staff.client.post(address(model), data).content.decode()
    data |= {"step": "take", "field": "price", "mark": mark_of(page)}
    ListingInStepFactory.create(marketplace=place, sku__sku="LATER")
    SellerSku.objects.filter(sku="CUP").update(offer_pk="8")
    answer = staff.client.post(address(model), data, follow=True)
    assert "no longer what you saw: CUP, LATER" in str(next(iter(answer.context["messages"])))
    assert SyncRun.objects.get().options["skus"] == ["MUG"]


def test_where_nothing_is_as_it_was_seen_the_page_is_shown_again(
    staff: Staff, listing: Listing
) -> None:
    data = {"action": "take_over", "_selected_action": [listing.pk], "step": "take",
            "field": "price", "mark": ""}  # fmt: skip
    page = staff.client.post(address(Listing), data).content.decode()
    assert "What shall the shop take over" in page
    assert not SyncRun.objects.exists()
    staff.client.post(address(Listing), {**data, "mark": mark_of(page)})
    assert SyncRun.objects.exists()


def test_more_rows_than_a_page_can_vouch_for_are_not_taken_over(
    staff: Staff, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_over, "MOST_ROWS", 1)
    ListingInStepFactory.create(marketplace=listing.marketplace, sku__sku="CUP")
    data = {"action": "take_over", "_selected_action": [listing.pk], "select_across": "1"}
    page = staff.client.post(address(Listing), data).content.decode()
    assert "rows can be imported at once" in page
    assert 'value="take"' not in page


def test_only_what_drifted_is_sent_from_the_list(staff: Staff, listing: Listing) -> None:
    other = ListingInStepFactory.create(marketplace=listing.marketplace, sku__sku="CUP")
    staff.press(Listing, "send_ours", listing, other)
    assert SyncRun.objects.get().options["skus"] == ["MUG"]
    assert staff.press(Listing, "send_ours", other) == [
        "Nothing was selected that this can be done with."
    ]


def test_the_shops_values_are_sent_over_those_that_the_list_showed(
    staff: Staff, listing: Listing
) -> None:
    page = staff.see(Listing)
    assert "drifted (" in page
    data = {"action": "send_ours", "_selected_action": [listing.pk],
            "seen_drift": seen_in(page, "seen_drift")}  # fmt: skip
    listing.drift = {"price": {"live": "3.00 EUR", "ours": "10.00 EUR"}}
    listing.save()
    said = staff.client.post(address(Listing), data, follow=True).context["messages"]
    assert "no longer what you saw: MUG." in str(next(iter(said)))
    listing.refresh_from_db()
    assert listing.drift
    assert not SyncRun.objects.exists()
    assert "drifted (price: 3.00 EUR)" in staff.see(Listing)


@pytest.mark.parametrize(
    ("codenames", "step", "field", "allowed"),
    [
        (["take_over_listing"], "show", "price", True),
        (["take_over_listing"], "ours", "price", False),
        (["take_over_listing"], "off", "name", False),
        (["take_over_listing", "change_listing"], "off", "name", True),
        (["take_over_listing", "change_listing"], "off", "price", False),
        (["take_over_listing", "change_listing", "change_price_listing"], "off", "price", True),
        (["take_over_listing", "change_listing"], "off", "no-such-field", False),
        (["export_listing"], "take", "price", False),
        (["export_listing"], "ours", "price", True),
        (["change_listing"], "show", "price", False),
    ],
)
def test_each_decision_has_its_permission(
    staff_with: Callable[..., Staff],
    listing: Listing,
    codenames: list[str],
    step: str,
    field: str,
    allowed: bool,
) -> None:
    packer = staff_with("view_listing", *codenames)
    answer = 200 if step == "off" else 302  # it asks first
    assert decide(packer, listing, step, field).status_code == (answer if allowed else 403)
    listing.refresh_from_db()
    assert allowed or (listing.drift, listing.switches) == (DRIFT, {})
    assert allowed or not SyncRun.objects.exists()


def test_people_of_another_part_of_the_shop_find_nothing(
    staff_with: Callable[..., Staff], listing: Listing
) -> None:
    from django.contrib.auth import get_user_model

    packer = staff_with("view_listing", "take_over_listing")
    factories.partner("north").users.add(get_user_model().objects.get(username="packer"))
    assert decide(packer, listing, "take", "price").status_code == 404
    assert not SyncRun.objects.exists()


def test_a_decision_needs_the_token_of_its_form(listing: Listing, admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    response = client.post(page_of(listing), {"step": "take", "field": "price"})
    assert response.status_code == 403
    assert not SyncRun.objects.exists()
