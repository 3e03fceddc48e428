"""Which price goes to Amazon, and why.

The listing's own Amazon price goes before the marketplace's rule, and that before the shop's price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from django_amazon_sync.data import Money, Offer, PriceStepRow, Rate, RateRow, minor_units
from django_amazon_sync.rules.rates import Rates

#: No price above this is plausible; it catches a price that was typed in minor units.
HIGHEST_PRICE = Decimal(1_000_000_000)

# What a step of the way to a price does.
OWN, SHOP, RATE, MARKUP, ENDING, FLOOR, ROUNDING = (
    "own", "shop", "rate", "markup", "ending", "floor", "rounding",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriceRule:
    """What a marketplace, and a listing's own price, make of the shop's price.

    ``currency`` is the marketplace's; ``ending`` is the part after the whole unit (0.99);
    ``tax_included`` says whether buyers there see prices with tax. ``rates`` turn prices of other
    currencies into the marketplace's; without any, these are not sent.
    """

    currency: str
    tax_included: bool
    own_price: Decimal | None = None
    markup_percent: Decimal = Decimal(0)
    ending: Decimal | None = None
    floor: Decimal | None = None
    rates: Rates | None = None

    def converts(self, price: Money | None) -> bool:
        """Whether this price of the shop is turned into another currency by a rate."""
        return self.rates is not None and price is not None and price.currency != self.currency


@dataclass(frozen=True, slots=True)
class PriceDecision:
    """The price to send, or None; ``reason`` says where it comes from or what stops it."""

    price: Money | None
    reason: str


@dataclass(frozen=True, slots=True)
class PriceStep:
    """One step of the way to a price: what it does, and the price that it comes to.

    ``by`` is the number of the marketplace's rule: per cent, ending or lowest price.
    """

    kind: str
    price: Money
    by: Decimal | None = None
    rate: Rate | None = None

    @property
    def shown(self) -> str:
        """The price as people read it: exact, and with no zeros beyond the minor units."""
        amount, places = self.price.amount, minor_units(self.price.currency)
        if not amount.is_finite():
            return str(self.price)
        places = max(places, -int(amount.normalize().as_tuple().exponent))
        return f"{amount:.{places}f} {self.price.currency}"

    @property
    def as_row(self) -> PriceStepRow:
        """The step as a row keeps it."""
        rate = None
        if self.rate is not None:
            rate = RateRow(
                rate=self.rate.shown, on=self.rate.on.isoformat(), source=self.rate.source
            )
        by = None if self.by is None else str(self.by)
        return PriceStepRow(kind=self.kind, price=self.shown, by=by, rate=rate)


def money_of(text: str) -> Money:
    """The money that a mapping keeps as "12.90 EUR"."""
    amount, _space, currency = text.partition(" ")
    return Money(Decimal(amount), currency)


def price_to_send(
    offer: Offer, rule: PriceRule, steps: list[PriceStep] | None = None
) -> PriceDecision:
    """The price of an offer in one marketplace, in the marketplace's currency.

    Each step of the way there is added to ``steps``, where somebody wants to know.
    """
    if rule.own_price is not None:
        own = Money(rule.own_price, rule.currency).rounded()
        _told(steps, OWN, own)
        return _plausible(own, "own Amazon price")
    if offer.price is None:
        return PriceDecision(None, "The shop has no price for it; set one.")
    _told(steps, SHOP, offer.price)
    rate: Rate | None = None
    if offer.price.currency != rule.currency:
        found = rule.rates.of(offer.price.currency) if rule.rates else _no_rate(offer.price, rule)
        if isinstance(found, str):
            return PriceDecision(None, found)
        rate = found
    if rule.tax_included and offer.price_includes_tax is not True:
        return PriceDecision(
            None,
            "Buyers of this marketplace see prices with tax, and the shop does not say that its "
            "price includes tax; set an own Amazon price, or let the shop's strategy say so.",
        )
    if not offer.price.amount.is_finite() or offer.price.amount <= 0:
        return PriceDecision(None, f"The shop's price is {offer.price}; it must be above 0.")
    price = offer.price
    if rate is not None and price.amount < HIGHEST_PRICE:
        price = Money(price.amount * rate.rate, rule.currency)
        _told(steps, RATE, price, rate=rate)
    if price.amount >= HIGHEST_PRICE:
        return _plausible(price, "shop's price")  # too large to be rounded
    return _plausible(_ruled(price, rule, steps), "shop's price")


def beside_rate(offer: Offer, rule: PriceRule) -> str:
    """What a converted price is made of beside its exchange rate: of two prices for which that is
    the same, only the rate moved. Empty where no rate makes the price."""
    if rule.own_price is not None or offer.price is None or not rule.converts(offer.price):
        return ""
    numbers = (offer.price.amount, rule.markup_percent, rule.ending, rule.floor)
    texts = ["-" if number is None else str(number.normalize()) for number in numbers]
    return " ".join([offer.price.currency, *texts])


def _no_rate(price: Money, rule: PriceRule) -> str:
    return (
        f"There is no rate from {price.currency} to {rule.currency}; set an own Amazon price, "
        "or choose exchange rates on the marketplace."
    )


def _ruled(price: Money, rule: PriceRule, steps: list[PriceStep] | None) -> Money:
    """Markup, then ending, then floor, then the currency's minor units."""
    amount = price.amount
    if rule.markup_percent:
        amount = amount * (100 + rule.markup_percent) / 100
        _told(steps, MARKUP, Money(amount, rule.currency), by=rule.markup_percent)
    if rule.ending is not None:
        amount = _with_ending(amount, rule.ending)
        _told(steps, ENDING, Money(amount, rule.currency), by=rule.ending)
    if rule.floor is not None and rule.floor > amount:
        amount = rule.floor
        _told(steps, FLOOR, Money(amount, rule.currency), by=rule.floor)
    rounded = (price if amount is price.amount else Money(amount, rule.currency)).rounded()
    if rounded.amount != amount:
        _told(steps, ROUNDING, rounded)
    return rounded


def _with_ending(amount: Decimal, ending: Decimal) -> Decimal:
    """The lowest amount with this ending that is not below ``amount``: 12.40 becomes 12.99."""
    ended = amount.to_integral_value(rounding=ROUND_DOWN) + ending
    return ended if ended >= amount else ended + 1


def _plausible(price: Money, reason: str) -> PriceDecision:
    if not 0 < price.amount < HIGHEST_PRICE:
        return PriceDecision(None, f"The {reason} comes to {price}, which no buyer would see.")
    return PriceDecision(price, reason)


def _told(
    steps: list[PriceStep] | None,
    kind: str,
    price: Money,
    *,
    by: Decimal | None = None,
    rate: Rate | None = None,
) -> None:
    if steps is not None:
        steps.append(PriceStep(kind, price, by, rate))
