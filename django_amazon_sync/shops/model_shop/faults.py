"""What is wrong with a mapping: names that do not exist, and columns that cannot do their work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields as attributes_of
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import (
    CharField,
    DateTimeField,
    DecimalField,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    TextField,
    UniqueConstraint,
)

from django_amazon_sync.shops.model_shop.fields import (
    ADDRESS,
    LineFields,
    OrderFields,
    ParcelFields,
    ProductFields,
    is_currency_code,
    model_of,
)

if TYPE_CHECKING:
    from django_amazon_sync.shops.model_shop import ModelShop
    from django_amazon_sync.shops.model_shop.fields import Column

KINDS: dict[str, type[ProductFields | OrderFields | LineFields]] = {
    "product": ProductFields,
    "order": OrderFields,
    "line": LineFields,
}

#: Amazon's order ids have 19 characters (302-1234567-1234567).
NUMBER_LENGTH = 19

#: ... and the ids of their lines 14.
ITEM_ID_LENGTH = 14

TEXT, MONEY, COUNT = (CharField, TextField), (DecimalField,), (IntegerField,)

WRITTEN: dict[str, tuple[tuple[type[Field[Any, Any]], ...], str]] = {
    "number": (TEXT, "a text"),
    "currency": (TEXT, "a text"),
    "total": (MONEY, "a DecimalField"),
    "shipping": (MONEY, "a DecimalField"),
    "other": (MONEY, "a DecimalField"),
    "placed_at": ((DateTimeField,), "a DateTimeField"),
    "status": ((Field,), "a column"),
    "shipping_method": (TEXT, "a text"),
    "payment_method": (TEXT, "a text"),
    "name": (TEXT, "a text"),
    "email": (TEXT, "a text"),
    "notes": ((TextField,), "a TextField"),
    "shipped_at": ((DateTimeField,), "a DateTimeField"),
    "customer": ((ForeignKey,), "a ForeignKey"),
    "order": ((ForeignKey,), "a ForeignKey"),
    "product": ((ForeignKey,), "a ForeignKey"),
    "item_id": (TEXT, "a text"),
    "sku": (TEXT, "a text"),
    "quantity": (COUNT, "an IntegerField"),
    "taken": (COUNT, "an IntegerField"),
    "title": (TEXT, "a text"),
    "unit_price": (MONEY, "a DecimalField"),
    "gift_message": (TEXT, "a text"),
    "tax_collected_by": (TEXT, "a text"),
}
"""What each column of an order or a line has to be, and how that is called."""

ONLY_READ = {"shipped_at", "status"}
"""Columns of WRITTEN that a new order does not fill."""


def faults_of(shop: type[ModelShop]) -> Iterator[str]:
    """The faults of a shop's mapping, one sentence each, the first first to be mended."""
    absent = list(absent_parts(shop))
    if absent:
        yield from absent
        return
    yield from product_faults(shop)
    yield from order_faults(shop.order)
    yield from line_faults(shop)
    if shop.parcel is not None:
        yield from parcel_faults(shop.parcel, shop.line)


def absent_parts(shop: type[ModelShop]) -> Iterator[str]:
    for name, kind in KINDS.items():
        fields: object = getattr(shop, name, None)
        if not isinstance(fields, kind):
            yield f"it lacks {name} = {kind.__name__}(...)"
            continue
        try:
            model_of(fields)
        except (LookupError, ValueError):
            yield f"there is no model {fields.model!r} for {kind.__name__}"


def parcel_faults(fields: ParcelFields, line: LineFields) -> Iterator[str]:
    try:
        model = model_of(fields)
    except (LookupError, ValueError):
        yield f"there is no model {fields.model!r} for ParcelFields"
        return
    for name in ("parcel", "quantity", "shipped_at", "carrier", "tracking"):
        if path := getattr(fields, name):
            yield from path_faults(f"ParcelFields.{name}", model, path)
    try:
        relation = model._meta.get_field(fields.line)
    except FieldDoesNotExist:
        relation = None
    if getattr(relation, "related_model", None) is not model_of(line):
        yield f"ParcelFields.line: {fields.line} of {fields.model} is no relation to {line.model}"


# --- Products ------------------------------------------------------------------------------------


def product_faults(shop: type[ModelShop]) -> Iterator[str]:
    fields = shop.product
    try:
        annotated = shop().products().query.annotations
    except FieldError as fault:
        yield f"its method products() fails: {fault}"
        return
    for name in ("sku", "title", "price", "currency"):
        if not getattr(fields, name):
            yield f"ProductFields.{name} is empty"
    for name, path in product_paths(fields).items():
        if path and path not in annotated:
            yield from path_faults(f"ProductFields.{name}", model_of(fields), path)
    yield from product_column_faults(fields)


def product_paths(fields: ProductFields) -> Mapping[str, str]:
    """What may lead over relations, by how the mapping calls it."""
    named = {"sku": fields.sku, "title": fields.title, "price": fields.price}
    named |= {"stock": fields.stock, "on_sale": fields.on_sale, "scope": fields.scope}
    named |= {f"identifiers[{kind!r}]": path for kind, path in fields.identifiers.items()}
    named |= {f"url, {path}": path for path in fields.url_paths}
    if not is_currency_code(fields.currency):
        named["currency"] = fields.currency
    return named


def product_column_faults(fields: ProductFields) -> Iterator[str]:
    """What has to be a column of the product itself, since it is written."""
    if fields.category and not isinstance(own_column(fields, fields.category), ForeignKey):
        yield f"ProductFields.category: {fields.model} has no relation {fields.category}"
    for name in fields.made:
        if own_column(fields, name) is None:
            yield f"ProductFields.made: {fields.model} has no column {name}"
    column = own_column(fields, fields.stock)
    if fields.stock and not isinstance(column, IntegerField):
        yield (
            f"ProductFields.stock: {fields.stock} has to be an integer of {fields.model} itself, "
            "as orders take their units from it"
        )


def path_faults(about: str, start: type[Model], path: str) -> Iterator[str]:
    """Whether a path leads over relations to one row each, and ends at a field."""
    model: type[Model] | None = start
    for part in path.split("__"):
        known = [field.name for field in model._meta.get_fields()] if model else []
        if part == "pk" and model:
            part = model._meta.pk.name
        if model is None or part not in known:
            where = (
                f"{model._meta.label} has no field {part}" if model else f"{part} is not a field"
            )
            yield f"{about}: {where}" + (f"; it has {', '.join(sorted(known))}" if known else "")
            return
        field = model._meta.get_field(part)
        if field.many_to_many or field.one_to_many:
            yield f"{about}: {part} leads to many rows, which would double the offers"
            return
        related = field.related_model
        model = related if isinstance(related, type) else None


# --- Orders --------------------------------------------------------------------------------------


def order_faults(fields: OrderFields) -> Iterator[str]:
    for part in sorted(fields.address.keys() - {*ADDRESS, "text"}):
        yield f"OrderFields.address: an address has no {part}; it has {', '.join(ADDRESS)}, text"
    money = (fields.total, fields.shipping, fields.other)
    if any(money) and not fields.currency:
        yield "OrderFields.currency is empty, but there are columns of money"
    for name in ("carrier", "tracking"):
        if path := getattr(fields, name):
            yield from path_faults(f"OrderFields.{name}", model_of(fields), path)
    yield from written_faults(fields)
    yield from customer_faults(fields)
    yield from cancelled_faults(fields)
    number = own_column(fields, fields.number)
    if number and not is_unique(model_of(fields), number):
        yield (
            f"OrderFields.number: {fields.number} is not unique, so an order could be placed "
            "twice; give it unique=True"
        )
    yield from length_faults("OrderFields.number", number, NUMBER_LENGTH)


def customer_faults(fields: OrderFields) -> Iterator[str]:
    """An order is of one of the project's users, or of a guest."""
    relation = own_column(fields, fields.customer)
    if not isinstance(relation, ForeignKey):
        return
    if relation.related_model is not get_user_model():
        yield f"OrderFields.customer: {relation.name} does not lead to {settings.AUTH_USER_MODEL}"
    if not relation.null:
        yield f"OrderFields.customer: {relation.name} has to be null=True, for guests"


def length_faults(about: str, column: Column | None, needed: int) -> Iterator[str]:
    if column is None or column.max_length is None or column.max_length >= needed:
        return
    length = column.max_length
    yield f"{about}: {column.name} holds {length} characters, and Amazon's ids have {needed}"


def cancelled_faults(fields: OrderFields) -> Iterator[str]:
    """A slip in the value would leave cancelled orders in a state that nobody looks for."""
    column, value = own_column(fields, fields.status), fields.cancelled
    if column is None:
        return
    if value is None:
        yield (
            f"OrderFields.cancelled is missing: give the value that {fields.status} has in a "
            "cancelled order"
        )
        return
    if column.flatchoices and value not in [choice for choice, _label in column.flatchoices]:
        yield f"OrderFields.cancelled: {fields.status} has no choice {value!r}"
    elif column.max_length is not None and len(str(value)) > column.max_length:
        yield f"OrderFields.cancelled: {value!r} is too long for {fields.status}"


def is_unique(model: type[Model], field: Column) -> bool:
    whole = [
        constraint
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    alone = [
        constraint
        for constraint in whole
        if tuple(constraint.fields) == (field.name,) and constraint.condition is None
    ]
    return field.unique or bool(alone)


# --- Lines ---------------------------------------------------------------------------------------


def line_faults(shop: type[ModelShop]) -> Iterator[str]:
    fields = shop.line
    yield from written_faults(fields)
    if shop.product.stock and not fields.taken:
        yield (
            "LineFields.taken is empty, but there is a stock: name an integer column for the "
            "units that a line took, which is what a cancellation gives back"
        )
    money = (fields.unit_price, fields.total)
    if any(money) and not shop.order.currency:
        yield "OrderFields.currency is empty, but the lines have columns of money"
    for name, model in (("order", model_of(shop.order)), ("product", model_of(shop.product))):
        relation = own_column(fields, getattr(fields, name))
        if isinstance(relation, ForeignKey) and relation.related_model is not model:
            yield (
                f"LineFields.{name}: {relation.name} leads to "
                f"{relation.related_model._meta.label}, not to {model._meta.label}"
            )
    yield from length_faults(
        "LineFields.item_id", own_column(fields, fields.item_id), ITEM_ID_LENGTH
    )
    product = own_column(fields, fields.product)
    if product and not product.null:
        yield (
            f"LineFields.product: {fields.product} has to be null=True, for a SKU that the shop "
            "does not know"
        )


# --- Columns that are written ---------------------------------------------------------------------


def written_faults(fields: OrderFields | LineFields) -> Iterator[str]:
    """Each named column is one of the model itself and of its kind, and none is left out."""
    kind, model = type(fields).__name__, model_of(fields)
    for attribute in attributes_of(fields):
        name, column = attribute.name, getattr(fields, attribute.name)
        if name not in WRITTEN or (name == "currency" and is_currency_code(column)):
            continue
        if column:
            yield from column_faults(f"{kind}.{name}", model, column, *WRITTEN[name])
        elif attribute.default != "":
            yield f"{kind}.{name} is empty"
    for part, column in address_of(fields).items():
        yield from column_faults(f"{kind}.address[{part!r}]", model, column, TEXT, "a text")
    given = {getattr(fields, name) for name in WRITTEN.keys() - ONLY_READ if hasattr(fields, name)}
    given |= {*fields.fixed, *address_of(fields).values()}
    columns = model._meta.concrete_fields
    for name in fields.fixed:
        if not any(name in (field.name, field.attname) for field in columns):
            yield f"{kind}.fixed: {model._meta.label} has no column {name}"
    for field in columns:
        if not {field.name, field.attname} & given and must_be_given(field):
            yield (
                f"{kind}: {model._meta.label}.{field.name} has no default and may not be NULL; "
                "map it, give it a value in fixed, or a default in the model"
            )


def address_of(fields: OrderFields | LineFields) -> Mapping[str, str]:
    return fields.address if isinstance(fields, OrderFields) else {}


def column_faults(
    about: str, model: type[Model], name: str, kinds: tuple[type[Field[Any, Any]], ...], wanted: str
) -> Iterator[str]:
    columns = {field.name: field for field in model._meta.concrete_fields}
    if name not in columns:
        yield f"{about}: {model._meta.label} has no column {name}; it has {', '.join(columns)}"
    elif not isinstance(columns[name], kinds):
        what = type(columns[name]).__name__
        yield f"{about}: {name} is of type {what} and has to be {wanted}"
    elif sets_itself(columns[name]):
        yield f"{about}: {name} sets itself (auto_now or auto_now_add); leave it out of the mapping"


def sets_itself(field: Column) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def must_be_given(field: Column) -> bool:
    """Whether saving a row fails where nobody gives this column a value."""
    by_itself = field.primary_key or field.generated or sets_itself(field)
    if by_itself or field.null or field.has_default() or field.has_db_default():
        return False
    return field.get_default() is None  # a text is empty then


def own_column(fields: ProductFields | OrderFields | LineFields, name: str) -> Column | None:
    """The field of that name in the model itself, or None."""
    try:
        field = model_of(fields)._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, Field) and field.concrete else None
