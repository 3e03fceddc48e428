"""What a file changes is saved: SKUs, codes, and what staff set, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.products.edit_many import write_together
from django_amazon_sync.admin.products.sheet_rows import OFFERS_PER_CHUNK, OfferRow, Touched
from django_amazon_sync.admin.products.staff_fields import STAFF_FIELDS, StaffField, StaffRow
from django_amazon_sync.models import Listing, SellerAccount, SellerSku
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.listings.link import SkuTaken, lock_with_listings, sell_under
from django_amazon_sync.sync.offers import changed_offers, identifiers
from django_amazon_sync.sync.runs.bulk import chunks

#: Why nothing may be set of an offer whose own SKU is another product's.
ANOTHERS = _(
    "The account sells another product under the SKU %(sku)s; give this one another seller_sku."
)


def save(
    account: SellerAccount, shop: Shop, request: HttpRequest, rows: Sequence[OfferRow]
) -> None:
    """Save what the file changed, in the caller's transaction."""
    _lock(account, rows)
    for row in rows:
        if row.wanted_sku and row.wanted_sku != (row.sku.sku if row.sku else ""):
            _sell_under(account, shop, row)
    for some in chunks([row for row in rows if row.wanted_codes], OFFERS_PER_CHUNK):
        identifiers.give_all({row.offer.pk: row.wanted_codes for row in some})
        changed_offers.note((account.pk, row.offer.pk) for row in some)
    _make_missing(account, rows)
    touched = [each for row in rows for each in row.touched.values()]
    models: tuple[type[SellerSku] | type[Listing], ...] = (SellerSku, Listing)
    for model in models:
        fields = [field for field in STAFF_FIELDS if field.model is model]
        its = {each.of.pk: each for each in touched if type(each.of) is model}
        # Everybody locks rows in one order.
        for pks in chunks(sorted(its), OFFERS_PER_CHUNK):
            values = {pk: its[pk].wanted for pk in pks}
            written = write_together(request, model, values, fields, as_read=_as_read(its, fields))
            if written.others:
                raise ValidationError(
                    gettext("Changed by somebody else just now: %(rows)s. Look at the file again.")
                    % {"rows": brief(", ".join(map(str, written.others)))}
                )


def _lock(account: SellerAccount, rows: Iterable[OfferRow]) -> None:
    """All SKUs of these offers, and those of the names that they get, with their listings."""
    pks: set[int] = set()
    for some in chunks(rows, OFFERS_PER_CHUNK):
        names = [name for row in some for name in (row.offer.sku, row.wanted_sku) if name]
        its = Q(account=account, sku__in=names) | Q(offer_pk__in=[row.offer.pk for row in some])
        pks.update(SellerSku.objects.filter(its).values_list("pk", flat=True))
    lock_with_listings(pks)


def _as_read(
    its: Mapping[int, Touched], fields: Sequence[StaffField]
) -> Callable[[StaffRow], bool]:
    """Whether a row, now that it is locked, is what it was when the file was compared with it."""

    def as_read(row: StaffRow) -> bool:
        was = its[row.pk].was
        return all(field.read(row) == was[field.name] for field in fields if field.name in was)

    return as_read


def _sell_under(account: SellerAccount, shop: Shop, row: OfferRow) -> None:
    """Sell the offer under its new SKU, with the row's other changes on that one."""
    before = row.sku if row.sku is not None and row.sku.pk else None
    try:
        sold = sell_under(account, shop, row.offer, row.wanted_sku, instead_of=before)
    except SkuTaken as taken:
        raise ValidationError(str(taken)) from taken
    if row.sku is not None:
        row.sku.pk, row.sku.sku = sold.pk, sold.sku
    else:
        row.sku = sold
    for touched in row.touched.values():
        touched.was.clear()  # the new one may have values of its own
    there = dict(sold.listings.values_list("marketplace__code", "pk"))
    for code, listing in row.listings.items():
        listing.pk, listing.sku = there.get(code), sold


def _make_missing(account: SellerAccount, rows: Iterable[OfferRow]) -> None:
    """Rows for offers and listings that no run has taken up yet, where something is set of them."""
    touched = [row for row in rows if row.touched]
    for some in chunks(touched, OFFERS_PER_CHUNK):
        _make_skus(account, [row for row in some if row.sku is None or not row.sku.pk])
        missing = [
            (row.sku, listing)
            for row in some
            for listing in row.listings.values()
            if row.sku is not None and not listing.pk and id(listing) in row.touched
        ]
        _make_listings(missing)


def _make_skus(account: SellerAccount, rows: Sequence[OfferRow]) -> None:
    SellerSku.objects.bulk_create(
        [SellerSku(account=account, sku=row.offer.sku, offer_pk=row.offer.pk) for row in rows],
        ignore_conflicts=True,
    )
    made = SellerSku.objects.filter(account=account, sku__in=[row.offer.sku for row in rows])
    pks, holders = dict[str, int](), dict[str, str]()
    for pk, sku, offer_pk in made.values_list("pk", "sku", "offer_pk"):
        pks[sku] = pk
        holders[sku] = offer_pk
    for row in rows:
        if holders[row.offer.sku] not in ("", row.offer.pk):
            raise ValidationError(ANOTHERS, params={"sku": row.offer.sku})
        row.sku = row.sku or SellerSku(account=account, sku=row.offer.sku)
        row.sku.pk = pks[row.offer.sku]


def _make_listings(missing: Sequence[tuple[SellerSku, Listing]]) -> None:
    Listing.objects.bulk_create(
        [Listing(sku_id=sku.pk, marketplace=listing.marketplace) for sku, listing in missing],
        ignore_conflicts=True,
    )
    made = Listing.objects.filter(sku__in=[sku.pk for sku, _listing in missing])
    found = made.values_list("sku", "marketplace", "pk")
    pks = {(sku_pk, marketplace_pk): pk for sku_pk, marketplace_pk, pk in found}
    for sku, listing in missing:
        listing.pk = pks[sku.pk, listing.marketplace_id]
