"""Offers that staff end in one store, and let on again: counted before they do, then chosen.

The choice is a column of the listing. The next look sends what is to be done
(``export._end_offer``); it is over when Amazon shows no offer (``Presence.ENDED``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from django_amazon_sync import conf
from django_amazon_sync.models import Listing, Marketplace, Presence, SellerAccount, SellerSku
from django_amazon_sync.sync.accounts import refusals
from django_amazon_sync.sync.accounts.connect import export_soon
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.runs.bulk import lock_rows

#: The listings that were sent, or sold, from here: all others are none of our business.
_OURS = Q(sku__managed=True) | Q(sku__sold_here=True)


@dataclass
class Counted:
    """How many listings of one account end or are let on, how many of these do so only once Amazon
    allows it, and how many stay as they are, by marketplace (code)."""

    account: SellerAccount
    now: dict[str, int] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    stay: dict[str, int] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether anything is sent for the account from here."""
        return self.account.writes_from(conf.get("DEPLOYMENT"))


def to_end(listings: QuerySet[Listing]) -> QuerySet[Listing]:
    """Those of these listings that end: ours, of which Amazon has an offer, or may have one."""
    is_read = Q(marketplace__active=True) | Q(read_at__isnull=False)
    there = Q(presence=Presence.PRESENT) | (Q(presence=Presence.UNREAD) & is_read)
    return listings.filter(there, _OURS, end_offer=False)


def to_let_on(listings: QuerySet[Listing]) -> QuerySet[Listing]:
    """Those of these listings that staff ended and whose stores are on."""
    return listings.filter(end_offer=True, marketplace__active=True)


def ending(listings: QuerySet[Listing]) -> list[Counted]:
    """What becomes of these listings once their offers are ended, by account; what is not ours
    stays."""
    others = listings.filter(presence=Presence.PRESENT, end_offer=False).exclude(_OURS)
    return _counted(to_end(listings), others)


def letting_on(listings: QuerySet[Listing]) -> list[Counted]:
    """What becomes of these listings once they are let on again; in a store that is off they stay
    ended."""
    stay = listings.filter(end_offer=True, marketplace__active=False)
    return _counted(to_let_on(listings), stay)


def _counted(concerned: QuerySet[Listing], others: QuerySet[Listing]) -> list[Counted]:
    places = Marketplace.objects.select_related("account").defer("account__refresh_token")
    numbers, left = _by_store(concerned), _by_store(others)
    stores = list(places.filter(pk__in={*numbers, *left}).order_by("account", "pk"))
    refusals.read(store.account for store in stores)
    found: dict[int, Counted] = {}
    for store in stores:
        its = found.setdefault(store.account_id, Counted(store.account))
        if number := numbers.get(store.pk):
            (its.later if refusals.refusal_of(store) else its.now)[store.code] = number
        if number := left.get(store.pk):
            its.stay[store.code] = number
    return list(found.values())


def _by_store(listings: QuerySet[Listing]) -> dict[int, int]:
    rows = listings.order_by().values_list("marketplace").annotate(number=Count("pk"))
    return dict(rows)


def end(listings: QuerySet[Listing]) -> int:
    """Let the offers of these listings end; how many do."""
    return _choose(to_end(listings), end_offer=True)


def let_on(listings: QuerySet[Listing]) -> int:
    """Let these listings be offered again, as new ones are; how many are."""
    return _choose(to_let_on(listings), end_offer=False)


def _choose(listings: QuerySet[Listing], *, end_offer: bool) -> int:
    chosen = Listing.objects.filter(pk__in=listings.order_by().values("pk"))
    with transaction.atomic():
        lock_rows(chosen)
        skus = SellerSku.objects.filter(pk__in=chosen.order_by().values("sku"))
        changed_offers.note_skus(skus)
        without_offers = list(_without_offers(skus))
        number = chosen.update(end_offer=end_offer)
        for account in without_offers:
            export_soon(account)  # what the shop has no more has no offer to be noted by
    return number


def _without_offers(skus: QuerySet[SellerSku]) -> Iterable[SellerAccount]:
    accounts = skus.filter(offer_pk="").order_by().values("account")
    return SellerAccount.objects.filter(pk__in=accounts).defer("refresh_token").order_by("pk")
