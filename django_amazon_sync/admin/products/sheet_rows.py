"""The rows of a spreadsheet: offers of one account, with what staff set of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from django_amazon_sync.admin.common.seen import mark
from django_amazon_sync.admin.products.staff_fields import (
    PriceOf,
    StaffField,
    StaffRow,
    StaffValue,
    priced,
)
from django_amazon_sync.data import FieldValues, Offer
from django_amazon_sync.models import Listing, OfferIdentifier, SellerAccount, SellerSku
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.offers import identifiers
from django_amazon_sync.sync.runs.bulk import chunks

#: The column that says which offer a row is about: the shop's own SKU.
KEY = "shop_sku"

#: Offers that are read together.
OFFERS_PER_CHUNK = 1000

#: Codes that no row of ours has and that are looked for in the shop by themselves; more take one
#: pass over its offers.
ONE_BY_ONE = 200


@dataclasses.dataclass
class Touched:
    """A SKU or listing of which a file sets something: what it was, and what it shall be."""

    of: StaffRow
    #: Its own values and what it was sold at.
    priced: FieldValues = dataclasses.field(default_factory=dict)
    was: dict[str, StaffValue] = dataclasses.field(default_factory=dict)
    wanted: dict[str, StaffValue] = dataclasses.field(default_factory=dict)

    def set(self, field: StaffField, value: StaffValue) -> None:
        self.was.setdefault(field.name, field.read(self.of))
        field.write(self.of, value)
        self.wanted[field.name] = value


@dataclasses.dataclass
class OfferRow:
    """One offer, with what staff set of it, and what a file changes: column -> before and after.

    ``of_another``: the account sells another product under its own SKU, so it has none yet.
    """

    offer: Offer
    sku: SellerSku | None
    listings: dict[str, Listing]
    codes: dict[str, list[str]]
    of_another: bool = False
    changed: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    wanted_sku: str = ""
    wanted_codes: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    touched: dict[int, Touched] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.offer.sku

    @property
    def pk(self) -> str:
        return self.offer.pk

    @property
    def seller_sku(self) -> str:
        """The SKU that it is sold under, or would be; empty where it needs one of its own."""
        if self.wanted_sku or self.sku is None:
            return self.wanted_sku or ("" if self.of_another else self.offer.sku)
        return self.sku.sku

    @property
    def deleted(self) -> list[str]:
        """The columns whose value the file takes away."""
        return [column for column, (before, after) in self.changed.items() if before and not after]

    def touch(self, of: StaffRow, price_of: PriceOf) -> Touched:
        if id(of) not in self.touched:
            self.touched[id(of)] = Touched(of, priced(of, price_of))
        return self.touched[id(of)]

    def mark(self) -> str:
        """The mark of what a page shows of it: which product it is, and what would change."""
        return mark(self.offer.pk, self.offer.sku, self.changed)


def rows_of(account: SellerAccount, offers: Sequence[Offer]) -> list[OfferRow]:
    """The rows of these offers, in a fixed number of queries."""
    pks = [offer.pk for offer in offers]
    skus, of_others = _skus_of(account, offers)
    listings: dict[int, dict[str, Listing]] = {}
    found = Listing.objects.filter(sku__in=[sku.pk for sku in skus.values()])
    for listing in found.select_related("marketplace"):
        listings.setdefault(listing.sku_id, {})[listing.marketplace.code] = listing
    codes = {pk: {kind: list[str]() for kind in identifiers.KINDS} for pk in pks}
    given = OfferIdentifier.objects.filter(offer_pk__in=pks).order_by("pk")
    for pk, kind, value in given.values_list("offer_pk", "kind", "value"):
        codes[pk][kind].append(value)
    rows = []
    for offer in offers:
        sku = skus.get(offer.pk)
        its = listings.get(sku.pk, {}) if sku is not None else {}
        of_another = sku is None and offer.sku in of_others
        rows.append(OfferRow(offer, sku, its, codes[offer.pk], of_another))
    return rows


def _skus_of(
    account: SellerAccount, offers: Iterable[Offer]
) -> tuple[dict[str, SellerSku], set[str]]:
    """The SKU that each offer (pk) is sold under, and the names that belong to other offers.

    One that staff linked goes first, and what is synchronised goes before what is not. A row of
    its name that is linked to none is its own; one that is linked to another offer stays that's.
    """
    own = {offer.pk: offer.sku for offer in offers}
    rows = SellerSku.objects.filter(account=account)
    linked = [
        row
        for row in rows.filter(offer_pk__in=own).order_by("pk")
        if row.matched or row.sku == own[row.offer_pk]
    ]
    linked.sort(key=lambda row: (row.synchronise is False, not row.matched))
    skus: dict[str, SellerSku] = {}
    for row in linked:
        skus.setdefault(row.offer_pk, row)
    by_name = {sku: pk for pk, sku in own.items()}
    of_others: set[str] = set()
    for row in rows.filter(sku__in=by_name):
        if not row.offer_pk:
            skus.setdefault(by_name[row.sku], row)
        elif row.offer_pk != by_name[row.sku]:
            of_others.add(row.sku)
    return skus, of_others


def rows_named(account: SellerAccount, shop: Shop, names: Iterable[str]) -> dict[str, OfferRow]:
    """The rows of the offers with these SKUs of the shop."""
    left, found = set(names), dict[str, OfferRow]()

    def keep(offers: Iterable[Offer]) -> None:
        """Of several offers with one SKU the linked one counts, else the first, as in an export."""
        for row in rows_of(account, [offer for offer in offers if offer.sku in left]):
            found.setdefault(row.offer.sku, row)

    for some in chunks(sorted(left), OFFERS_PER_CHUNK):
        linked = SellerSku.objects.filter(account=account, sku__in=some)
        pks = set(linked.exclude(offer_pk="").values_list("offer_pk", flat=True))
        keep(shop.offers(account.shop_scope, sorted(pks)))
    left -= set(found)
    for offers in chunks(offers_named(account, shop, left), OFFERS_PER_CHUNK):
        keep(offers)
    return found


def offers_named(account: SellerAccount, shop: Shop, names: Iterable[str]) -> Iterable[Offer]:
    """The offers of the shop that have these SKUs of its own."""
    wanted = set(names)
    if len(wanted) > ONE_BY_ONE:
        return (offer for offer in shop.offers(account.shop_scope) if offer.sku in wanted)
    return [
        offer
        for name in sorted(wanted)
        for offer in shop.find(name, account.shop_scope)
        if offer.sku == name
    ]
