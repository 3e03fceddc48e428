"""How the prices of one offer have to fit together."""

from __future__ import annotations

from collections.abc import Mapping
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
    named = {
        "sale": prices.sale, "lowest": prices.lowest, "highest": prices.highest,
        **({"business": prices.business[0]} if prices.business else {}),
    }  # fmt: skip
    for name, one in named.items():
        if one is not None and one.currency != currency:
            found[name] = f"It is in {one.currency}, and the marketplace's currency is {currency}."
    low, high = _in(prices.lowest, currency), _in(prices.highest, currency)
    price, sale = _in(prices.price, currency), _in(prices.sale, currency)
    if low and high and low.amount > high.amount:
        found["lowest"] = f"The minimum price {low} is above the maximum price {high}."
        found["highest"] = f"The maximum price {high} is below the minimum price {low}."
        low = high = None
    if price and low and price.amount < low.amount:
        found["price"] = f"The price {price} is below the minimum price {low}; change one of them."
    if price and high and price.amount > high.amount:
        found["price"] = f"The price {price} is above the maximum price {high}; change one of them."
    if sale and price and sale.amount >= price.amount:
        found["sale"] = f"The sale price {sale} is not below the price {price}."
    elif sale and low and sale.amount < low.amount:
        found["sale"] = f"The sale price {sale} is below the minimum price {low}."
    business = _in(prices.business[0] if prices.business else None, currency)
    if business and price and business.amount > price.amount:
        found["business"] = f"The business price {business} is above the price {price}."
    for each in prices.business:
        if low and each.currency == currency and each.amount < low.amount:
            found.setdefault(
                "business", f"The business price {each} is below the minimum price {low}."
            )
    return found


def _in(price: Money | None, currency: str) -> Money | None:
    return price if price is not None and price.currency == currency else None
