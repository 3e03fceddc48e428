"""Which price goes to Amazon."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Money, Offer, Rate, minor_units
from django_amazon_sync.rules.prices import (
    HIGHEST_PRICE,
    PriceRule,
    PriceStep,
    beside_rate,
    price_to_send,
)
from django_amazon_sync.rules.rates import Rates

EURO = PriceRule(currency="EUR", tax_included=True)


def offer(price: str | None, currency: str = "EUR", *, with_tax: bool | None = True) -> Offer:
    money = None if price is None else Money(Decimal(price), currency)
    return Offer("1", "MUG", "Mug", money, 1, price_includes_tax=with_tax)


def sent(price: str, **rule: Any) -> str:
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
        (
            offer("9.00", "USD"),
            "There is no rate from USD to EUR; set an own Amazon price, or choose exchange rates",
        ),
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


# --- Other currencies, and the way to a price -----------------------------------------------------

TODAY = date(2026, 11, 25)


def rates(currency: str, rate: str | None) -> Rates:
    found = None if rate is None else Rate(Decimal(rate), TODAY, "ECB")
    return Rates(
        currency, lambda base: found, source="the bank", remedy="mend it.", today=TODAY, max_age=7
    )


def way(shop: Offer, rule: PriceRule) -> list[tuple[str, str]]:
    steps: list[PriceStep] = []
    decision = price_to_send(shop, rule, steps)
    assert decision == price_to_send(shop, rule)
    if decision.price is not None:
        assert str(steps[-1].price.rounded()) == str(decision.price)
    return [(step.kind, str(step.price)) for step in steps]


@given(
    st.decimals("0.01", 10**6, places=2),
    st.none() | st.decimals("0.0001", 1000, places=4),
    st.decimals(-50, 200, places=2),
    st.none() | st.decimals("0.00", "0.99", places=2),
    st.none() | st.decimals("0.01", 1000, places=2),
    st.none() | st.decimals("0.01", 1000, places=2),
)
def test_a_reckoning_comes_to_the_price_that_is_sent(
    price: Decimal,
    rate: Decimal | None,
    markup: Decimal,
    ending: Decimal | None,
    floor: Decimal | None,
    own: Decimal | None,
) -> None:
    currency = "EUR" if rate is None else "JPY"
    rule = PriceRule(
        currency, True, own_price=own, markup_percent=markup, ending=ending, floor=floor,
        rates=rates(currency, None if rate is None else str(rate)),
    )  # fmt: skip
    steps: list[PriceStep] = []
    decided = price_to_send(offer(str(price)), rule, steps).price
    if decided is not None:
        assert steps[-1].as_row["price"] == str(decided)


def test_a_price_is_converted_before_markup_ending_and_floor() -> None:
    rule = PriceRule(
        "GBP", True, markup_percent=Decimal(10), ending=Decimal("0.99"), floor=Decimal(12),
        rates=rates("GBP", "0.8339"),
    )  # fmt: skip
    assert way(offer("10.00"), rule) == [
        ("shop", "10.00 EUR"),
        ("rate", "8.339000 GBP"),
        ("markup", "9.172900 GBP"),
        ("ending", "9.99 GBP"),
        ("floor", "12 GBP"),
    ]


def test_a_converted_yen_price_has_no_decimals() -> None:
    rule = PriceRule("JPY", True, rates=rates("JPY", "162.35"))
    assert way(offer("10.99"), rule) == [
        ("shop", "10.99 EUR"), ("rate", "1784.2265 JPY"), ("rounding", "1784 JPY"),
    ]  # fmt: skip
    assert str(price_to_send(offer("10.99"), rule).price) == "1784 JPY"


def test_the_own_price_is_the_whole_way() -> None:
    rule = PriceRule("JPY", True, own_price=Decimal("1500.00"), rates=rates("JPY", None))
    assert way(offer("10.99"), rule) == [("own", "1500 JPY")]


def test_where_there_is_no_rate_the_price_stops_in_words() -> None:
    decision = price_to_send(offer("10"), PriceRule("JPY", True, rates=rates("JPY", None)))
    assert decision.price is None
    assert decision.reason == "There is no rate from EUR to JPY in the bank; mend it."


def test_a_price_of_the_marketplaces_currency_needs_no_rate() -> None:
    rule = PriceRule("EUR", True, rates=rates("EUR", None))
    assert way(offer("10"), rule) == [("shop", "10 EUR")]
    assert str(price_to_send(offer("10"), rule).price) == "10.00 EUR"


@given(
    st.decimals(min_value="0.01", max_value="100000", places=2),
    st.decimals(min_value="0.00000001", max_value="1000000", places=8),
    st.sampled_from(["GBP", "JPY"]),
)
def test_a_converted_price_is_the_exact_product_rounded_once(
    amount: Decimal, rate: Decimal, currency: str
) -> None:
    rule = PriceRule(currency, True, rates=rates(currency, str(rate)))
    decision = price_to_send(offer(str(amount)), rule)
    exact = Money(amount * rate, currency)
    if decision.price is not None:
        assert decision.price == exact.rounded()
    else:
        assert exact.amount >= HIGHEST_PRICE or exact.rounded().amount == 0


@given(amounts, st.sampled_from(["0.00000001", "1.0832", "999999999999"]))
def test_no_amount_and_no_rate_are_too_odd(amount: Decimal, rate: str) -> None:
    rule = PriceRule("JPY", True, ending=Decimal("0.99"), rates=rates("JPY", rate))
    shop = Offer("1", "MUG", "Mug", Money(amount, "EUR"), 1, price_includes_tax=True)
    decision = price_to_send(shop, rule, [])
    assert decision.price is None or 0 < decision.price.amount < HIGHEST_PRICE


# --- What it is made of beside its rate -----------------------------------------------------------

AMOUNTS = st.sampled_from(["9", "9.00", "9.01"])
RULES = st.fixed_dictionaries(
    {},
    optional={
        "markup_percent": st.sampled_from([Decimal(0), Decimal("0.00"), Decimal(5)]),
        "ending": st.sampled_from([None, Decimal("0.99")]),
        "floor": st.sampled_from([None, Decimal(3)]),
    },
)


@given(st.lists(st.tuples(AMOUNTS, RULES), min_size=2, max_size=2))
def test_of_two_prices_that_are_made_of_the_same_only_the_rate_moved(
    made: list[tuple[str, dict[str, Any]]],
) -> None:
    """So by one rate they are one price; and what differs in anything else is told apart."""

    def rules(rate: str) -> list[PriceRule]:
        return [PriceRule("JPY", True, rates=table(rate), **rule) for _price, rule in made]

    offers = [offer(price) for price, _rule in made]
    texts = [beside_rate(each, rule) for each, rule in zip(offers, rules("162"), strict=True)]
    assert texts == [
        beside_rate(each, rule) for each, rule in zip(offers, rules("170"), strict=True)
    ]
    numbers = [
        (Decimal(price), {name: number for name, number in rule.items() if number})
        for price, rule in made
    ]
    assert (texts[0] == texts[1]) == (numbers[0] == numbers[1])
    assert all(texts)


def table(rate: str) -> Rates:
    day = date(2026, 3, 2)
    found = Rate(Decimal(rate), day, "the table")
    return Rates("JPY", lambda base: found, source="the table", remedy="", today=day, max_age=7)


@pytest.mark.parametrize(
    ("shop", "own_price"), [(offer("9", "JPY"), None), (offer(None), None), (offer("9"), 1500)]
)
def test_a_price_that_no_rate_makes_is_made_of_nothing_beside_it(
    shop: Offer, own_price: int | None
) -> None:
    own = None if own_price is None else Decimal(own_price)
    assert beside_rate(shop, PriceRule("JPY", True, own_price=own, rates=table("162"))) == ""
