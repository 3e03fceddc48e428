"""The offers of one account as a spreadsheet: what staff set of them, a row for each offer.

It needs django-import-export (the extra ``spreadsheet``). The key is the shop's own SKU. A column
that a file lacks leaves its values as they are; an empty cell takes its value away. Nothing is
saved unless every row can be, and then in one transaction, by the functions that the forms use: the
rows that are still as a page showed them, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar, Protocol

from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import Result, RowResult

from django_amazon_sync.admin.common.seen import Seen
from django_amazon_sync.admin.products.page_forms import PROBLEMS
from django_amazon_sync.admin.products.save_sheet import ANOTHERS, save
from django_amazon_sync.admin.products.sheet_files import BadCell
from django_amazon_sync.admin.products.sheet_rows import (
    KEY,
    OFFERS_PER_CHUNK,
    OfferRow,
    offers_named,
    rows_named,
    rows_of,
)
from django_amazon_sync.admin.products.staff_fields import (
    STAFF_FIELDS,
    StaffField,
    StaffRow,
    StaffValue,
    misfits,
    priced,
)
from django_amazon_sync.models import (
    Listing,
    Marketplace,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.rules.identifiers import BadIdentifier, clean
from django_amazon_sync.rules.prices import PriceRule
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.offers import identifiers
from django_amazon_sync.sync.offers.desired import Rules
from django_amazon_sync.sync.offers.price_checks import price_now
from django_amazon_sync.sync.runs.bulk import chunks

TITLE, SELLER_SKU = "title", "seller_sku"


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
        cell = row[self.column_name]
        if isinstance(cell, BadCell):
            raise ValueError(cell.reason)
        before, text = self._shown(instance), cell.strip()
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
        self._rows = rows_named(resource.account, resource.shop, names - {""})

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
        #: The marks of what a page showed; None where nothing was shown yet.
        self.seen: Seen | None = None
        self.others: list[OfferRow] = []
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
        yield SheetField(SELLER_SKU, lambda row: row.seller_sku, self._take_sku)
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
        row.touch(of, partial(self._price, row)).set(field, value)

    def _price(self, row: OfferRow, listing: Listing) -> str:
        """What a listing of the row is sold at."""
        rule = self._rules[listing.marketplace_id]
        return price_now(listing.own_price, listing.believed, row.offer, rule)

    @cached_property
    def _rules(self) -> dict[int, PriceRule]:
        return {place.pk: Rules.of(place).price for place in self.marketplaces}

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
        if self._skus_taken.get(name, "") not in ("", row.offer.pk):
            raise ValidationError(gettext("The account sells another offer under this SKU."))
        row.wanted_sku = name

    def _may(self, codename: str) -> None:
        if not self.request.user.has_perm(f"django_amazon_sync.{codename}"):
            raise ValidationError(gettext("You may not change this."))

    # --- What the library asks for ---------------------------------------------------------------

    @classmethod
    def get_db_connection_name(cls) -> str:
        return connection.alias

    def all_rows(self) -> Iterator[list[str]]:
        """The cells of every offer of the account, in constant memory."""
        for offers in chunks(self.shop.offers(self.account.shop_scope), OFFERS_PER_CHUNK):
            for row in rows_of(self.account, [offer for offer in offers if offer.sku]):
                yield [self.fields[name].export(row) for name in self.head]

    def before_import(self, dataset: Table, **kwargs: Any) -> None:
        """Find out whose the SKUs are that the file gives to offers."""
        if not dataset.headers or not {KEY, SELLER_SKU} <= set(dataset.headers):
            return
        pairs = zip(dataset[KEY], dataset[SELLER_SKU], strict=True)
        given = {name.strip() for key, name in pairs if name.strip() != key.strip()} - {""}
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
                if pk in offers:
                    self._skus_taken[name] = pk
        # What the shop sells by that very code will be sold under it, though no run has been yet.
        for offer in offers_named(self.account, self.shop, given - set(self._skus_taken)):
            self._skus_taken[offer.sku] = offer.pk

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
        cell = row[KEY]
        if isinstance(cell, BadCell):
            raise ValidationError({KEY: cell.reason})
        name = cell.strip()
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
        for touched in instance.touched.values():
            if isinstance(touched.of, Listing):
                country = touched.of.marketplace.facts.country
                now = priced(touched.of, partial(self._price, instance))
                for name, why in misfits(touched.of, touched.priced, now).items():
                    errors.setdefault(f"{name} {country}", why)
        if instance.of_another and instance.touched and not instance.wanted_sku:
            errors[KEY] = ValidationError(ANOTHERS, params={"sku": instance.offer.sku})
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
        seen = self.seen or Seen()
        self.others = [row for row in self.touched if row.mark() not in seen]
        self.touched = [row for row in self.touched if row.mark() in seen]
        save(self.account, self.shop, self.request, self.touched)


def _text(field: StaffField, value: StaffValue) -> str:
    return "" if value is None else field.to_text(value)


def _code(kind: str, text: str) -> str:
    try:
        return clean(kind, text)
    except BadIdentifier as fault:
        words = {"code": fault.text, "kind": fault.kind.upper()}
        raise ValidationError(PROBLEMS[fault.problem], params=words) from fault
