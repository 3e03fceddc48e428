"""Why a listing has the price that it has: the way from the shop's price, one step after another.

It is the same reckoning as a run does, for one listing and for people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django_amazon_sync.data import Money, Offer
from django_amazon_sync.models import Listing
from django_amazon_sync.rules.prices import PriceStep, price_to_send
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Rules,
    desired,
    sku_is_of_offer,
    why_not_wanted,
)
from django_amazon_sync.sync.offers.fields import PRICE


@dataclass(frozen=True)
class PriceExplanation:
    """The price of a listing, or what stops it; ``steps`` lead there. ``sent``: prices go out."""

    price: Money | None
    problem: str
    steps: tuple[PriceStep, ...]
    sent: bool


def explain_price(listing: Listing, offer: Offer | None = None) -> PriceExplanation:
    """Explain the price of a listing (with its SKU, marketplace and account loaded).

    The offer is read from the shop unless it is at hand. Raises ConfigurationError where there is
    no shop.
    """
    rules, chosen = Rules.of(listing.marketplace), Chosen.of(listing)
    offer = offer or offer_of(listing)
    sent = rules.sends(PRICE, chosen)
    if offer is None:
        return PriceExplanation(None, why_not_wanted(None), (), sent)
    rule = rules.price
    if listing.own_price is not None:
        rule = replace(rule, own_price=listing.own_price)
    steps: list[PriceStep] = []
    decision = price_to_send(offer, rule, steps)
    problem = "" if decision.price is not None else decision.reason
    if sent and not problem:
        # A price that does not fit together with the staff's own values is not sent either.
        want = desired(
            offer, listing.sku, listing, rules, reserved=0, chosen=chosen, believed=listing.believed
        )
        problem = want.problems.get(PRICE, "")
    price = None if problem else decision.price
    return PriceExplanation(price, problem, tuple(steps), sent)


def offer_of(listing: Listing) -> Offer | None:
    """The shop's offer of a listing, or None where the shop no longer has it."""
    sku = listing.sku
    pks = [sku.offer_pk] if sku.offer_pk else []
    offers = configured_shop().offers(sku.account.shop_scope, pks)
    return next((offer for offer in offers if sku_is_of_offer(sku, offer)), None)
