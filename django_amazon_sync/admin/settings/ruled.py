"""What somebody typed of the rules: the values as they are stored and as they would be, and what
that makes of the rules of each account.

Rules are columns of a marketplace and of its account, and the rates of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Model
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext

from django_amazon_sync import clock
from django_amazon_sync.admin.common.words import store_name
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.models import (
    AccountState,
    ExchangeRate,
    Marketplace,
    RateSource,
    SellerAccount,
)
from django_amazon_sync.sync.export.rule_changes import RuleChange
from django_amazon_sync.sync.offers.desired import Rules, switches_of
from django_amazon_sync.sync.offers.fields import FIELDS, own_fields
from django_amazon_sync.sync.offers.rates import in_table

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The columns that are rules.
COLUMNS: dict[type[Model], tuple[str, ...]] = {
    SellerAccount: ("synchronise_all", "stock_buffer"),
    Marketplace: (
        "active", "sync_name", "sync_price", "sync_quantity", "amazon_wins", "markup_percent",
        "price_ending", "price_floor", "rate_source",
    ),
    ExchangeRate: ("base", "currency", "rate", "on"),
}  # fmt: skip

#: A value by its row, its name, and as people read it.
Values = dict[str, str]


class Difference(NamedTuple):
    """A value that is another one: its name, and both as people read them."""

    name: str
    old: str
    new: str


@dataclass
class Ruled:
    """The rows as they were typed, and the changes of rules that they make; ``since`` is the moment
    from which they hold, where that is a later one."""

    rows: Sequence[Model]
    changes: Sequence[RuleChange]
    since: datetime | None = None
    _names: dict[str, str] = field(default_factory=dict)

    def typed(self) -> Values:
        """The values as they were typed."""
        return self._values(self.rows)

    def stored(self, *, lock: bool = False) -> Values:
        """The values that the database has now; locked until the transaction ends."""
        there: list[Model] = []
        for model in COLUMNS:
            pks = [row.pk for row in self.rows if isinstance(row, model) and row.pk]
            if not pks:
                continue
            rows = model._base_manager.filter(pk__in=pks).order_by("pk")
            if lock:
                rows = rows.select_for_update(of=("self",), no_key=True)
            there += rows.defer("refresh_token") if model is SellerAccount else rows
        return self._values(there)

    def differences(self, old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
        """What of these values is another one."""
        return [
            Difference(self._names.get(key, key), old.get(key, ""), new.get(key, ""))
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        ]

    def _values(self, rows: Iterable[Model]) -> Values:
        found: Values = {}
        for row in rows:
            key = f"{row._meta.model_name}-{row.pk or id(row)}"
            about = f"{store_name(row.code)}: " if isinstance(row, Marketplace) else ""
            for name, label, value in _of_row(row):
                found[f"{key}-{name}"] = value
                self._names[f"{key}-{name}"] = about + str(capfirst(label))
        return found


def _of_row(row: Model) -> Iterable[tuple[str, StrOrPromise, str]]:
    """Name, label and value of each rule in a row."""
    for name in COLUMNS[type(row)]:
        label: StrOrPromise = getattr(row._meta.get_field(name), "verbose_name", name)
        yield name, label, _text(row, name)
    if isinstance(row, Marketplace):
        switches = switches_of(row)
        for own in own_fields():
            label = gettext("Send: %(field)s") % {"field": own.label}
            yield f"send-{own.name}", label, _said(switches.get(own.name, True))


def _text(row: Model, name: str) -> str:
    """A value as people read it; equal values are equal texts."""
    value: Any = getattr(row, name)
    if name == "rate_source":
        return str(RateSource(value).label) if value else ""
    if isinstance(value, list):
        return ", ".join(str(FIELDS[one].label) for one in sorted(value) if one in FIELDS)
    return _said(value)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return date_format(value)
    return "" if value is None else str(value)


# --- Of an account and its marketplaces ----------------------------------------------------------


def of_marketplaces(typed: Sequence[Marketplace], account: SellerAccount | None = None) -> Ruled:
    """The rules of these marketplaces of one account as they were typed, and of the account."""
    own = account or typed[0].account
    stored = SellerAccount.objects.defer("refresh_token").get(pk=own.pk)
    places = stored.marketplaces.filter(pk__in=[place.pk for place in typed if place.pk])
    before = {place.pk: place for place in places.select_related("account")}
    after = {place.pk or -number: place for number, place in enumerate(typed, start=1)}
    for place in after.values():
        place.account = own
    ruled = Ruled([*([account] if account else []), *typed], [])
    changed = _changed(ruled, before, after, stored, own)
    ruled.changes = [
        RuleChange(
            stored,
            {pk: Rules.of(place) for pk, place in before.items() if pk in changed},
            {pk: Rules.of(place) for pk, place in after.items() if pk in changed},
        )
    ]
    return ruled


def _changed(
    ruled: Ruled,
    before: Mapping[int, Marketplace],
    after: Mapping[int, Marketplace],
    stored: SellerAccount,
    own: SellerAccount,
) -> set[int]:
    """The marketplaces whose rules are others than before; all, where the account's are."""
    if Ruled([stored], []).typed() != Ruled([own], []).typed():
        return set(after)
    return {
        pk
        for pk, place in after.items()
        if pk not in before or Ruled([before[pk]], []).typed() != Ruled([place], []).typed()
    }


# --- Of the table of rates -----------------------------------------------------------------------


def of_rate(typed: ExchangeRate) -> Ruled:
    """A rate of the table as it was typed."""
    stored = ExchangeRate.objects.filter(pk=typed.pk).first() if typed.pk else None
    today = clock.now().date()
    later = typed.on > today and (stored is None or stored.on > today)
    day = typed.on if later else today
    currencies = {rate.currency for rate in (typed, stored) if rate is not None}
    changes = _of_table(currencies, day, typed, [typed.pk] if typed.pk else [])
    since = datetime.combine(day, time(), UTC) if later else None
    return Ruled([typed], changes, since)


def without_rates(rates: Iterable[ExchangeRate]) -> Ruled:
    """The table without these rates."""
    gone = list(rates)
    currencies = {rate.currency for rate in gone}
    today = clock.now().date()
    return Ruled([], _of_table(currencies, today, None, [rate.pk for rate in gone]))


def _of_table(
    currencies: Iterable[str], day: date, typed: ExchangeRate | None, without: Sequence[int]
) -> list[RuleChange]:
    """What that makes of the rules of each account that writes and converts by the table."""
    wanted = set(currencies)
    codes = [code for code, facts in MARKETPLACES.items() if facts.currency in wanted]
    places = Marketplace.objects.filter(
        active=True, rate_source=RateSource.TABLE, code__in=codes, account__state=AccountState.LIVE
    )
    by_account: dict[SellerAccount, list[Marketplace]] = {}
    for place in places.select_related("account").defer("account__refresh_token").order_by("pk"):
        by_account.setdefault(place.account, []).append(place)
    return [
        RuleChange(
            account,
            {place.pk: Rules.of(place, in_table(), day) for place in its_own},
            {place.pk: Rules.of(place, in_table(typed, without), day) for place in its_own},
        )
        for account, its_own in by_account.items()
    ]
