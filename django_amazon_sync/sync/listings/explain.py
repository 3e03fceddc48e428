"""Why a listing has the price that it has: the way from the shop's price, one step after another.

It is the same reckoning as a run does, for one listing and for people.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django_amazon_sync.data import Money, Offer
from django_amazon_sync.models import Listing, Marketplace
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
from django_amazon_sync.sync.offers.price_checks import price_now


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


class PricesNow:
    """What many listings (with their SKUs) are sold at, read together: see ``price_now``."""

    def __init__(self, listings: Collection[Listing]) -> None:
        places = Marketplace.objects.filter(pk__in={listing.marketplace_id for listing in listings})
        # Who sets prices needs no key of the credentials.
        with_account = places.select_related("account").defer("account__refresh_token")
        by_pk = {place.pk: place for place in with_account}
        self._rules = {pk: Rules.of(place).price for pk, place in by_pk.items()}
        wanted: dict[str, set[str]] = {}
        for listing in listings:
            scope = by_pk[listing.marketplace_id].account.shop_scope
            wanted.setdefault(scope, set()).add(listing.sku.offer_pk)
        shop = configured_shop()
        found = [
            offer
            for scope, pks in wanted.items()
            for offer in shop.offers(scope, sorted(pks - {""}))
        ]
        self._offers = {offer.pk: offer for offer in found}

    def of(self, listing: Listing) -> str:
        """What it is sold at, with the own price that the row has now."""
        offer = self._offers.get(listing.sku.offer_pk)
        if offer is not None and not sku_is_of_offer(listing.sku, offer):
            offer = None
        rule = self._rules[listing.marketplace_id]
        return price_now(listing.own_price, listing.believed, offer, rule)


def offer_of(listing: Listing) -> Offer | None:
    """The shop's offer of a listing, or None where the shop no longer has it."""
    sku = listing.sku
    pks = [sku.offer_pk] if sku.offer_pk else []
    offers = configured_shop().offers(sku.account.shop_scope, pks)
    return next((offer for offer in offers if sku_is_of_offer(sku, offer)), None)
