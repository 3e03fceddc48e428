"""Products for what an order of Amazon's has and the shop lacks: not on sale, without stock."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, Manager, Model, QuerySet

from django_amazon_sync.data import MenuItem, NewProduct
from django_amazon_sync.errors import NotSupported, ShopRefused
from django_amazon_sync.shops.model_shop.columns import fitting
from django_amazon_sync.shops.model_shop.fields import (
    ProductFields,
    column_of,
    is_currency_code,
    model_of,
)


def can_be_made(fields: ProductFields) -> bool:
    """Whether a row can be made that is not on sale: its columns are the model's own."""
    own = {column.name: column for column in model_of(fields)._meta.concrete_fields}
    written = {fields.sku, fields.title, fields.price, fields.stock, fields.on_sale} - {""}
    return written <= own.keys() and isinstance(own.get(fields.on_sale), BooleanField)


def categories(fields: ProductFields) -> tuple[MenuItem, ...]:
    """The rows that a product's category may be."""
    if not fields.category:
        return ()
    rows = _rows_of_relation(fields, fields.category).all()
    return tuple(MenuItem(str(row.pk), str(row)) for row in rows)


def create(
    fields: ProductFields, products: QuerySet[Model], product: NewProduct, scope: str
) -> str:
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
    columns = {**fields.made, **_columns(fields, product), **_scope_column(fields, scope)}
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


def _columns(fields: ProductFields, product: NewProduct) -> dict[str, object]:
    price, constant = product.price, is_currency_code(fields.currency)
    if price is not None and constant and price.currency != fields.currency:
        price = None
    columns: dict[str, object] = {
        fields.sku: product.sku,
        fields.title: product.title,
        fields.on_sale: False,
        fields.stock: 0,
    }
    nullable = column_of(fields, fields.price).null
    columns[fields.price] = price.amount if price else None if nullable else 0
    if price is not None and not constant and "__" not in fields.currency:
        columns[fields.currency] = price.currency
    if fields.category and product.category:
        rows = _rows_of_relation(fields, fields.category)
        columns[fields.category] = _row(rows, "pk", product.category)
    return columns


def _scope_column(fields: ProductFields, scope: str) -> dict[str, object]:
    """The column that makes the product one of the account's scope. Raises ShopRefused."""
    if not scope:
        return {}
    name, _underscores, path = fields.scope.partition("__")
    if not path:
        return {name: scope}
    row = _row(_rows_of_relation(fields, name), path, scope)
    if row is None:
        raise ShopRefused(f"The shop has no {name} {scope}; correct the account's scope.")
    return {name: row}


def _row(rows: Manager[Model], path: str, value: str) -> Model | None:
    try:
        return rows.filter(**{path: value}).first()
    except (ValueError, ValidationError):
        return None


def _rows_of_relation(fields: ProductFields, name: str) -> Manager[Model]:
    """The rows that a relation of the product may lead to."""
    related = column_of(fields, name).related_model
    assert isinstance(related, type)  # the mapping's faults say otherwise
    return related._default_manager
