"""The database's clock, on which the hosts agree; their own may be minutes off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Expression, Value
from django.db.models.functions import Now

from django_amazon_sync import clock
from django_amazon_sync.models import SellerAccount


def database_now() -> Expression:
    """Now as the database has it, or as a clock has it that stands in for the database's."""
    moment = clock.stores_now()
    return Now() if moment is None else Value(moment, output_field=DateTimeField())


def databases_now() -> datetime:
    """That moment itself. Any row tells it; without an account nothing waits for it."""
    row = SellerAccount.objects.annotate(now=database_now()).values_list("now", flat=True).first()
    return row or clock.now()


class _AtLast(Now):
    """The moment at which a row is read, after others were waited for that had locked it."""

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CLOCK_TIMESTAMP()", **context)


def read_at() -> Expression:
    """Now as the database has it when it gives a row, which it may have waited for."""
    moment = clock.stores_now()
    return _AtLast() if moment is None else Value(moment, output_field=DateTimeField())
