"""The shop's products as offers, read by columns: constant memory, one query for each chunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet

from django_amazon_sync.data import Identifier, Money, Offer, OfferUpdate
from django_amazon_sync.errors import NotSupported, ShopRefused
from django_amazon_sync.shops.model_shop.columns import fitting
from django_amazon_sync.shops.model_shop.fields import Pk, ProductFields, is_currency_code, model_of

PRODUCTS_PER_CHUNK = 1000
PKS_PER_QUERY = 500


@dataclass(frozen=True)
class Reader:
    """Reads rows of ``products``, a queryset ordered by pk, as offers."""

    fields: ProductFields
    products: QuerySet[Model]

    def all(self) -> Iterator[Offer]:
        """Every product in chunks by pk; no cursor is kept open meanwhile."""
        rows = self._rows(self.products[:PRODUCTS_PER_CHUNK])
        yield from self._offers(rows)
        while len(rows) == PRODUCTS_PER_CHUNK:
            rows = self._rows(self.products.filter(pk__gt=rows[-1]["pk"])[:PRODUCTS_PER_CHUNK])
            yield from self._offers(rows)

    def those_of(self, pks: Iterable[str]) -> Iterator[Offer]:
        """The products of ``pks`` that exist, in order of pk."""
        wanted = iter(sorted(valid_pks(self.products.model, pks)))
        while chunk := list(islice(wanted, PKS_PER_QUERY)):
            yield from self._offers(self._rows(self.products.filter(pk__in=chunk)))

    def with_code(self, code: str) -> list[Offer]:
        """The products with that SKU or identifier; one query a column, so that each has its index.

        What cannot be in a column, such as a word in one of numbers, is not in it.
        """
        found: dict[str, Offer] = {}
        for path in (self.fields.sku, *self.fields.identifiers.values()):
            try:
                rows = self._rows(self.products.filter(**{path: code}))
            except (ValueError, ValidationError):
                continue
            found |= {offer.pk: offer for offer in self._offers(rows)}
        return list(found.values())

    def _rows(self, products: QuerySet[Model]) -> list[dict[str, Any]]:
        return list(products.values("pk", *dict.fromkeys(filter(None, self._paths()))))

    def _paths(self) -> Iterator[str]:
        fields = self.fields
        yield from (fields.sku, fields.title, fields.price, fields.stock, fields.on_sale)
        yield from (*fields.identifiers.values(), *fields.url_paths)
        if not is_currency_code(fields.currency):
            yield fields.currency

    def _offers(self, rows: Iterable[dict[str, Any]]) -> Iterator[Offer]:
        """What has no SKU cannot be sold anywhere and is not an offer."""
        return (self._offer(row) for row in rows if row[self.fields.sku])

    def _offer(self, row: dict[str, Any]) -> Offer:
        fields = self.fields
        return Offer(
            pk=str(row["pk"]),
            sku=row[fields.sku],
            title=row[fields.title] or "",
            price=self._price(row),
            quantity=row[fields.stock] if fields.stock else None,
            price_includes_tax=fields.price_includes_tax,
            identifiers=tuple(
                Identifier(kind, str(row[path]))
                for kind, path in fields.identifiers.items()
                if row[path]
            ),
            on_sale=bool(row[fields.on_sale]) if fields.on_sale else True,
            url=fields.url.format_map(row),
        )

    def _price(self, row: dict[str, Any]) -> Money | None:
        fields, price = self.fields, row[self.fields.price]
        constant = is_currency_code(fields.currency)
        currency = fields.currency if constant else row[fields.currency]
        if price is None or not currency:
            return None
        # A float goes by its text, which is the number that people see.
        return Money(price if isinstance(price, Decimal) else Decimal(str(price)), str(currency))


def valid_pks(model: type[Model], pks: Iterable[str]) -> set[Pk]:
    """The pks as the model has them; what cannot be one names nothing that exists."""
    key, valid = model._meta.pk, set[Pk]()
    for pk in pks:
        try:
            value = key.to_python(pk)
        except ValidationError:
            continue
        # No database counts further.
        if value not in (None, "") and (not isinstance(value, int) or value < 2**63):
            valid.add(value)
    return valid


# --- Taking over from Amazon --------------------------------------------------------------------


@transaction.atomic
def take_over(fields: ProductFields, offer: Offer | None, update: OfferUpdate) -> None:
    """Write title, price or quantity into the columns of one product. Raises ShopRefused."""
    if offer is None:
        raise ShopRefused(f"The shop has no product {update.pk}; import the listings again.")
    wanted: dict[str, object] = {}
    if update.title is not None:
        wanted[fields.title] = update.title
    if update.price is not None:
        if offer.price is not None and offer.price.currency != update.price.currency:
            raise ShopRefused(
                f"SKU {offer.sku} is priced in {offer.price.currency}, not "
                f"{update.price.currency}; set its price in the shop."
            )
        wanted[fields.price] = update.price.amount
    if update.quantity is not None:
        if update.quantity < 0 or offer.quantity is None:
            raise ShopRefused(
                f"SKU {offer.sku}: a quantity of {update.quantity} cannot be taken over; it has to "
                "be 0 or more, and the shop has to track the product's stock."
            )
        wanted[fields.stock] = update.quantity
    model = model_of(fields)
    own = {column.name for column in model._meta.concrete_fields}
    if foreign := sorted(wanted.keys() - own):
        raise NotSupported(f"{fields.model} has no column {foreign[0]} of its own to write to.")
    product = model._base_manager.select_for_update().get(pk=update.pk)
    for column, value in fitting(model, wanted).items():
        setattr(product, column, value)
    product.save(update_fields=list(wanted))
