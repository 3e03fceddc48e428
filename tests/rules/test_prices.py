"""Which price goes to Amazon."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Money, Offer, minor_units
from django_amazon_sync.rules.prices import HIGHEST_PRICE, PriceRule, price_to_send

EURO = PriceRule(currency="EUR", tax_included=True)


def offer(price: str | None, currency: str = "EUR", *, with_tax: bool | None = True) -> Offer:
    money = None if price is None else Money(Decimal(price), currency)
    return Offer("1", "MUG", "Mug", money, 1, price_includes_tax=with_tax)


def sent(price: str, **rule: Decimal) -> str:
    decision = price_to_send(offer(price), PriceRule("EUR", True, **rule))
    return str(decision.price)


@pytest.mark.parametrize(
    ("price", "rule", "expected"),
    [
        ("12.9", {}, "12.90 EUR"),
        ("12.345", {}, "12.35 EUR"),
        ("12.40", {"markup_percent": Decimal(10)}, "13.64 EUR"),
        ("12.40", {"ending": Decimal("0.99")}, "12.99 EUR"),
        ("12.99", {"ending": Decimal("0.99")}, "12.99 EUR"),
        ("13.00", {"ending": Decimal("0.99")}, "13.99 EUR"),
        ("12.50", {"ending": Decimal(0)}, "13.00 EUR"),
        ("2.00", {"floor": Decimal("4.50")}, "4.50 EUR"),
        ("12.40", {"markup_percent": Decimal(-50), "floor": Decimal("6.50")}, "6.50 EUR"),
        ("9.00", {"markup_percent": Decimal(5), "ending": Decimal("0.49")}, "9.49 EUR"),
    ],
)
def test_the_marketplaces_rule(price: str, rule: dict[str, Decimal], expected: str) -> None:
    assert sent(price, **rule) == expected


def test_the_listings_own_price_goes_before_rule_and_shop() -> None:
    rule = PriceRule(
        "EUR", True, own_price=Decimal("7.77"), markup_percent=Decimal(50), floor=Decimal(20)
    )
    for shop in (offer("12.00"), offer(None), offer("12.00", "USD"), offer("9", with_tax=None)):
        decision = price_to_send(shop, rule)
        assert (str(decision.price), decision.reason) == ("7.77 EUR", "own Amazon price")


@pytest.mark.parametrize(
    ("shop", "words"),
    [
        (offer(None), "The shop has no price for it; set one."),
        (offer("0"), "The shop's price is 0 EUR; it must be above 0."),
        (offer("-3.50"), "The shop's price is -3.50 EUR; it must be above 0."),
        (offer("NaN"), "The shop's price is NaN EUR; it must be above 0."),
        (offer("Infinity"), "The shop's price is Infinity EUR; it must be above 0."),
        (offer("9.00", "USD"), "There is no rate from USD to EUR; set an own Amazon price."),
        (offer("2000000000"), "which no buyer would see"),
        (offer("0.004"), "which no buyer would see"),
        (offer("9.00", with_tax=False), "does not say that its price includes tax"),
        (offer("9.00", with_tax=None), "does not say that its price includes tax"),
    ],
)
def test_what_cannot_be_sent_says_why(shop: Offer, words: str) -> None:
    decision = price_to_send(shop, EURO)
    assert decision.price is None
    assert words in decision.reason


@pytest.mark.parametrize("own", ["-1.00", "0", "2000000000"])
def test_an_own_price_that_is_none_says_why(own: str) -> None:
    decision = price_to_send(offer("9"), PriceRule("EUR", True, own_price=Decimal(own)))
    assert decision.price is None
    assert "The own Amazon price comes to" in decision.reason


def test_where_prices_are_shown_without_tax_the_basis_does_not_matter() -> None:
    rule = PriceRule(currency="USD", tax_included=False)
    for with_tax in (True, False, None):
        assert str(price_to_send(offer("9", "USD", with_tax=with_tax), rule).price) == "9.00 USD"


def test_a_yen_price_has_no_decimals() -> None:
    rule = PriceRule("JPY", True, markup_percent=Decimal("3.5"))
    assert str(price_to_send(offer("1990", "JPY"), rule).price) == "2060 JPY"


finite = st.decimals(min_value="-1000", max_value="3000000000", places=4)
amounts = finite | st.sampled_from(["NaN", "sNaN", "Infinity", "-Infinity", "1E+30"]).map(Decimal)
percents = st.decimals(min_value="-100", max_value="900", places=2)
endings = st.none() | st.decimals(min_value="0", max_value="0.99", places=2)
floors = st.none() | st.decimals(min_value="0", max_value="5000", places=2)
currencies = st.sampled_from(["EUR", "USD", "JPY", "SAR"])


@given(amounts, percents, endings, floors, currencies)
def test_a_price_is_sent_in_whole_minor_units_and_above_the_floor_or_not_at_all(
    amount: Decimal,
    markup: Decimal,
    ending: Decimal | None,
    floor: Decimal | None,
    currency: str,
) -> None:
    rule = PriceRule(currency, True, markup_percent=markup, ending=ending, floor=floor)
    shop = Offer("1", "MUG", "Mug", Money(amount, currency), 1, price_includes_tax=True)
    decision = price_to_send(shop, rule)
    assert decision.reason
    if decision.price is not None:
        assert 0 < decision.price.amount < HIGHEST_PRICE
        assert decision.price.currency == currency
        assert -decision.price.amount.as_tuple().exponent == minor_units(currency)  # type: ignore[operator]
        assert floor is None or decision.price.amount >= floor.quantize(decision.price.amount)


@given(finite, st.decimals(min_value="0", max_value="0.99", places=2))
def test_an_ending_never_lowers_a_price_and_adds_less_than_a_unit(
    amount: Decimal, ending: Decimal
) -> None:
    plain = price_to_send(offer(str(amount)), EURO).price
    ended = price_to_send(offer(str(amount)), PriceRule("EUR", True, ending=ending)).price
    if plain is not None and ended is not None:
        assert amount <= ended.amount < amount + 1
        assert ended.amount % 1 == ending
