"""Products for what an order of Amazon's has and the shop lacks: not on sale, without stock."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, ForeignKey

from django_amazon_sync.data import MenuItem, NewProduct
from django_amazon_sync.errors import NotSupported, ShopRefused
from django_amazon_sync.shops.model_shop.columns import fitting
from django_amazon_sync.shops.model_shop.fields import ProductFields, is_currency_code, model_of


def can_be_made(fields: ProductFields) -> bool:
    """Whether a row can be made that is not on sale: its columns are the model's own."""
    own = {column.name: column for column in model_of(fields)._meta.concrete_fields}
    written = {fields.sku, fields.title, fields.price, fields.stock, fields.on_sale} - {""}
    return written <= own.keys() and isinstance(own.get(fields.on_sale), BooleanField)


def categories(fields: ProductFields) -> tuple[MenuItem, ...]:
    """The rows that a product's category may be."""
    if not fields.category:
        return ()
    rows = _relation(fields, fields.category).related_model._default_manager.all()
    return tuple(MenuItem(str(row.pk), str(row)) for row in rows)


def create(fields: ProductFields, products: Any, product: NewProduct, scope: str) -> str:
    """The pk of a new product, or of the one of ``products`` that has the SKU already."""
    if not can_be_made(fields):
        raise NotSupported(
            f"Products of {fields.model} cannot be made: ProductFields.on_sale has to be a true or "
            "false of the model itself, and so have SKU, title, price and stock to be its own."
        )
    there = products.filter(**{fields.sku: product.sku}).order_by("pk")
    if found := there.first():
        return str(found.pk)
    model = model_of(fields)
    columns = {**fields.made, **_columns(fields, product), **_place(fields, scope)}
    made = model(**fitting(model, columns))
    if getattr(made, fields.sku) != product.sku:
        raise ShopRefused(f"SKU {product.sku[:40]} does not fit the column {fields.sku}.")
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as fault:  # another worker was faster, or a column lacks its value
        if found := there.first():
            return str(found.pk)
        raise ShopRefused(
            f"A product of {fields.model} needs more than an order has; name values for its other "
            "columns in ProductFields.made."
        ) from fault
    return str(made.pk)


def _columns(fields: ProductFields, product: NewProduct) -> dict[str, Any]:
    price, constant = product.price, is_currency_code(fields.currency)
    if price is not None and constant and price.currency != fields.currency:
        price = None
    columns: dict[str, Any] = {
        fields.sku: product.sku,
        fields.title: product.title,
        fields.on_sale: False,
        fields.stock: 0,
    }
    nullable = model_of(fields)._meta.get_field(fields.price).null
    columns[fields.price] = price.amount if price else None if nullable else 0
    if price is not None and not constant and "__" not in fields.currency:
        columns[fields.currency] = price.currency
    if fields.category and product.category:
        rows = _relation(fields, fields.category).related_model._default_manager
        columns[fields.category] = _row(rows, "pk", product.category)
    return columns


def _place(fields: ProductFields, scope: str) -> dict[str, Any]:
    """The column that makes the product one of the account's scope. Raises ShopRefused."""
    if not scope:
        return {}
    name, _underscores, path = fields.scope.partition("__")
    if not path:
        return {name: scope}
    row = _row(_relation(fields, name).related_model._default_manager, path, scope)
    if row is None:
        raise ShopRefused(f"The shop has no {name} {scope}; mend the account's scope.")
    return {name: row}


def _row(rows: Any, path: str, value: str) -> Any:
    try:
        return rows.filter(**{path: value}).first()
    except (ValueError, ValidationError):
        return None


def _relation(fields: ProductFields, name: str) -> Any:
    relation = model_of(fields)._meta.get_field(name)
    assert isinstance(relation, ForeignKey)  # the mapping's faults say otherwise
    return relation
