"""What somebody does who may write to the database, and not to the application."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model

from django_amazon_sync.models.fields import Bound, Encrypted, encrypt


def stored_in(row: Model, column: str) -> str:
    """What the table holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s",
            [row.pk],
        )
        [(stored,)] = cursor.fetchall()
    return str(stored)


def copy_stored(source: tuple[Model, str], target: tuple[Model, str]) -> None:
    """Copy what one column of one row holds into another."""
    row, column = target
    type(row)._default_manager.filter(pk=row.pk).update(**{column: Bound(stored_in(*source))})


def store_unbound(row: Model, column: str) -> None:
    """Store a value as it was before values were bound to their places."""
    field = row._meta.get_field(column)
    assert isinstance(field, Encrypted)
    token = encrypt(field.to_text(getattr(row, column)))
    type(row)._default_manager.filter(pk=row.pk).update(**{column: Bound(token)})
