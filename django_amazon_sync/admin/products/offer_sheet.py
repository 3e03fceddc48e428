"""The offers of one account as a spreadsheet: what staff set of them, a row for each offer.

It needs django-import-export (the extra ``spreadsheet``). The key is the shop's own SKU. A column
that a file lacks leaves its values as they are; an empty cell sets nothing. Nothing is saved unless
every row can be, and then all in one transaction, by the functions that the forms use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import Result, RowResult

from django_amazon_sync.admin.products.edit_many import write_together
from django_amazon_sync.admin.products.page_forms import PROBLEMS
from django_amazon_sync.admin.products.staff_fields import (
    STAFF_FIELDS,
    StaffField,
    StaffRow,
    StaffValue,
    misfits,
)
from django_amazon_sync.data import Offer
from django_amazon_sync.models import (
    Listing,
    Marketplace,
    OfferIdentifier,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.rules.identifiers import BadIdentifier, clean
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.listings.link import SkuTaken, sell_under
from django_amazon_sync.sync.offers import changed_offers, identifiers
from django_amazon_sync.sync.runs.bulk import chunks

#: Offers that are read together.
OFFERS_PER_CHUNK = 1000

#: SKUs that no row names and that are looked for in the shop by themselves; more take one pass.
ONE_BY_ONE = 200

KEY, TITLE, SELLER_SKU = "shop_sku", "title", "seller_sku"


@dataclasses.dataclass
class OfferRow:
    """One offer, with what staff set of it, and what a file changes: column -> before and after."""

    offer: Offer
    sku: SellerSku | None
    listings: dict[str, Listing]
    codes: dict[str, list[str]]
    changed: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    wanted_sku: str = ""
    wanted_codes: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    touched: dict[int, tuple[StaffRow, dict[str, StaffValue]]] = dataclasses.field(
        default_factory=dict
    )

    def __str__(self) -> str:
        return self.offer.sku

    @property
    def pk(self) -> str:
        return self.offer.pk


class Table(Protocol):
    """The rows of a file, by the names of its columns."""

    headers: list[str] | None

    def __getitem__(self, column: str) -> list[str]: ...


class SheetField(Field):  # type: ignore[misc]  # the library has no types
    """A column of the sheet; ``shown`` gives its text, ``take`` takes one in."""

    column_name: str

    def __init__(
        self,
        column: str,
        shown: Callable[[OfferRow], str],
        take: Callable[[OfferRow, str], None] | None = None,
    ) -> None:
        super().__init__(attribute=column, column_name=column)
        self._shown, self._take = shown, take

    def get_value(self, instance: OfferRow, **kwargs: Any) -> str:
        return self._shown(instance)

    def export(self, instance: OfferRow, **kwargs: Any) -> str:
        return self._shown(instance)

    def save(
        self, instance: OfferRow, row: Mapping[str, str], is_m2m: bool = False, **kwargs: Any
    ) -> None:
        """Take the cell in. Raises ValueError, which the library shows at the column."""
        if self._take is None:
            return
        before, text = self._shown(instance), row[self.column_name].strip()
        if text == before:
            return
        try:
            self._take(instance, text)
        except ValidationError as fault:
            raise ValueError(" ".join(fault.messages)) from fault
        if (after := self._shown(instance)) != before:
            instance.changed[self.column_name] = (before, after)


class Loader(BaseInstanceLoader):  # type: ignore[misc]  # the library has no types
    """The rows of all offers that a file names, read some hundred at a time before it is used."""

    def __init__(self, resource: OfferSheet, dataset: Table) -> None:
        super().__init__(resource, dataset)
        has_key = dataset.headers and KEY in dataset.headers
        names = {name.strip() for name in dataset[KEY]} if has_key else set()
        self._rows = resource.rows_named(names - {""})

    def get_instance(self, row: Mapping[str, str]) -> OfferRow | None:
        return self._rows.get(row[KEY].strip())


class OfferSheet(Resource):  # type: ignore[misc]  # the library has no types
    """The sheet of one account, for one user."""

    fields: dict[str, SheetField]

    class Meta:
        import_id_fields: ClassVar = [KEY]
        instance_loader_class = Loader
        skip_diff = True
        report_skipped = False
        use_bulk = True  # no savepoint for each row: all are written together in the end
        store_instance = True

    def __init__(self, account: SellerAccount, shop: Shop, request: HttpRequest) -> None:
        super().__init__()
        self.account, self.shop, self.request = account, shop, request
        active = account.marketplaces.filter(active=True).order_by("code")
        self.marketplaces: list[Marketplace] = list(active)
        self.touched: list[OfferRow] = []
        self._met: dict[str, int] = {}
        self._skus_of_file: dict[str, str] = {}
        self._skus_taken: dict[str, str] = {}
        columns = {column.column_name: column for column in self._columns()}
        self.fields.update(columns)
        self.head = list(columns)

    # --- The columns -----------------------------------------------------------------------------

    def _columns(self) -> Iterator[SheetField]:
        yield SheetField(KEY, lambda row: row.offer.sku)
        yield SheetField(TITLE, lambda row: row.offer.title)
        yield SheetField(SELLER_SKU, _seller_sku, self._take_sku)
        for kind in identifiers.KINDS:
            yield self._codes(kind)
        for field in STAFF_FIELDS:
            if field.model is SellerSku:
                yield self._of_sku(field)
        for marketplace in self.marketplaces:
            for field in STAFF_FIELDS:
                if field.model is Listing:
                    yield self._of_listing(field, marketplace)

    def _codes(self, kind: str) -> SheetField:
        def shown(row: OfferRow) -> str:
            return " ".join(row.wanted_codes.get(kind, row.codes[kind]))

        def take(row: OfferRow, text: str) -> None:
            self._may("change_sellersku")
            row.wanted_codes[kind] = [_code(kind, part) for part in text.split()]

        return SheetField(kind, shown, take)

    def _of_sku(self, field: StaffField) -> SheetField:
        def shown(row: OfferRow) -> str:
            return _text(field, field.read(row.sku or SellerSku(account=self.account)))

        def take(row: OfferRow, text: str) -> None:
            row.sku = row.sku or SellerSku(account=self.account, sku=row.offer.sku)
            self._set(row, row.sku, field, text)

        return SheetField(field.name, shown, take)

    def _of_listing(self, field: StaffField, marketplace: Marketplace) -> SheetField:
        code, facts = marketplace.code, marketplace.facts

        def listing(row: OfferRow) -> Listing:
            return row.listings.get(code) or Listing(marketplace=marketplace)

        def shown(row: OfferRow) -> str:
            return _text(field, field.read(listing(row)))

        def take(row: OfferRow, text: str) -> None:
            row.listings[code] = listing(row)
            self._set(row, row.listings[code], field, text, facts.currency)

        return SheetField(f"{field.name} {facts.country}", shown, take)

    def _set(
        self,
        row: OfferRow,
        of: StaffRow,
        field: StaffField,
        text: str,
        currency: str = "",
    ) -> None:
        """Set one value of the SKU or a listing of the row. Raises ValidationError."""
        if not field.allowed(self.request):
            raise ValidationError(gettext("You may not change this."))
        if not text and not field.nothing:
            return  # it always has a value, which stays
        value = field.value_of(text, currency)
        if value is not None and (fault := field.why_not(of, value)):
            raise ValidationError(str(fault))
        field.write(of, value)
        row.touched.setdefault(id(of), (of, {}))[1][field.name] = value

    def _take_sku(self, row: OfferRow, text: str) -> None:
        self._may("change_sellersku")
        name = text or row.offer.sku
        longest = SellerSku._meta.get_field("sku").max_length or 0
        if len(name) > longest:
            text = gettext("A SKU has at most %(number)d characters.")
            raise ValidationError(text % {"number": longest})
        if other := self._skus_of_file.get(name):
            raise ValidationError(
                gettext("The file gives this SKU to %(other)s too.") % {"other": other}
            )
        self._skus_of_file[name] = row.offer.sku
        holder = self._skus_taken.get(name, "")
        if holder not in ("", row.offer.pk):
            raise ValidationError(gettext("The account sells another offer under this SKU."))
        row.wanted_sku = name

    def _may(self, codename: str) -> None:
        if not self.request.user.has_perm(f"django_amazon_sync.{codename}"):
            raise ValidationError(gettext("You may not change this."))

    # --- Reading rows ----------------------------------------------------------------------------

    def rows_of(self, offers: Sequence[Offer]) -> list[OfferRow]:
        """The rows of these offers, in a fixed number of queries."""
        pks = [offer.pk for offer in offers]
        skus = self._skus_of(offers)
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
            row_sku = skus.get(offer.pk)
            its = listings.get(row_sku.pk, {}) if row_sku is not None else {}
            rows.append(OfferRow(offer, row_sku, its, codes[offer.pk]))
        return rows

    def _skus_of(self, offers: Sequence[Offer]) -> dict[str, SellerSku]:
        """The SKU that each offer (pk) is sold under: one that staff linked goes first, and what is
        synchronised goes before what is not. A row of its name that is linked to none is its own.
        """
        own = {offer.pk: offer.sku for offer in offers}
        rows = SellerSku.objects.filter(account=self.account)
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
        for row in rows.filter(offer_pk="", sku__in=by_name):
            skus.setdefault(by_name[row.sku], row)
        return skus

    def all_rows(self) -> Iterator[list[str]]:
        """The cells of every offer of the account, in constant memory."""
        for offers in chunks(self.shop.offers(self.account.shop_scope), OFFERS_PER_CHUNK):
            for row in self.rows_of([offer for offer in offers if offer.sku]):
                yield [self.fields[name].export(row) for name in self.head]

    def rows_named(self, names: Iterable[str]) -> dict[str, OfferRow]:
        """The rows of the offers with these SKUs of the shop."""
        rows: dict[str, OfferRow] = {}
        left = set(names)
        for some in chunks(sorted(left), OFFERS_PER_CHUNK):
            linked = SellerSku.objects.filter(account=self.account, sku__in=some)
            pks = set(linked.exclude(offer_pk="").values_list("offer_pk", flat=True))
            offers = self.shop.offers(self.account.shop_scope, sorted(pks))
            self._keep(rows, [offer for offer in offers if offer.sku in left])
        left -= set(rows)
        if len(left) > ONE_BY_ONE:
            for every in chunks(self.shop.offers(self.account.shop_scope), OFFERS_PER_CHUNK):
                self._keep(rows, [offer for offer in every if offer.sku in left])
        else:
            found = [
                offer
                for name in sorted(left)
                for offer in self.shop.find(name, self.account.shop_scope)
                if offer.sku == name
            ]
            self._keep(rows, found)
        return rows

    def _keep(self, rows: dict[str, OfferRow], offers: Sequence[Offer]) -> None:
        """Of several offers with one SKU the linked one counts, else the first, as in an export."""
        for row in self.rows_of(offers):
            rows.setdefault(row.offer.sku, row)

    # --- What the library asks for ---------------------------------------------------------------

    @classmethod
    def get_db_connection_name(cls) -> str:
        return connection.alias

    def before_import(self, dataset: Table, **kwargs: Any) -> None:
        if not dataset.headers or SELLER_SKU not in dataset.headers:
            return
        for some in chunks(
            sorted({name.strip() for name in dataset[SELLER_SKU]}), OFFERS_PER_CHUNK
        ):
            taken = SellerSku.objects.filter(account=self.account, sku__in=some)
            offers = {
                offer.pk
                for offer in self.shop.offers(
                    self.account.shop_scope,
                    sorted(taken.exclude(offer_pk="").values_list("offer_pk", flat=True)),
                )
            }
            for name, pk in taken.values_list("sku", "offer_pk"):
                self._skus_taken[name] = pk if pk in offers else ""

    def import_row(
        self, row: Mapping[str, str], instance_loader: Loader, **kwargs: Any
    ) -> RowResult:
        if not any(cell.strip() for cell in row.values()):
            blank = RowResult()
            blank.import_type = RowResult.IMPORT_TYPE_SKIP
            return blank
        return super().import_row(row, instance_loader, **kwargs)

    def get_or_init_instance(
        self, instance_loader: Loader, row: Mapping[str, str]
    ) -> tuple[OfferRow, bool]:
        name = row[KEY].strip()
        found = instance_loader.get_instance(row)
        if not name:
            raise ValidationError({KEY: gettext("Each row needs the shop's SKU.")})
        if found is None:
            raise ValidationError(
                {KEY: gettext("The shop has no offer of this SKU for the account.")}
            )
        if name in self._met:
            raise ValidationError({KEY: gettext("Another row of the file is about this SKU too.")})
        self._met[name] = 1
        return found, False

    def validate_instance(
        self,
        instance: OfferRow,
        import_validation_errors: Mapping[str, object] | None = None,
        validate_unique: bool = True,
    ) -> None:
        errors: dict[str, object] = dict(import_validation_errors or {})
        for of, values in instance.touched.values():
            if isinstance(of, Listing):
                for name, why in misfits(of, values).items():
                    errors.setdefault(f"{name} {of.marketplace.facts.country}", why)
        if errors:
            raise ValidationError(errors)

    def skip_row(
        self,
        instance: OfferRow,
        original: object,
        row: Mapping[str, str],
        import_validation_errors: Mapping[str, object] | None = None,
    ) -> bool:
        return not instance.changed and not import_validation_errors

    def save_instance(self, instance: OfferRow, is_create: bool, row: object, **kw: Any) -> None:
        self.touched.append(instance)

    def after_import(self, dataset: Table, result: Result, **kwargs: Any) -> None:
        if kwargs.get("dry_run") or result.has_errors() or result.has_validation_errors():
            return
        save(self.account, self.shop, self.request, self.touched)


def _seller_sku(row: OfferRow) -> str:
    return row.wanted_sku or (row.sku.sku if row.sku is not None else row.offer.sku)


def _text(field: StaffField, value: StaffValue) -> str:
    return "" if value is None else field.to_text(value)


def _code(kind: str, text: str) -> str:
    try:
        return clean(kind, text)
    except BadIdentifier as fault:
        words = {"code": fault.text, "kind": fault.kind.upper()}
        raise ValidationError(PROBLEMS[fault.problem], params=words) from fault


# --- Saving ---------------------------------------------------------------------------------------


def save(
    account: SellerAccount, shop: Shop, request: HttpRequest, rows: Sequence[OfferRow]
) -> None:
    """Save what the file changed, in the caller's transaction."""
    for row in rows:
        if row.wanted_sku and row.wanted_sku != (row.sku.sku if row.sku else ""):
            _sell_under(account, shop, row)
    for some in chunks([row for row in rows if row.wanted_codes], OFFERS_PER_CHUNK):
        identifiers.give_all({row.offer.pk: row.wanted_codes for row in some})
        changed_offers.note((account.pk, row.offer.pk) for row in some)
    _make_missing(account, rows)
    touched = [written for row in rows for written in row.touched.values()]
    models: tuple[type[SellerSku] | type[Listing], ...] = (SellerSku, Listing)
    for model in models:
        fields = [field for field in STAFF_FIELDS if field.model is model]
        values = {of.pk: wanted for of, wanted in touched if type(of) is model}
        # Everybody locks rows in one order.
        for pks in chunks(sorted(values), OFFERS_PER_CHUNK):
            write_together(request, model, {pk: values[pk] for pk in pks}, fields)


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
    pks = dict(made.values_list("sku", "pk"))
    for row in rows:
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
