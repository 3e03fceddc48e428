"""What a number is made of, as one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from django_amazon_sync.data import PriceStepRow, QuantityReckoning, RateRow, Reckoning
from django_amazon_sync.sync.listings.reckoning_words import (
    NOBODY,
    Holding,
    sum_in_words,
    translated,
    with_moments,
)
from django_amazon_sync.sync.offers.fields import REMOVED

MADE_OF = Reckoning(quantity=QuantityReckoning(stock=45, set=None, reserved=6, kept_back=2))
HOLDING = Holding(("302-1", "302-2"), 1)


@pytest.mark.parametrize(
    ("made_of", "holding", "said"),
    [
        ((45, None, 6, 2), NOBODY, "37 = 45 in stock - 6 reserved - 2 kept back"),
        (
            (45, None, 6, 0),
            HOLDING,
            "39 = 45 in stock - 6 reserved (302-1, 302-2, 1 other order)",
        ),
        ((45, None, 6, 0), HOLDING.unnamed, "39 = 45 in stock - 6 reserved (3 orders)"),
        ((5, None, 0, 0), NOBODY, "5 = 5 in stock"),
        ((1, None, 0, 3), NOBODY, "0 = 1 in stock - 3 kept back, as it is never below 0"),
        ((None, 7, 0, 0), NOBODY, "7 = 7 set by staff"),
    ],
)
def test_a_quantity(
    made_of: tuple[int | None, int | None, int, int], holding: Holding, said: str
) -> None:
    stock, chosen, reserved, kept_back = made_of
    parts = QuantityReckoning(stock=stock, set=chosen, reserved=reserved, kept_back=kept_back)
    assert sum_in_words("quantity", 0, Reckoning(quantity=parts), str, holding) == said


def test_a_price_step_by_step() -> None:
    def step(kind: str, price: str, by: str | None = None) -> PriceStepRow:
        return PriceStepRow(kind=kind, price=price, by=by, rate=None)

    rate = PriceStepRow(
        kind="rate",
        price="8.70 GBP",
        by=None,
        rate={"rate": "0.87", "on": "2026-11-30", "source": "ECB"},
    )
    steps = [
        step("shop", "10.00 EUR"),
        rate,
        step("markup", "9.57 GBP", "10"),
        step("ending", "9.99 GBP", "0.99"),
        step("floor", "12.005 GBP", "12.005"),
        step("rounding", "12.01 GBP"),
    ]
    assert sum_in_words("price", "12.01 GBP", Reckoning(price=steps), str) == (
        "12.01 GBP = shop's price 10.00 EUR, at the rate 0.87 of 2026-11-30 (ECB), with a markup "
        "of 10 per cent, raised to the price ending 0.99, raised to the lowest price 12.005, "
        "rounded"
    )
    own = Reckoning(price=[step("own", "7.50 EUR")])
    assert sum_in_words("price", "7.50 EUR", own, str) == "7.50 EUR = own Amazon price 7.50 EUR"


def test_what_is_made_of_nothing() -> None:
    nothing = Reckoning()
    assert sum_in_words("quantity", 0, nothing, str) == "0: the shop does not sell it on Amazon"
    assert sum_in_words("price", REMOVED, nothing, str) == "offer ended"
    assert sum_in_words("quantity", 5, nothing, str) == ""
    assert sum_in_words("name", "Mug", MADE_OF, str) == ""


def test_since_when_and_in_the_readers_language() -> None:
    since, live = datetime(2026, 11, 30, 10, 42, tzinfo=UTC), None
    said = sum_in_words("quantity", 37, MADE_OF, str)
    assert with_moments(said, str, since, live) == f"{said}, since 2026-11-30 10:42 UTC"
    assert with_moments(said, str, None, since) == f"{said}, live since 2026-11-30 10:42 UTC"
    assert with_moments("", str, since, since) == ""
    with translation.override("de"):
        german = sum_in_words("quantity", 37, MADE_OF, translated)
    assert german == "37 = 45 auf Lager - 6 reserviert - 2 zurückbehalten"


def test_the_day_and_the_source_of_a_rate_are_in_the_readers_language() -> None:
    rate: RateRow = {"rate": "0.85", "on": "2026-12-01", "source": "the table of exchange rates"}
    steps = [PriceStepRow(kind="rate", price="12.06 GBP", by=None, rate=rate)]
    with translation.override("de"):
        said = sum_in_words("price", "12.06 GBP", Reckoning(price=steps), translated)
    assert said == ("12.06 GBP = zum Kurs 0.85 vom 1. Dezember 2026 (die Tabelle der Wechselkurse)")
