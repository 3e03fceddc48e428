"""Stock records of Oscar as offers.

A shop that follows Oscar's own rules is read by columns, which keeps 100,000 offers near the
speed of a plain cursor. Where the shop's own code decides (its strategy computes taxes, its models
count stock or name products in another way), that code is asked for every offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from django.core.exceptions import ValidationError
from django.db.models import CharField, Model, Q, QuerySet
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse
from oscar.core.loading import get_model

from django_amazon_sync.data import Identifier, Money, Offer
from django_amazon_sync.shops.oscar.prices import Taxes, shop_strategy

if TYPE_CHECKING:
    from oscar.apps.catalogue.models import Product
    from oscar.apps.partner.models import StockRecord
    from oscar.apps.partner.strategy import Base

OFFERS_PER_CHUNK = 2000
PKS_PER_QUERY = 500

COLUMNS = (
    "pk",
    "partner_sku",
    "price",
    "price_currency",
    "num_in_stock",
    "num_allocated",
    "product_id",
    "product__title",
    "product__slug",
    "upc",
    "product__structure",
    "product__is_public",
    "product__product_class_id",
    "product__parent__title",
    "product__parent__is_public",
    "product__parent__product_class_id",
)
#: A row of those columns.
Columns: TypeAlias = tuple[
    int,
    str,
    Decimal | None,
    str,
    int | None,
    int | None,
    int,
    str,
    str,
    str | None,
    str,
    bool,
    int | None,
    str | None,
    bool | None,
    int | None,
]
KINDS = {8: "ean", 10: "isbn", 12: "upc", 13: "ean", 14: "gtin"}
RELATED = ("product__product_class", "product__parent__product_class", "partner")


# --- Reading --------------------------------------------------------------------------------


def read_offers(scope: str, pks: Iterable[str] | None) -> Iterator[Offer]:
    """The offers of a partner (its code; empty for all), ordered by pk, one query a chunk."""
    records = records_of(scope)
    reader = Reader.for_this_shop()
    if pks is None:
        yield from reader.all_of(records)
    else:
        yield from reader.those_of(records, pks)


def picture_urls(pks: Iterable[str]) -> dict[str, str]:
    """The first picture of the product of each of these stock records, or of its parent."""
    numbers = [pk for pk in pks if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    records = records_of("").filter(pk__in=numbers)
    products = dict[str, tuple[int, int | None]]()
    for pk, product, parent in records.values_list("pk", "product", "product__parent"):
        products[str(pk)] = (product, parent)
    owners = {owner for pair in products.values() for owner in pair if owner is not None}
    images = get_model("catalogue", "ProductImage").objects.filter(product__in=owners)
    first: dict[int, str] = {}
    for image in images.order_by("product", "display_order", "pk"):
        first.setdefault(image.product_id, image.original.url)
    found = {
        pk: first.get(product) or first.get(parent or 0, "")
        for pk, (product, parent) in products.items()
    }
    return {pk: address for pk, address in found.items() if address}


def find_offers(code: str, scope: str) -> list[Offer]:
    """The offers whose partner SKU or whose product's UPC equals ``code``."""
    reader, records = Reader.for_this_shop(), records_of(scope)
    # Two questions, as one with OR could use neither index.
    found = [*reader.read(with_sku(records, [code]))]
    found += reader.read(records.filter(product__upc=code))
    return list({offer.pk: offer for offer in found}.values())


def of_product(product_pk: int | str) -> list[str]:
    """The stock records of a product and of its variants, by pk."""
    return of_products([str(product_pk)])[str(product_pk)]


def of_products(product_pks: Iterable[str]) -> dict[str, list[str]]:
    """The same for each of these products, in one query; its halves each use an index."""
    found: dict[str, list[str]] = {pk: [] for pk in product_pks}
    pks = valid_pks(get_model("catalogue", "Product"), found)
    records = get_model("partner", "StockRecord").objects.order_by()
    own = records.filter(product__in=pks).values_list("pk", "product", "product__parent")
    variants = records.filter(product__parent__in=pks)
    rows = own.union(variants.values_list("pk", "product", "product__parent"))
    for record, *products in sorted(rows, key=lambda row: row[0]):
        for product in map(str, products):
            if product in found:
                found[product].append(str(record))
    return found


def among(products: QuerySet[Model]) -> QuerySet[Model, tuple[str]]:
    """A query of the stock records of these products and of their variants: their pks as text."""
    records, pks = get_model("partner", "StockRecord").objects, products.order_by().values("pk")
    of_them = Q(product__in=pks) | Q(product__parent__in=pks)
    return records.filter(of_them).order_by().values_list(Cast("pk", CharField()))


def products_of(offer_pks: Iterable[str]) -> dict[str, str]:
    """The product of each stock record that exists."""
    records = get_model("partner", "StockRecord")
    rows = records.objects.filter(pk__in=valid_pks(records, offer_pks))
    return {str(pk): str(product) for pk, product in rows.values_list("pk", "product")}


def records_of(scope: str) -> QuerySet[StockRecord]:
    """The stock records of the partner with that code, of all where it is empty."""
    records = get_model("partner", "StockRecord").objects.order_by("pk")
    return records.filter(partner__code=scope) if scope else records


def with_sku(records: QuerySet[StockRecord], skus: Iterable[str]) -> QuerySet[StockRecord]:
    """Those with one of these SKUs; all partners are named, as Oscar's index begins with them."""
    partners = get_model("partner", "Partner").objects.order_by()
    return records.filter(partner__in=partners, partner_sku__in=set(skus))


@dataclass(frozen=True)
class Reader:
    """How this shop's stock records are read: by columns, or by asking the shop's own code.

    ``taxes`` is None where the shop's code has to be asked for every offer; ``untracked`` holds
    the pks of the product classes without stock tracking; ``page`` is the path of a product's
    page with places for slug and pk, empty where the shop has none.
    """

    strategy: Base
    taxes: Taxes | None
    untracked: frozenset[int]
    page: str

    @classmethod
    def for_this_shop(cls) -> Reader:
        strategy = shop_strategy()
        taxes = Taxes.of(strategy) if models_are_plain() else None
        classes = get_model("catalogue", "ProductClass").objects.filter(track_stock=False)
        untracked = frozenset(classes.values_list("pk", flat=True))
        return cls(strategy, taxes, untracked, product_page())

    def all_of(self, records: QuerySet[StockRecord]) -> Iterator[Offer]:
        """Every record in chunks by pk: constant memory, and no cursor kept open meanwhile."""
        chunk = list(self.read(records[:OFFERS_PER_CHUNK]))
        yield from chunk
        while len(chunk) == OFFERS_PER_CHUNK:
            following = records.filter(pk__gt=chunk[-1].pk)
            chunk = list(self.read(following[:OFFERS_PER_CHUNK]))
            yield from chunk

    def those_of(self, records: QuerySet[StockRecord], pks: Iterable[str]) -> Iterator[Offer]:
        """The records of ``pks`` that exist, in order of pk."""
        wanted = iter(sorted(valid_pks(records.model, pks)))
        while chunk := list(islice(wanted, PKS_PER_QUERY)):
            yield from self.read(records.filter(pk__in=chunk))

    def read(self, records: QuerySet[StockRecord]) -> Iterator[Offer]:
        """The offers of these records, from all their columns or from those that are needed."""
        if self.taxes is None:
            return map(self.from_model, records.select_related(*RELATED))
        # As it is stored: Oscar's field would be asked for each row what None means.
        rows = records.annotate(upc=Cast("product__upc", CharField())).values_list(*COLUMNS)
        return map(partial(self.from_columns, self.taxes), rows)

    def from_columns(self, taxes: Taxes, row: Columns) -> Offer:
        """One offer from ``COLUMNS``, by the rules of Oscar's own models."""
        (
            pk,
            sku,
            price,
            currency,
            in_stock,
            allocated,
            product_pk,
            title,
            slug,
            upc,
            structure,
            public,
            class_pk,
            parent_title,
            parent_public,
            parent_class_pk,
        ) = row
        if structure == "child":
            public, class_pk = public and bool(parent_public), parent_class_pk
        net_stock = 0 if in_stock is None else in_stock - (allocated or 0)
        return Offer(
            pk=str(pk),
            sku=sku,
            title=title or parent_title or "",
            price=None if price is None else taxes.gross(price, currency),
            quantity=None if class_pk in self.untracked else net_stock,
            price_includes_tax=taxes.included,
            identifiers=identifiers(upc),
            on_sale=public and structure != "parent",
            url=self.page and self.page % {"slug": slug, "pk": product_pk},
        )

    def from_model(self, record: StockRecord) -> Offer:
        """One offer as the shop's own models and strategy see it."""
        product = record.product
        price, includes_tax = self.asked_price(record)
        parent = product.parent if product.is_child else None
        public = product.is_public and (parent is None or parent.is_public)
        return Offer(
            pk=str(record.pk),
            sku=record.partner_sku,
            title=product.get_title() or "",
            price=price,
            quantity=record.net_stock_level if is_tracked(product) else None,
            price_includes_tax=includes_tax,
            identifiers=identifiers(product.upc),
            on_sale=public and not product.is_parent,
            url=self.page and product.get_absolute_url(),
        )

    def asked_price(self, record: StockRecord) -> tuple[Money | None, bool | None]:
        """The price of the shop's strategy, with tax where the strategy knows it."""
        price = self.strategy.fetch_for_product(record.product, record).price
        if not price.exists or price.excl_tax is None:
            return None, None
        if price.is_tax_known:
            return Money(price.incl_tax, price.currency).rounded(), True
        return Money(price.excl_tax, price.currency), False


def is_tracked(product: Product) -> bool:
    product_class = product.get_product_class()
    return product_class is None or product_class.track_stock


def valid_pks(model: type[Model], pks: Iterable[str]) -> set[int]:
    """The pks as the model has them; what cannot be one names nothing that exists."""
    key, valid = model._meta.pk, set[int]()
    for pk in pks:
        try:
            value = key.to_python(pk)
        except ValidationError:
            continue
        if not isinstance(value, int) or value < 2**63:  # no database counts further
            valid.add(value)
    return valid


def identifiers(code: str | None) -> tuple[Identifier, ...]:
    """What kind of barcode Oscar's ``upc`` holds, by its length.

    Its check digit is verified where the code is used.
    """
    if not code:
        return ()
    if not code.isdecimal():
        code = code.replace("-", "").replace(" ", "")
    kind = KINDS.get(len(code))
    digits = code.removesuffix("X") if kind == "isbn" else code
    if kind is None or not (digits.isascii() and digits.isdigit()):
        return ()
    return (Identifier("isbn" if code[:3] in ("978", "979") else kind, code),)


# --- How this shop computes ---------------------------------------------------------------


def models_are_plain() -> bool:
    """Whether the models count stock and name products as Oscar's own do."""
    from oscar.apps.catalogue.abstract_models import AbstractProduct
    from oscar.apps.partner.abstract_models import AbstractStockRecord

    record, product = get_model("partner", "StockRecord"), get_model("catalogue", "Product")
    return record.net_stock_level is AbstractStockRecord.net_stock_level and all(
        getattr(product, name) is getattr(AbstractProduct, name)
        for name in ("get_title", "get_product_class", "get_absolute_url", "is_child", "is_parent")
    )


def product_page() -> str:
    """The path of a product's page with places for slug and pk, made once instead of per offer."""
    try:
        path = reverse("catalogue:detail", kwargs={"product_slug": "slug-here", "pk": 987654321})
    except NoReverseMatch:
        return ""
    escaped = path.replace("%", "%%")
    return escaped.replace("slug-here", "%(slug)s").replace("987654321", "%(pk)s")
