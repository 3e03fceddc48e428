"""Writing many rows in one statement, whose one parameter is the rows as JSON.

Django's ``bulk_update`` puts every value of every row into a CASE of its own, and takes about a
hundred times as long; ``bulk_create`` prepares each value by itself, and takes some times as long.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, JSONField, Model

#: Rows of one statement.
TOGETHER = 2000


def update_rows(rows: Collection[Model], names: Sequence[str]) -> None:
    """Store these fields of rows that are there, all of one model; no signal is sent."""
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
    given = [[row.pk, *(_plain(one, getattr(row, one.attname)) for one in fields)] for row in rows]
    _execute(statement, given)


def insert_rows(rows: Collection[Model]) -> None:
    """Store new rows, all of one model; they are not told their pks, and no signal is sent."""
    if not rows:
        return
    model = type(next(iter(rows)))
    if not _can():
        model._default_manager.bulk_create(rows)
        return
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) {_given(fields)}'
    given = [[_plain(one, one.pre_save(row, add=True)) for one in fields] for row in rows]
    _execute(statement, given)


def _can() -> bool:
    return connection.vendor in ("postgresql", "sqlite")


def _execute(statement: str, given: list[list[Any]]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(given), TOGETHER):
            part = json.dumps(given[start : start + TOGETHER], ensure_ascii=False)
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


def _plain(field: Field[Any, Any], value: Any) -> Any:
    """A value as JSON can carry it to the database: a text, a number, a truth or nothing."""
    if isinstance(field, JSONField):
        return json.dumps(value, cls=field.encoder)
    if value is None or type(value) in (str, int, bool):
        return value
    return str(field.get_db_prep_save(value, connection))
