"""The rows of a listings report into the tables, thousands by a few statements.

What is found for the first time is adopted: its price and quantity count as accepted. Whether it
is the first time is decided by the database in the statement that writes, so that a worker which
sends something at the same moment is never overwritten, and no row is loaded.

The statements are PostgreSQL's and SQLite's; what Django can say of an upsert knows no conditions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Model

from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Presence,
    SellerSku,
    amazon_ships,
)
from django_amazon_sync.models.reports import AmazonReport
from django_amazon_sync.sync.runs.bulk import update_found

#: Amazon may answer with a report that it made up to so long ago
#: (docs/amazon.md#reports-are-cached).
CACHED_FOR = timedelta(hours=6)

#: What is given of each row, in this order; ``believed`` is JSON.
GIVEN = ("sku", "channel", "asin", "status", "condition", "gtin", "believed")


#: The parameters of a statement, by name.
Values: TypeAlias = dict[str, str | int | bool | datetime | None]

SKUS, LISTINGS = SellerSku._meta.db_table, Listing._meta.db_table


@dataclass
class Taken:
    """Listings that we had no row of, that we had one of, and that count as found just now."""

    new: int = 0
    known: int = 0
    adopted: int = 0


def take_in(report: AmazonReport, rows: Sequence[Sequence[str]]) -> Taken:
    """Take in these rows, each as ``GIVEN`` says and no SKU twice; nothing is ever ended."""
    values: Values = {
        "given": json.dumps(rows, ensure_ascii=False),
        "account": report.account_id,
        "marketplace": report.marketplace_id,
        "made_at": _moment(report.made_at),
        "as_of": _moment(as_of(report)),
        "present": Presence.PRESENT.value,
        "ended": Presence.ENDED.value,
    }
    with connection.cursor() as cursor:
        # SKUs first and by themselves, as whoever sends locks a listing before its SKU.
        _insert(cursor, SellerSku, _SKUS, values)
        cursor.execute(_given() + _SHIPPED_OTHERWISE, values)
        for channel, pks in _by_channel(cursor.fetchall()).items():
            skus = SellerSku.objects.filter(pk__in=pks)
            if not amazon_ships(channel):  # what is believed of the quantity is of before
                amazons = skus.exclude(channel__in=("", MERCHANT_CHANNEL))
                update_found(amazons, stock_version=F("stock_version") + 1)
            update_found(skus, channel=channel)
        with transaction.atomic():
            cursor.execute(_given() + _COUNTS, values)
            counts: tuple[int, int, int] = cursor.fetchone()
            there, known, adopted = counts
            _insert(cursor, Listing, _LISTINGS, values)
    return Taken(new=there - known, known=known, adopted=adopted)


def as_of(report: AmazonReport) -> datetime:
    """The moment that the report's figures may be of."""
    assert report.made_at is not None  # each one that is READY has it
    return report.made_at - CACHED_FOR


# --- The statements -----------------------------------------------------------------------------
# Nothing but names of ours is put into their text; all values are parameters.

# What the API showed since then is newer than the report.
_SKU_UNREAD_SINCE = "(s.read_at IS NULL OR s.read_at < %(as_of)s)"
_UNREAD_SINCE = "(l.read_at IS NULL OR l.read_at < %(as_of)s)"
# A report has what is inactive, too: whether an ended offer is there again, a read shows.
_FOUND = f"(l.presence NOT IN (%(present)s, %(ended)s) AND {_UNREAD_SINCE})"

_SKUS = f"""
    INSERT INTO {SKUS} AS s (account_id, sku, channel{{columns}})
    SELECT %(account)s, given.sku, given.channel{{defaults}} FROM given WHERE true
    ON CONFLICT (account_id, sku) DO NOTHING
"""  # noqa: S608

_SHIPPED_OTHERWISE = f"""
    SELECT s.id, given.channel FROM given
    JOIN {SKUS} s ON s.account_id = %(account)s AND s.sku = given.sku
    WHERE s.channel <> given.channel AND given.channel <> '' AND {_SKU_UNREAD_SINCE}
"""  # noqa: S608

_COUNTS = f"""
    SELECT count(*), count(l.id),
        coalesce(sum(CASE WHEN l.id IS NULL OR {_FOUND} THEN 1 ELSE 0 END), 0)
    FROM given
    JOIN {SKUS} s ON s.account_id = %(account)s AND s.sku = given.sku
    LEFT JOIN {LISTINGS} l ON l.sku_id = s.id AND l.marketplace_id = %(marketplace)s
"""  # noqa: S608


def _if(condition: str, *columns: str) -> str:
    return ", ".join(
        f"{name} = CASE WHEN {condition} THEN excluded.{name} ELSE l.{name} END" for name in columns
    )


# In the order of the rows there, so that two who write many never lock them crosswise.
_LISTINGS = f"""
    INSERT INTO {LISTINGS} AS l (sku_id, marketplace_id, presence, asin, status, condition, gtin,
        believed, quantity_version, reported_at{{columns}})
    SELECT s.id, %(marketplace)s, %(present)s, given.asin, given.status, given.condition,
        given.gtin, {{believed}}, s.stock_version, %(made_at)s{{defaults}}
    FROM given
    JOIN {SKUS} s ON s.account_id = %(account)s AND s.sku = given.sku
    LEFT JOIN {LISTINGS} there
        ON there.sku_id = s.id AND there.marketplace_id = %(marketplace)s
    WHERE true ORDER BY there.id
    ON CONFLICT (sku_id, marketplace_id) DO UPDATE SET reported_at = excluded.reported_at,
        {_if("excluded.gtin <> ''", "gtin")},
        {_if(_UNREAD_SINCE, "asin", "status", "condition")},
        {_if(_FOUND, "presence", "believed", "quantity_version")},
        {_if(_FOUND, "verified", "verified_at", "drift", "reason", "answered", "suspected")}
"""  # noqa: S608


def _given() -> str:
    """The rows as a table of texts."""
    if connection.vendor == "sqlite":
        columns = [f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(GIVEN)]
        return f"WITH given AS (SELECT {', '.join(columns)} FROM json_each(%(given)s))"  # noqa: S608
    columns = [f"value ->> {n} AS {name}" for n, name in enumerate(GIVEN)]
    rows = "jsonb_array_elements(%(given)s::jsonb) AS rows(value)"
    return f"WITH given AS (SELECT {', '.join(columns)} FROM {rows})"  # noqa: S608


def _insert(cursor: CursorWrapper, model: type[Model], statement: str, values: Values) -> None:
    """Run an INSERT; the columns that it does not name get the model's defaults."""
    named = statement.partition("(")[2].partition(")")[0]
    columns = {name.strip() for name in named.replace("{columns}", "").split(",")}
    others = [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.column not in columns
    ]
    defaults: Values = {
        f"default_{field.column}": field.get_db_prep_save(field.get_default(), connection)
        for field in others
    }
    text = statement.format(
        columns="".join(f", {field.column}" for field in others),
        defaults="".join(f", %({name})s" for name in defaults),
        believed="given.believed" if connection.vendor == "sqlite" else "given.believed::jsonb",
    )
    cursor.execute(_given() + text, values | defaults)


def _by_channel(found: list[tuple[int, str]]) -> dict[str, list[int]]:
    channels: dict[str, list[int]] = {}
    for pk, channel in sorted(found):
        channels.setdefault(channel, []).append(pk)
    return channels


def _moment(at: datetime | None) -> datetime | str | None:
    """A time as the database has it in its columns."""
    adapted: datetime | str | None = connection.ops.adapt_datetimefield_value(at)
    return adapted
