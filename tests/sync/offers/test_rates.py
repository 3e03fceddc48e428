"""Prices in another currency than the shop's, against a simulated Amazon and a served bank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from django_amazon_sync.data import Rate
from django_amazon_sync.models import (
    ExchangeRate,
    Job,
    Marketplace,
    Outcome,
    RateFetch,
    RateSource,
    RunState,
    SellerAccount,
)
from django_amazon_sync.sync.alerts.attention import MatterKind, matters
from tests.bank import document
from tests.factories_amazon import ExchangeRateFactory
from tests.served import Served, served
from tests.world import JP, World, lines_of


@pytest.fixture
def bank(settings: Any) -> Iterator[Served]:
    """The bank's rates of today."""
    with served(document({"USD": "1.0832", "JPY": "162.35"}, today().isoformat())) as bank:
        settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_URL": bank.url}
        yield bank


@pytest.fixture
def japan(connect: Callable[..., World]) -> World:
    """A shop that is priced in euros and sells in Japan."""
    return connect("fe", (JP,))


def today() -> date:
    return timezone.now().date()


def convert_by(world: World, source: RateSource, **columns: Any) -> None:
    places = Marketplace.objects.filter(account=world.account)
    places.update(rate_source=source, **columns)


def sell(world: World, sku: str, price: str = "10.00") -> Any:
    from tests import factories

    record = factories.stock_record(sku, price=price, in_stock=5)
    world.list_on_amazon(sku, marketplace=JP, price="1600", quantity=5)
    return record


def lacking() -> list[str]:
    """What the accounts say that they lack."""
    found = matters(SellerAccount.objects.all()).values()
    return [one.sentence for those in found for one in those if one.kind == MatterKind.LACKING]


def enter(rate: str, on: date | None = None, *, base: str = "EUR") -> None:
    ExchangeRateFactory.create(base=base, rate=Decimal(rate), on=on or today())


def test_a_price_is_sent_by_the_banks_rate(japan: World, bank: Served) -> None:
    convert_by(japan, RateSource.ECB, markup_percent=10)
    sell(japan, "MUG")
    assert japan.export().went_well
    assert japan.live("MUG", JP).price == Decimal(1786)
    assert ExchangeRate.objects.get(currency="JPY").on == today()


def test_a_day_in_the_future_deletes_no_real_rates(japan: World, bank: Served) -> None:
    convert_by(japan, RateSource.ECB)
    sell(japan, "MUG")
    japan.export()
    assert ExchangeRate.objects.filter(on=today()).count() == 2
    RateFetch.objects.update(next_at=timezone.now())
    bank.body = document({"JPY": "1"}, "2999-01-01")
    japan.export()
    assert ExchangeRate.objects.filter(on=today()).count() == 2
    assert "is not about now" in RateFetch.objects.get().reason


def test_rates_that_are_not_to_be_are_forgotten(japan: World, bank: Served) -> None:
    """From before days were looked at."""
    later = today() + timedelta(days=300)
    ExchangeRateFactory.create(source=RateSource.ECB, currency="CHF", on=later)
    convert_by(japan, RateSource.ECB)
    sell(japan, "MUG")
    japan.export()
    assert not ExchangeRate.objects.filter(on=later).exists()


def test_rates_are_fetched_once_a_day_and_only_where_they_are_needed(
    japan: World, bank: Served
) -> None:
    japan.export()
    assert bank.asked == 0
    convert_by(japan, RateSource.ECB)
    for job in (Job.EXPORT, Job.VERIFY, Job.EXPORT):
        japan.do(job)
    assert bank.asked == 1
    fetch = RateFetch.objects.get()
    assert fetch.next_at.date() == today() + timedelta(days=1)
    RateFetch.objects.update(next_at=timezone.now())
    japan.export()
    assert bank.asked == 2
    assert ExchangeRate.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 503, "answered with status 503"),
        (b"<html/>", 200, "none of the European Central Bank's"),
        (document({"USD": "1.1", "JPY": "nan"}), 200, "The rate of JPY is none"),
        (b" " * 1_100_000, 200, "answers with too much"),
    ],
)
def test_where_fetching_fails_the_old_rates_go_on_and_the_run_says_so(
    japan: World, bank: Served, body: bytes, status: int, words: str
) -> None:
    convert_by(japan, RateSource.ECB)
    sell(japan, "MUG")
    japan.export()
    RateFetch.objects.update(next_at=timezone.now())
    bank.body, bank.status = body, status
    run = japan.export()
    assert (run.state, lines_of(run, "code")) == (RunState.DONE, [])
    [message] = lacking()
    assert words in message
    assert "go on until they are too old" in message
    assert ExchangeRate.objects.count() == 2
    assert words in RateFetch.objects.get().reason
    assert bank.asked == 2
    japan.export()
    assert bank.asked == 2, "not again within the hour"
    assert len(lacking()) == 1, "told once"
    bank.body, bank.status = document({"USD": "1.08", "JPY": "162"}, today().isoformat()), 200
    RateFetch.objects.update(next_at=timezone.now())
    japan.export()
    assert lacking() == []


def test_where_nobody_answers_the_run_goes_on(japan: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_URL": "http://127.0.0.1:9/"}
    convert_by(japan, RateSource.ECB)
    record = sell(japan, "MUG")
    record.num_in_stock = 3
    record.save()
    run = japan.export()
    assert run.state == RunState.DONE
    assert "gave no answer" in lacking()[0]
    assert ("offer", Outcome.FAILED) in lines_of(run, "code", "outcome")
    assert japan.live("MUG", JP).quantity == 3, "its stock is sent all the same"


def test_a_rate_that_is_too_old_stops_these_prices_only(japan: World, settings: Any) -> None:
    convert_by(japan, RateSource.TABLE)
    record = sell(japan, "MUG")
    sell(japan, "CUP")
    enter("162.35", today() - timedelta(days=8))
    run = japan.export()
    messages = lines_of(run, "message")
    assert len(messages) == 2
    assert "is 8 days old" in messages[0]
    assert "7 are allowed" in messages[0]
    own = japan.listing("CUP", JP)
    own.own_price = Decimal(1700)
    own.save(update_fields=["own_price"])
    record.num_in_stock = 2
    record.save()
    japan.export()
    assert japan.live("CUP", JP).price == 1700
    assert (japan.live("MUG", JP).price, japan.live("MUG", JP).quantity) == (1600, 2)
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_MAX_AGE": 8}
    japan.export()
    assert japan.live("MUG", JP).price == 1624


def test_the_newest_rate_of_the_table_on_or_before_today_counts(japan: World) -> None:
    convert_by(japan, RateSource.TABLE)
    sell(japan, "MUG")
    enter("160", today() - timedelta(days=3))
    enter("170", today() + timedelta(days=1))
    enter("165", today() - timedelta(days=1))
    enter("150", base="USD")
    japan.export()
    assert japan.live("MUG", JP).price == 1650


def test_no_rate_at_all_names_where_to_mend_it(japan: World) -> None:
    convert_by(japan, RateSource.TABLE)
    sell(japan, "MUG")
    assert lines_of(japan.export(), "message") == [
        "There is no rate from EUR to JPY in the table of exchange rates; enter it in the admin "
        "under Exchange rates, or set an own Amazon price."
    ]


def of_the_project(base: str, currency: str) -> Any:
    """What stands here changes from test to test."""
    return ANSWER(base, currency)


ANSWER: Callable[[str, str], Any] = lambda base, currency: None  # noqa: E731


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda base, currency: Rate(Decimal(160), today(), "our bank"), ""),
        (lambda base, currency: None, "There is no rate from EUR to JPY in the project's own"),
        (lambda base, currency: 160.0, "has to give a django_amazon_sync.data.Rate"),
        (lambda base, currency: Rate(160.0, today(), ""), "has to give a"),  # type: ignore[arg-type]
        (lambda base, currency: 1 / 0, "fails: ZeroDivisionError"),
        (lambda base, currency: Rate(Decimal(-1), today(), ""), "it must be above 0"),
    ],
)
def test_the_projects_own_function_gives_the_rate(
    japan: World, settings: Any, monkeypatch: pytest.MonkeyPatch, answer: Any, words: str
) -> None:
    path = f"{__name__}.of_the_project"
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_CALLABLE": path}
    monkeypatch.setattr(f"{__name__}.ANSWER", answer)
    convert_by(japan, RateSource.CALLABLE)
    sell(japan, "MUG", "11.00")
    run = japan.export()
    if words:
        [message] = lines_of(run, "message")
        assert words in message
    else:
        assert japan.live("MUG", JP).price == 1760


def test_the_day_s_rate_moves_all_prices_without_waiting_for_a_person(
    japan: World, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 2}
    convert_by(japan, RateSource.TABLE)
    for number in range(4):
        sell(japan, f"SKU-{number}", "10.00")
    enter("160", today() - timedelta(days=1))
    japan.export()
    enter("163.5")
    run = japan.export()
    assert lines_of(run, "outcome") == [Outcome.SENT] * 4
    assert japan.live("SKU-1", JP).price == 1635
    ExchangeRate.objects.update(rate=Decimal(150))
    assert set(lines_of(japan.export(), "outcome")) == {Outcome.HELD}, "8 % is no day's move"


def test_a_rate_that_breaks_is_caught_like_any_price_that_jumps(japan: World) -> None:
    convert_by(japan, RateSource.TABLE)
    sell(japan, "MUG")
    enter("1.62")
    run = japan.export()
    assert lines_of(run, "outcome") == [Outcome.HELD]
    assert japan.live("MUG", JP).price == 1600
