"""What Amazon shows of SKUs once staff switch them off: counted before they do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import QuerySet

from django_amazon_sync import conf
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Marketplace,
    Presence,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.rules.guards import ZEROS
from django_amazon_sync.sync.accounts import refusals
from django_amazon_sync.sync.accounts.access import is_in_use
from django_amazon_sync.sync.export.guards import Guards
from django_amazon_sync.sync.offers.desired import switches_of
from django_amazon_sync.sync.offers.fields import QUANTITY
from django_amazon_sync.sync.runs.bulk import in_pages


@dataclass
class SwitchedOff:
    """How many listings of one account go to 0, how many do so only once Amazon allows it, and how
    many stay on sale as they are, by marketplace (code). ``off`` and ``left`` are those that go to
    0 and those that stay (pk), whatever is on sale."""

    account: SellerAccount
    zeros: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    stay: Counter[str] = field(default_factory=Counter)
    off: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    _moves: set[int] = field(default_factory=set)

    @cached_property
    def too_much(self) -> bool:
        """Whether so many go to 0 that all of them wait for approval."""
        in_use = self.account.marketplaces.filter(is_in_use()).values_list("pk", flat=True)
        return bool(Guards(self.account, set(in_use)).too_much({ZEROS: self._moves}))


def switched_off(skus: QuerySet[SellerSku]) -> list[SwitchedOff]:
    """What becomes of the listings of these SKUs, by account; two queries, and two for
    accounts."""
    listings = (
        Listing.objects.filter(sku__in=skus.order_by().values("pk"))
        .exclude(presence__in=(Presence.ABSENT, Presence.ENDED))
        .select_related("sku")
        .only(
            "marketplace", "presence", "believed", "switches", "sku__account", "sku__channel",
            "sku__managed", "sku__sold_here",
        )
    )  # fmt: skip
    places = Marketplace.objects.select_related("account").defer("account__refresh_token")
    accounts = skus.order_by().values("account")
    stores = {place.pk: place for place in places.filter(account__in=accounts)}
    refusals.read(store.account for store in stores.values())
    found: dict[int, SwitchedOff] = {}
    for listing in in_pages(listings):
        store = stores[listing.marketplace_id]
        its = found.setdefault(store.account_id, SwitchedOff(store.account))
        goes = _goes_to_zero(listing, store)
        (its.off if goes else its.left).append(listing.pk)
        if listing.believed.get(QUANTITY) == 0 and listing.sku.channel == MERCHANT_CHANNEL:
            continue
        if not goes:
            its.stay[store.code] += 1
        elif refusals.refusal_of(store, of_zeros=True):
            its.later[store.code] += 1
        else:
            its.zeros[store.code] += 1
            its._moves.add(listing.pk)
    return sorted(found.values(), key=lambda each: each.account.pk)


def _goes_to_zero(listing: Listing, store: Marketplace) -> bool:
    sku = listing.sku
    own = listing.switches.get(QUANTITY)
    sent = switches_of(store).get(QUANTITY, True) if own is None else own
    return (
        store.account.writes_from(conf.get("DEPLOYMENT"))
        and (store.active or listing.presence == Presence.PRESENT)
        and sent
        and sku.channel == MERCHANT_CHANNEL
        and (sku.managed or sku.sold_here)
    )


def on_sale(account: SellerAccount) -> Mapping[str, int]:
    """How many listings Amazon shows to buyers, as far as is known, by marketplace (code)."""
    numbers: dict[str, int] = defaultdict(int)
    rows = Listing.objects.filter(marketplace__account=account, presence=Presence.PRESENT)
    for _pk, code, believed in in_pages(rows.values_list("pk", "marketplace__code", "believed")):
        numbers[code] += believed.get(QUANTITY) != 0
    return {code: number for code, number in numbers.items() if number}
