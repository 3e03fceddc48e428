"""How the prices of one offer have to fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django_amazon_sync.data import Money


@dataclass(frozen=True, slots=True)
class OfferPrices:
    """The prices of one offer as far as they are known; ``business`` are all that business buyers
    may pay, the one for a single unit first."""

    price: Money | None = None
    sale: Money | None = None
    lowest: Money | None = None
    highest: Money | None = None
    business: tuple[Money, ...] = field(default=())


def misfits(prices: OfferPrices, currency: str) -> Mapping[str, str]:
    """What does not fit: ``price``, ``sale``, ``lowest``, ``highest`` or ``business`` to why.

    Only the price itself is stopped where it would leave its bounds: the bounds are the staff's
    safeguard, and hold.
    """
    found: dict[str, str] = {}
    for name, reason in _reasons(prices, currency):
        found.setdefault(name, reason)
    return found


def _reasons(prices: OfferPrices, currency: str) -> Iterator[tuple[str, str]]:
    """All that does not fit; of each price the first reason counts."""
    yield from _of_currencies(prices, currency)
    low, high = _in(prices.lowest, currency), _in(prices.highest, currency)
    if low and high and low.amount > high.amount:
        yield "lowest", f"The minimum price {low} is above the maximum price {high}."
        yield "highest", f"The maximum price {high} is below the minimum price {low}."
        low = high = None
    price = _in(prices.price, currency)
    yield from _of_price(price, low, high)
    yield from _of_sale(_in(prices.sale, currency), price, low)
    yield from _of_business(prices.business, price, low, currency)


def _of_currencies(prices: OfferPrices, currency: str) -> Iterator[tuple[str, str]]:
    named = {
        "sale": prices.sale, "lowest": prices.lowest, "highest": prices.highest,
        **({"business": prices.business[0]} if prices.business else {}),
    }  # fmt: skip
    for name, price in named.items():
        if price is not None and price.currency != currency:
            reason = f"It is in {price.currency}, and the marketplace's currency is {currency}."
            yield name, reason


def _of_price(
    price: Money | None, low: Money | None, high: Money | None
) -> Iterator[tuple[str, str]]:
    if price and low and price.amount < low.amount:
        yield "price", f"The price {price} is below the minimum price {low}; change one of them."
    if price and high and price.amount > high.amount:
        yield "price", f"The price {price} is above the maximum price {high}; change one of them."


def _of_sale(
    sale: Money | None, price: Money | None, low: Money | None
) -> Iterator[tuple[str, str]]:
    if sale and price and sale.amount >= price.amount:
        yield "sale", f"The sale price {sale} is not below the price {price}."
    elif sale and low and sale.amount < low.amount:
        yield "sale", f"The sale price {sale} is below the minimum price {low}."


def _of_business(
    prices: tuple[Money, ...], price: Money | None, low: Money | None, currency: str
) -> Iterator[tuple[str, str]]:
    single = _in(prices[0] if prices else None, currency)
    if single and price and single.amount > price.amount:
        yield "business", f"The business price {single} is above the price {price}."
    for each in prices:
        if low and each.currency == currency and each.amount < low.amount:
            yield "business", f"The business price {each} is below the minimum price {low}."


def _in(price: Money | None, currency: str) -> Money | None:
    return price if price is not None and price.currency == currency else None
