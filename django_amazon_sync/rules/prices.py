"""Which price goes to Amazon, and why.

The listing's own Amazon price goes before the marketplace's rule, and that before the shop's price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from django_amazon_sync.data import Money, Offer

#: No price above this is plausible; it catches a price that was typed in minor units.
HIGHEST_PRICE = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class PriceRule:
    """What a marketplace, and a listing's own price, make of the shop's price.

    ``currency`` is the marketplace's; ``ending`` is the part after the whole unit (0.99);
    ``tax_included`` says whether buyers there see prices with tax.
    """

    currency: str
    tax_included: bool
    own_price: Decimal | None = None
    markup_percent: Decimal = Decimal(0)
    ending: Decimal | None = None
    floor: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PriceDecision:
    """The price to send, or None; ``reason`` says where it comes from or what stops it."""

    price: Money | None
    reason: str


def price_to_send(offer: Offer, rule: PriceRule) -> PriceDecision:
    """The price of an offer in one marketplace, in the marketplace's currency."""
    if rule.own_price is not None:
        return _plausible(Money(rule.own_price, rule.currency).rounded(), "own Amazon price")
    if offer.price is None:
        return PriceDecision(None, "The shop has no price for it; set one.")
    if offer.price.currency != rule.currency:
        return PriceDecision(
            None,
            f"There is no rate from {offer.price.currency} to {rule.currency}; "
            "set an own Amazon price.",
        )
    if rule.tax_included and offer.price_includes_tax is not True:
        return PriceDecision(
            None,
            "Buyers of this marketplace see prices with tax, and the shop does not say that its "
            "price includes tax; set an own Amazon price, or let the shop's strategy say so.",
        )
    if not offer.price.amount.is_finite() or offer.price.amount <= 0:
        return PriceDecision(None, f"The shop's price is {offer.price}; it must be above 0.")
    if offer.price.amount >= HIGHEST_PRICE:
        return _plausible(offer.price, "shop's price")  # too large to be rounded
    return _plausible(_ruled(offer.price, rule), "shop's price")


def _ruled(price: Money, rule: PriceRule) -> Money:
    """Markup, then ending, then floor, then the currency's minor units."""
    amount = price.amount
    if rule.markup_percent:
        amount = amount * (100 + rule.markup_percent) / 100
    if rule.ending is not None:
        amount = _with_ending(amount, rule.ending)
    if rule.floor is not None:
        amount = max(amount, rule.floor)
    return (price if amount is price.amount else Money(amount, rule.currency)).rounded()


def _with_ending(amount: Decimal, ending: Decimal) -> Decimal:
    """The lowest amount with this ending that is not below ``amount``: 12.40 becomes 12.99."""
    ended = amount.to_integral_value(rounding=ROUND_DOWN) + ending
    return ended if ended >= amount else ended + 1


def _plausible(price: Money, reason: str) -> PriceDecision:
    if not 0 < price.amount < HIGHEST_PRICE:
        return PriceDecision(None, f"The {reason} comes to {price}, which no buyer would see.")
    return PriceDecision(price, reason)
