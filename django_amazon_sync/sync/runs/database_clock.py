"""The database's clock, on which the hosts agree; their own may be minutes off."""

from __future__ import annotations

from django.db.models import DateTimeField, Expression, Value
from django.db.models.functions import Now

from django_amazon_sync import clock


def database_now() -> Expression:
    """Now as the database has it; where another clock stands in for the hosts', as that has it."""
    if clock.is_the_hosts():
        return Now()
    return Value(clock.now(), output_field=DateTimeField())
