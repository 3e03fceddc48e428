"""Rates of the table: entered by staff, fetched ones only looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    ExchangeRate,
    Listing,
    Marketplace,
    OfferChange,
    RateFetch,
    RateSource,
)
from tests import factories
from tests.admin.conftest import Staff, address
from tests.admin.japan import convert, explained, mug_for_japan, today
from tests.admin.settings.rule_steps import confirm, text_of
from tests.factories_amazon import ExchangeRateFactory
from tests.world import JP, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    return mug_for_japan()


def test_a_rate_is_entered_and_counts(staff: Staff, listing: Listing) -> None:
    convert(listing)
    entered = {"base": "eur", "currency": "jpy", "rate": "160", "on": today().isoformat()}
    assert staff.save(ExchangeRate, **entered).status_code == 302
    rate = ExchangeRate.objects.get()
    assert (rate.source, rate.base, rate.currency) == (RateSource.TABLE, "EUR", "JPY")
    assert "<strong>1600 JPY</strong>" in explained(staff, listing)
    assert "160" in staff.see(ExchangeRate)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"rate": "0"}, "rate", "greater than or equal to"),
        ({"rate": "NaN"}, "rate", "Enter a number."),
        ({"rate": "1.123456789"}, "rate", "no more than 8 decimal places"),
        ({"base": "€"}, "base", "three letters"),
        ({"currency": "EUR"}, "currency", "from one currency to another"),
        ({"on": "2026-02-30"}, "on", "Enter a valid date."),
        ({"on": "2026-11-20"}, "on", "a rate of this pair and day already"),
    ],
)
def test_a_rate_that_is_none_is_refused_at_its_field(
    staff: Staff, change: dict[str, str], field: str, words: str
) -> None:
    ExchangeRateFactory.create(on=date(2026, 11, 20))
    entered = {"base": "EUR", "currency": "JPY", "rate": "160", "on": "2026-11-21"} | change
    response = staff.save(ExchangeRate, **entered)
    assert response.status_code == 200
    assert words in " ".join(response.context["adminform"].form.errors[field])
    assert ExchangeRate.objects.count() == 1


def test_what_was_fetched_is_only_looked_at(staff: Staff) -> None:
    fetched = ExchangeRateFactory.create(source=RateSource.ECB)
    entered = {"base": "EUR", "currency": "JPY", "rate": "1", "on": "2026-11-21"}
    assert staff.save(ExchangeRate, fetched.pk, **entered).status_code == 403
    staff.client.post(
        "/admin/django_amazon_sync/exchangerate/",
        {"action": "delete_selected", "_selected_action": [fetched.pk], "post": "yes"},
    )
    assert ExchangeRate.objects.get().rate == fetched.rate


def test_the_list_says_when_rates_were_fetched_and_what_failed(staff: Staff) -> None:
    assert "are fetched by the next run" in staff.see(ExchangeRate)
    RateFetch.objects.create(
        source=RateSource.ECB, next_at=timezone.now() + timedelta(hours=1),
        fetched_at=timezone.now(), reason="It answered with status 503.",
    )  # fmt: skip
    page = staff.see(ExchangeRate)
    assert "rates were fetched" in page
    assert "It answered with status 503." in page


def test_rates_are_kept_by_those_who_change_prices_of_all_accounts(
    staff_with: Callable[..., Staff], client: Client
) -> None:
    packer = staff_with("view_exchangerate")
    assert packer.save(ExchangeRate, base="EUR").status_code == 403
    partner = factories.partner("north")
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission

    user = get_user_model().objects.get(username="packer")
    user.user_permissions.add(Permission.objects.get(codename="change_price_listing"))
    assert packer.client.get("/admin/django_amazon_sync/exchangerate/add/").status_code == 200
    partner.users.add(user)
    assert packer.client.get("/admin/django_amazon_sync/exchangerate/add/").status_code == 403
    ExchangeRateFactory.create()
    assert "162.35" not in packer.see(ExchangeRate)


# --- What a rate changes on Amazon ---------------------------------------------------------------


@pytest.fixture
def japan(connect: Callable[..., World]) -> World:
    """A mug of 10 euros that sells in Japan by the table; a pot has its own price there."""
    world = connect("fe", (JP,))
    Marketplace.objects.update(rate_source=RateSource.TABLE)
    ExchangeRateFactory.create(rate="160", on=today() - timedelta(days=1))
    for sku in ("MUG", "POT"):
        factories.stock_record(sku, price="10.00", in_stock=5)
        world.list_on_amazon(sku, marketplace=JP, price="1600", quantity=5)
    world.export()
    Listing.objects.filter(sku__sku="POT").update(own_price=1600)
    OfferChange.objects.all().delete()
    return world


def enter(staff: Staff, rate: str, on: date) -> Any:
    return staff.save(ExchangeRate, base="EUR", currency="JPY", rate=rate, on=on.isoformat())


def test_a_rate_is_seen_before_it_is_saved_and_leaves_by_the_lane(
    staff: Staff, japan: World
) -> None:
    page = enter(staff, "165", today())
    told = text_of(page)
    assert "The price of 1 listing changes." in told
    assert "1600 JPY → 1650 JPY" in told
    assert ExchangeRate.objects.count() == 1
    assert confirm(staff, page).status_code == 302
    assert ExchangeRate.objects.count() == 2
    assert OfferChange.objects.count() == 1
    japan.send_changes()
    assert (japan.live("MUG", JP).price, japan.live("POT", JP).price) == (1650, 1600)


def test_a_rate_of_an_earlier_day_or_another_pair_is_saved_at_once(
    staff: Staff, japan: World
) -> None:
    assert enter(staff, "165", today() - timedelta(days=3)).status_code == 302
    other = {"base": "EUR", "currency": "USD", "rate": "1.08", "on": today().isoformat()}
    assert staff.save(ExchangeRate, **other).status_code == 302
    assert not OfferChange.objects.exists()


def test_a_rate_of_a_later_day_is_noted_for_that_day(staff: Staff, japan: World) -> None:
    tomorrow = today() + timedelta(days=1)
    page = enter(staff, "165", tomorrow)
    assert "1600 JPY → 1650 JPY" in text_of(page)
    assert "It holds from" in text_of(page)
    confirm(staff, page)
    noted = OfferChange.objects.get()
    assert (noted.at.date(), noted.at.hour) == (tomorrow, 0)
    japan.send_changes()
    assert japan.live("MUG", JP).price == 1600


def test_the_question_before_a_rate_is_deleted_says_what_that_changes(
    staff: Staff, japan: World
) -> None:
    newer = ExchangeRateFactory.create(rate="165", on=today())
    japan.export()
    question = staff.client.get(where_to_delete(newer))
    assert "1650 JPY → 1600 JPY" in text_of(question)
    assert not OfferChange.objects.exists()
    staff.confirm(question)
    japan.send_changes()
    assert japan.live("MUG", JP).price == 1600

    staff.press(ExchangeRate, "delete_selected", ExchangeRate.objects.get())
    assert not ExchangeRate.objects.exists()
    assert OfferChange.objects.count() == 1
    japan.send_changes()
    assert japan.live("MUG", JP).price == 1600, "Amazon keeps what it has"
    assert LogEntry.objects.filter(action_flag=DELETION).count() == 2


def where_to_delete(rate: ExchangeRate) -> str:
    return address(ExchangeRate, rate.pk).replace("/change/", "/delete/")


def test_a_rate_is_not_deleted_where_other_offers_change_than_were_shown(
    staff: Staff, japan: World
) -> None:
    newer = ExchangeRateFactory.create(rate="165", on=today())
    japan.export()
    OfferChange.objects.all().delete()
    question = staff.client.get(where_to_delete(newer))
    assert staff.client.post(where_to_delete(newer), {"post": "yes"}).status_code == 200

    Listing.objects.filter(sku__sku="POT").update(own_price=None)
    again = staff.confirm(question)
    assert "another thing than you saw" in text_of(again)
    assert ExchangeRate.objects.count() == 2
    assert not OfferChange.objects.exists()

    ExchangeRate.objects.filter(pk=newer.pk).update(rate="170")
    again = staff.confirm(again)
    assert "another thing than you saw" in text_of(again)
    assert ExchangeRate.objects.count() == 2
    staff.confirm(again)
    assert ExchangeRate.objects.count() == 1


def test_a_sale_meanwhile_does_not_bring_the_question_again(staff: Staff, japan: World) -> None:
    newer = ExchangeRateFactory.create(rate="165", on=today())
    japan.export()
    question = staff.client.get(where_to_delete(newer))
    get_model("partner", "StockRecord").objects.filter(partner_sku="MUG").update(num_in_stock=4)
    staff.confirm(question)
    assert ExchangeRate.objects.count() == 1


def test_several_rates_are_deleted_as_they_were_shown(staff: Staff, japan: World) -> None:
    ExchangeRateFactory.create(rate="165", on=today())
    fetched = ExchangeRateFactory.create(rate="166", on=today(), source=RateSource.ECB)
    japan.export()
    rates = [rate.pk for rate in ExchangeRate.objects.all()]
    data = {"action": "delete_selected", "_selected_action": rates}
    question = staff.client.post(address(ExchangeRate), data)
    Listing.objects.filter(sku__sku="POT").update(own_price=None)
    again = staff.confirm(question)
    assert "another thing than you saw" in text_of(again)
    assert ExchangeRate.objects.count() == 3
    staff.confirm(again)
    assert ExchangeRate.objects.get() == fetched, "what was fetched stays"


def test_a_rule_is_not_saved_where_other_offers_change_than_were_shown(
    staff: Staff, japan: World
) -> None:
    page = enter(staff, "165", today())
    Listing.objects.filter(sku__sku="POT").update(own_price=None)
    again = confirm(staff, page)
    assert "another thing than you saw" in text_of(again)
    assert ExchangeRate.objects.count() == 1
    assert confirm(staff, again).status_code == 302
    assert ExchangeRate.objects.count() == 2
