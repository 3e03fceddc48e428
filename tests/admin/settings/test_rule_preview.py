"""A rule of a marketplace or account: seen before it is saved, and on Amazon a minute later."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from django_amazon_sync.data import Rate
from django_amazon_sync.models import Lack, Marketplace, OfferChange
from tests import factories
from tests.admin.conftest import Staff, address
from tests.admin.settings.rule_steps import (
    answer,
    change,
    change_account,
    change_place,
    confirm,
    place_of,
    text_of,
    three_on_sale,
    typed,
)
from tests.world import DE, JP, World


@pytest.fixture
def shelf(world: World) -> World:
    return three_on_sale(world)


def test_a_markup_is_seen_before_it_is_saved_and_leaves_by_the_lane(
    staff: Staff, shelf: World
) -> None:
    page = change_place(staff, shelf, markup_percent="10")
    told = text_of(page)
    assert "Markup in per cent: 0 → 10" in told
    assert "The price of 3 listings changes." in told
    assert "10.00 EUR → 11.00 EUR" in told
    assert "quantity" not in told.casefold()
    assert place_of(shelf).markup_percent == 0
    assert not OfferChange.objects.exists()

    saved = confirm(staff, page)
    assert saved.status_code == 302
    assert place_of(shelf).markup_percent == 10
    assert OfferChange.objects.count() == 3
    shelf.send_changes()
    assert [shelf.live(name).price for name in ("CUP", "MUG", "POT")] == [22, 11, 33]
    assert not OfferChange.objects.exists()


@pytest.mark.parametrize(
    ("part", "zeros"),
    [(Lack.Part.LISTINGS_OUT, False), (Lack.Part.LISTINGS, True)],
)
def test_a_store_that_amazon_refuses_is_said_first(
    staff: Staff, shelf: World, settings: Any, part: Lack.Part, zeros: bool
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 1}
    now = timezone.now()
    lack = Lack.objects.create(
        account=shelf.account, part=part, marketplace=DE, since=now, again_at=now
    )
    page = change_place(staff, shelf, markup_percent="10")
    told = text_of(page)
    assert "What follows goes once Amazon allows it again" in told
    assert ("save quantities of 0" in told) == zeros
    assert "The price of 3 listings changes." in told
    assert "So many prices" not in told  # none of them leaves within the hour
    lack.delete()  # Amazon allows it meanwhile: that is another page
    again = text_of(confirm(staff, page))
    assert "So many prices" in again
    assert "Amazon refuses it now" not in again
    assert place_of(shelf).markup_percent == 0


def test_what_is_saved_goes_on_where_staff_wanted(staff: Staff, shelf: World) -> None:
    where = address(Marketplace, place_of(shelf).pk)
    data = typed(staff.client.get(where), "marketplace_form", markup_percent="10")
    page = staff.client.post(where, {**data, "_continue": "1"})
    assert confirm(staff, page).headers["Location"].endswith(where)


def test_what_changes_nothing_is_saved_at_once(staff: Staff, shelf: World) -> None:
    for changes in ({"price_floor": "5"}, {"associate_tag": "shop-21"}):
        assert change_place(staff, shelf, **changes).status_code == 302
    assert change_account(staff, shelf, alarm_recipients="a@example.com").status_code == 302
    assert place_of(shelf).price_floor == 5
    assert not OfferChange.objects.exists()


def test_an_account_that_does_not_write_yet_saves_at_once(
    staff: Staff, connect: Callable[..., World]
) -> None:
    world = connect(live=False)
    world.sell("MUG")
    world.export()
    assert change_place(staff, world, markup_percent="10").status_code == 302
    assert place_of(world).markup_percent == 10
    assert not OfferChange.objects.exists()


def test_back_leads_to_the_form_with_what_was_typed(staff: Staff, shelf: World) -> None:
    page = change_place(staff, shelf, markup_percent="10", price_floor="2.50")
    form = answer(staff, page, "_back_to_rules")
    assert form.status_code == 200
    held = typed(form, "marketplace_form")
    assert (held["markup_percent"], held["price_floor"]) == (["10"], ["2.50"])
    assert "Please correct" not in text_of(form)
    assert place_of(shelf).markup_percent == 0

    account = change_account(staff, shelf, stock_buffer="2", **{"marketplaces-0-sync_name": "on"})
    form = answer(staff, account, "_back_to_rules")
    held = typed(form, "selleraccount_form")
    assert (held["stock_buffer"], held["marketplaces-0-sync_name"]) == (["2"], ["on"])


def test_a_token_that_was_typed_beside_a_rule_stands_on_no_page(staff: Staff, shelf: World) -> None:
    page = change_account(staff, shelf, stock_buffer="2", new_secret="WHAT-NOBODY-READS")
    assert "WHAT-NOBODY-READS" not in page.content.decode()
    assert "Save this by itself first" in text_of(page)
    shelf.account.refresh_from_db()
    assert shelf.account.stock_buffer == 0
    assert shelf.account.refresh_token != "WHAT-NOBODY-READS"
    assert change_account(staff, shelf, new_secret="by itself").status_code == 302


def test_who_may_only_look_is_shown_no_page_before(
    staff: Staff, staff_with: Callable[..., Staff], shelf: World
) -> None:
    where = address(Marketplace, place_of(shelf).pk)
    data = typed(staff.client.get(where), "marketplace_form", markup_percent="10")
    viewer = staff_with("view_marketplace")
    for button in ("_save", "_confirm_rules"):
        assert viewer.client.post(where, {**data, button: "1"}).status_code == 403
    assert place_of(shelf).markup_percent == 0


def test_who_may_not_change_prices_changes_none_by_a_rule(
    staff_with: Callable[..., Staff], shelf: World
) -> None:
    packer = staff_with("view_marketplace", "change_marketplace")
    page = change_place(packer, shelf, markup_percent="10")
    assert page.status_code == 302
    assert place_of(shelf).markup_percent == 0
    page = change_place(packer, shelf, sync_quantity=None)
    told = page.content.decode()
    assert "quantities are no longer sent" in told
    assert "/listing/" not in told, "listings are for those who may see them"


# --- While the look is taken ----------------------------------------------------------------------


@pytest.fixture
def japan(transactional_db: None, connect: Callable[..., World]) -> World:
    """A mug of 10 euros that sells in Japan; prices are not converted yet."""
    world = connect("fe", (JP,))
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", marketplace=JP, price="1600", quantity=5)
    world.export()
    return world


def ask_the_project(settings: Any, function: Callable[..., Any]) -> None:
    path = f"{__name__}.{function.__name__}"
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_CALLABLE": path}


def rate_outside_of_transactions(base: str, currency: str) -> Rate:
    """The project's own function for rates may ask anybody, so nothing may wait for it."""
    assert not connection.in_atomic_block
    return Rate(Decimal(162), timezone.now().date(), "our bank")


#: What somebody saves while the project's function is asked.
SAVED: dict[str, object] = {}


def rate_while_somebody_saves(base: str, currency: str) -> Rate:
    if SAVED:
        Marketplace.objects.update(**SAVED)
    return Rate(Decimal(162), timezone.now().date(), "our bank")


def test_the_look_is_taken_outside_of_any_transaction(
    japan: World, staff: Staff, settings: Any
) -> None:
    ask_the_project(settings, rate_outside_of_transactions)
    place = place_of(japan, JP)
    page = change(staff, Marketplace, place.pk, rate_source="callable")
    assert "1600 JPY → 1620 JPY" in text_of(page)
    confirm(staff, page)
    place.refresh_from_db()
    assert place.rate_source == "callable"
    japan.send_changes()
    assert japan.live("MUG", JP).price == 1620


def test_what_somebody_saves_while_the_look_is_taken_stays(
    japan: World, staff: Staff, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_the_project(settings, rate_while_somebody_saves)
    place = place_of(japan, JP)
    page = change(staff, Marketplace, place.pk, rate_source="callable", price_floor="1")
    monkeypatch.setitem(SAVED, "markup_percent", 5)
    again = confirm(staff, page)
    assert "Markup in per cent: it was 0, it is 5 now." in text_of(again)
    place.refresh_from_db()
    assert place.rate_source == ""
    assert place.markup_percent == 5
