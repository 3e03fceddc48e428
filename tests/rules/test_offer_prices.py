"""The prices of one offer fit together, or each that does not says why."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Money
from django_amazon_sync.rules.offer_prices import OfferPrices, misfits


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


TEN, NINE, ELEVEN = eur("10.00"), eur("9.00"), eur("11.00")
POUNDS = Money(Decimal("9.00"), "GBP")


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (OfferPrices(), {}),
        (OfferPrices(TEN, NINE, eur("8.00"), ELEVEN, (TEN, NINE)), {}),
        (OfferPrices(TEN, lowest=TEN, highest=TEN, business=(TEN,)), {}),
        (OfferPrices(NINE, lowest=TEN), {"price": "below the minimum price 10.00 EUR"}),
        (OfferPrices(ELEVEN, highest=TEN), {"price": "above the maximum price 10.00 EUR"}),
        (OfferPrices(TEN, sale=TEN), {"sale": "not below the price 10.00 EUR"}),
        (OfferPrices(ELEVEN, sale=NINE, lowest=TEN), {"sale": "below the minimum price"}),
        (OfferPrices(TEN, business=(ELEVEN,)), {"business": "above the price 10.00 EUR"}),
        (OfferPrices(ELEVEN, lowest=TEN, business=(TEN, NINE)), {"business": "9.00 EUR is below"}),
        (OfferPrices(TEN, lowest=ELEVEN, highest=NINE),
         {"lowest": "above the maximum", "highest": "below the minimum"}),
        (OfferPrices(TEN, sale=POUNDS), {"sale": "in GBP"}),
        (OfferPrices(TEN, lowest=POUNDS, highest=POUNDS),
         {"lowest": "in GBP", "highest": "in GBP"}),
        (OfferPrices(TEN, business=(POUNDS,)), {"business": "in GBP"}),
    ],
)  # fmt: skip
def test_each_price_that_does_not_fit_says_why(prices: OfferPrices, words: dict[str, str]) -> None:
    found = misfits(prices, "EUR")
    assert set(found) == set(words)
    for name, part in words.items():
        assert part in found[name]


amounts = st.none() | st.integers(1, 4).map(lambda euros: eur(str(euros)))


@given(price=amounts, sale=amounts, low=amounts, high=amounts)
def test_prices_that_fit_are_in_their_order(
    price: Money | None, sale: Money | None, low: Money | None, high: Money | None
) -> None:
    fits = not misfits(OfferPrices(price, sale, low, high), "EUR")
    pairs = [(low, price), (price, high), (low, high), (low, sale)]
    in_order = all(a.amount <= b.amount for a, b in pairs if a and b)
    assert fits == (in_order and (not (sale and price) or sale.amount < price.amount))
