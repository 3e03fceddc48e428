"""Writing values of many rows in one statement.

Django's ``bulk_update`` puts every value of every row into a CASE of its own, and takes about a
hundred times as long.
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
    if connection.vendor not in ("postgresql", "sqlite"):
        model._default_manager.bulk_update(rows, names)
        return
    fields: list[Field[Any, Any]] = [model._meta.get_field(name) for name in names]  # type: ignore[misc]
    statement = _statement(model, fields)
    listed = list(rows)
    with connection.cursor() as cursor:
        for start in range(0, len(listed), TOGETHER):
            given = [
                [row.pk, *(_plain(field, getattr(row, field.attname)) for field in fields)]
                for row in listed[start : start + TOGETHER]
            ]
            cursor.execute(statement, [json.dumps(given, ensure_ascii=False)])


def _statement(model: type[Model], fields: Sequence[Field[Any, Any]]) -> str:
    """An UPDATE from one parameter, a JSON array of arrays: pk, then the fields."""
    pk = model._meta.pk
    assert pk is not None
    if connection.vendor == "sqlite":
        rows = "json_each(%s)"
        parts = [f"json_extract(value, '$[{n}]')" for n in range(len(fields) + 1)]
    else:
        rows = "jsonb_array_elements(%s::jsonb)"
        types = [field.rel_db_type(connection) for field in (pk, *fields)]
        parts = [f"CAST(value ->> {n} AS {kind})" for n, kind in enumerate(types)]
    columns = [f"f{n}" for n in range(len(parts))]
    given = ", ".join(f"{part} AS {name}" for part, name in zip(parts, columns, strict=True))
    values = ", ".join(
        f'"{field.column}" = given.{name}' for field, name in zip(fields, columns[1:], strict=True)
    )
    table = model._meta.db_table
    # Nothing but names of ours is put into the text; the values are its parameter.
    return (
        f'UPDATE "{table}" SET {values} FROM (SELECT {given} FROM {rows}) AS given '  # noqa: S608
        f'WHERE "{table}"."{pk.column}" = given.f0'
    )


def _plain(field: Field[Any, Any], value: Any) -> Any:
    """A value as JSON can carry it to the database: a text, a number, a truth or nothing."""
    if isinstance(field, JSONField):
        return json.dumps(value, cls=field.encoder)
    if value is None or type(value) in (str, int, bool):
        return value
    return str(field.get_db_prep_save(value, connection))
