"""Writing many rows in one statement, whose one parameter is the rows as JSON.

Django's ``bulk_update`` puts every value of every row into a CASE of its own, and takes about a
hundred times as long; ``bulk_create`` prepares each value by itself, and takes some times as long.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Field, JSONField, Model, QuerySet

from django_amazon_sync.models.fields import EncryptedJSONField, EncryptedTextField

T = TypeVar("T")

#: What JSON can carry to the database of a column.
Plain: TypeAlias = "int | str | None"

#: Rows of one statement.
ROWS_PER_STATEMENT = 2000

#: Rows that are read together.
ROWS_PER_PAGE = 2000

#: Offers that are looked at together, with a fixed number of queries.
OFFERS_PER_CHUNK = 2000


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most ``size``, one list at a time."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def in_pages(rows: QuerySet[Any, T], size: int = ROWS_PER_PAGE) -> Iterator[T]:
    """What a query finds, in the order of pks, in constant memory.

    They are models, pks, or tuples that begin with the pk. Each page is a query of its own: behind
    a pooler that gives each transaction another connection, a cursor that stays open in the
    database is gone with the next statement.
    """
    rows = rows.order_by("pk")
    page = list(rows[:size])
    while page:
        yield from page
        if len(page) < size:
            return
        page = list(rows.filter(pk__gt=_pk_of(page[-1]))[:size])


def _pk_of(row: object) -> object:
    if isinstance(row, Model):
        return row.pk
    return row[0] if isinstance(row, tuple) else row


def update_rows(rows: Collection[Model], names: Sequence[str]) -> None:
    """Save these fields of rows that are there, all of one model, locked by pk first, as everybody
    locks; no signal is sent."""
    if not rows:
        return
    there = type(next(iter(rows)))._default_manager.filter(pk__in=[row.pk for row in rows])
    with transaction.atomic():
        lock_rows(there)
        update_locked_rows(rows, names)


def update_locked_rows(rows: Collection[Model], names: Sequence[str]) -> None:
    """As ``update_rows``, of rows that the transaction has locked already."""
    if not rows:
        return
    model = type(next(iter(rows)))
    if not _can():
        model._default_manager.bulk_update(rows, names)
        return
    by_name = {field.name: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    [pk] = [field for field in by_name.values() if field.primary_key]
    values = ", ".join(f'"{field.column}" = given."{field.column}"' for field in fields)
    table = model._meta.db_table
    # Nothing but names of ours is put into the text; the values are its parameter.
    statement = (
        f'UPDATE "{table}" SET {values} FROM ({_given([pk, *fields])}) AS given '  # noqa: S608
        f'WHERE "{table}"."{pk.column}" = given."{pk.column}"'
    )
    given = [[row.pk, *(_plain(field, _value(field, row)) for field in fields)] for row in rows]
    _execute(statement, given)


def insert_rows(rows: Collection[Model]) -> None:
    """Save new rows, all of one model; they are not told their pks, and no signal is sent."""
    if not rows:
        return
    model = type(next(iter(rows)))
    if not _can():
        model._default_manager.bulk_create(rows)
        return
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) {_given(fields)}'
    given = [[_plain(field, field.pre_save(row, add=True)) for field in fields] for row in rows]
    _execute(statement, given)


def _can() -> bool:
    return connection.vendor in ("postgresql", "sqlite")


def _execute(statement: str, given: list[list[Plain]]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(given), ROWS_PER_STATEMENT):
            part = json.dumps(given[start : start + ROWS_PER_STATEMENT], ensure_ascii=False)
            cursor.execute(statement, [part])


def _given(fields: Sequence[Field[Any, Any]]) -> str:
    """A query for the parameter, a JSON array of arrays of these fields, as a table."""
    if connection.vendor == "sqlite":
        rows = "json_each(%s)"
        parts = [f"json_extract(value, '$[{n}]') AS \"{f.column}\"" for n, f in enumerate(fields)]
    else:
        rows = "jsonb_array_elements(%s::jsonb)"
        parts = [
            f'CAST(value ->> {n} AS {f.rel_db_type(connection)}) AS "{f.column}"'
            for n, f in enumerate(fields)
        ]
    return f"SELECT {', '.join(parts)} FROM {rows}"  # noqa: S608


def _value(field: Field[Any, Any], row: Model) -> object:
    """A row's value of a field; of an encrypted one, bound to the row."""
    if isinstance(field, EncryptedTextField | EncryptedJSONField):
        return field.pre_save(row, add=False)
    return getattr(row, field.attname)


def _plain(field: Field[Any, Any], value: object) -> Plain:
    """A value as JSON can carry it to the database: a text, a number, a truth or nothing."""
    if isinstance(field, JSONField):
        return json.dumps(value, cls=field.encoder)
    if value is None or isinstance(value, (str, int)):
        return value
    return str(field.get_db_prep_save(value, connection))


# --- As many rows as a query finds ----------------------------------------------------------------


def insert_select(model: type[Model], names: Sequence[str], rows: QuerySet[Any, Any]) -> int:
    """Save what a query finds as rows of the model, by one statement; how many they are.

    ``rows`` gives the values of these fields, in their order. No signal is sent, and no default
    of a field is filled in.
    """
    quote = connection.ops.quote_name
    by_name = {field.name: field for field in model._meta.concrete_fields}
    columns = ", ".join(quote(str(by_name[name].column)) for name in names)
    try:
        query, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that it finds nothing
        return 0
    # The query is Django's own, with its values as parameters; the names are of our models.
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) {query}"
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def lock_rows(rows: QuerySet[Any, Any]) -> None:
    """Lock what a query finds, in the order of pks as everybody does, without fetching it."""
    if not connection.features.has_select_for_update:
        return  # such a database lets one transaction write at a time
    found = rows.model._default_manager.filter(pk__in=rows.order_by().values("pk"))
    locked = found.order_by("pk").select_for_update().values("pk")
    try:
        query, parameters = locked.query.sql_with_params()
    except EmptyResultSet:
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({query}) AS locked", parameters)  # noqa: S608


def update_found(rows: QuerySet[Any, Any], **values: Any) -> int:
    """Update what a query finds, locked by pk first, as everybody locks; how many rows it was."""
    with transaction.atomic():
        lock_rows(rows)
        return rows.update(**values)
