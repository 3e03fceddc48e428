"""What a stock record's price means: the shop's strategy knows which taxes come to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from oscar.core.loading import get_class

from django_amazon_sync.data import Money

if TYPE_CHECKING:
    from oscar.apps.partner.strategy import Base


def shop_strategy() -> Base:
    """The strategy of no customer in particular, which Oscar's selector gives without request."""
    return get_class("partner.strategy", "Selector")().strategy()


@dataclass(frozen=True)
class Taxes:
    """What a strategy of Oscar's own makes of a stock record's price.

    ``rate`` is added to it (0: the price is what the buyer pays); None means that Oscar's price
    is without a tax that is known only at the checkout.
    """

    rate: Decimal | None
    exponent: Decimal = Decimal("0.0001")

    @classmethod
    def of(cls, strategy: Base) -> Taxes | None:
        """The taxes of this strategy, or None where its own code decides for each product."""
        from oscar.apps.partner import strategy as oscars

        kind, fixed = type(strategy), oscars.FixedRateTax
        if getattr(kind, "fetch_for_product", None) is not oscars.Structured.fetch_for_product:
            return None
        policy = getattr(kind, "pricing_policy", None)
        if policy is oscars.NoTax.pricing_policy:
            return cls(Decimal(0))
        if policy is oscars.DeferredTax.pricing_policy:
            return cls(None)
        if policy is fixed.pricing_policy and isinstance(strategy, fixed):
            own = type(strategy)
            if own.get_rate is fixed.get_rate and own.get_exponent is fixed.get_exponent:
                return cls(strategy.rate, strategy.exponent)
        return None

    @property
    def included(self) -> bool:
        return self.rate is not None

    def gross(self, price: Decimal, currency: str) -> Money:
        """What the buyer pays, as far as it is known."""
        if not self.rate:
            return Money(price, currency)
        return Money(price + (price * self.rate).quantize(self.exponent), currency).rounded()

    def stored(self, gross: Decimal) -> Decimal:
        """The price that the stock record has to hold so that the buyer pays ``gross``."""
        return gross / (1 + (self.rate or 0))
