"""Exchange rates: fetched once a day where a marketplace needs them, and looked up for a run.

Fetching is never part of a request or a transaction. Where it fails, the rates that are there go
on until they are too old; what stops then are the prices of that marketplace, each with its line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import TypeAlias

import requests
from django.db import transaction
from django.db.models import Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import sessions
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.data import Rate
from django_amazon_sync.errors import Unavailable, Unreadable
from django_amazon_sync.models import (
    ExchangeRate,
    Marketplace,
    RateFetch,
    RateSource,
    SellerAccount,
)
from django_amazon_sync.rules.rates import EURO, TIME_ZONES, DayOfRates, Rates, crossed, read_day

logger = logging.getLogger("django_amazon_sync.rates")

#: The document has about two kilobytes; more than this is something else.
LARGEST = 1_000_000

#: Seconds to connect, and for each piece of the answer; and for all of it.
TIMEOUT, ALTOGETHER = (5.0, 10.0), 30.0

#: After a failure the rates are asked for again, but not before this time has passed.
REST = timedelta(hours=1)

#: Looks up the rate from a currency to another on a day; a sentence where it cannot tell.
Find: TypeAlias = Callable[[str, str, date], "Rate | str | None"]

#: Days that rates are kept, so that the table does not grow for ever.
KEPT = timedelta(days=365)


def fetch_due(account: SellerAccount) -> DayOfRates | None:
    """The European Central Bank's newest rates, if a marketplace of the account needs them today.

    They are fetched at most once a day and for all accounts together, and are for the caller to
    ``save``; what went wrong is said on the accounts that convert by them, until it works again.
    """
    active = account.marketplaces.filter(active=True, rate_source=RateSource.ECB)
    if not active.exists() or not RateFetch.claim(RateSource.ECB, clock.now(), REST):
        return None
    try:
        return fetch_day()
    except Unreadable as fault:
        RateFetch.objects.filter(source=RateSource.ECB).update(reason=str(fault))
        return None


def fetch_day() -> DayOfRates:
    """The European Central Bank's newest rates, over the network. Raises Unreadable."""
    url = conf.get("RATES_URL")
    headers = {"accept-encoding": sessions.ENCODINGS}
    bounds = Bounds("exchange rates", ALTOGETHER, largest=LARGEST)
    try:
        with sessions.exchange(requests.Request("GET", url, headers), TIMEOUT, bounds) as answer:
            if answer.status_code != requests.codes.ok:
                raise Unreadable(f"{url} answered with status {answer.status_code}.")
            return read_day(sessions.whole(answer, bounds), clock.now().date())
    except requests.RequestException as fault:
        raise Unreadable(f"{url} gave no answer ({type(fault).__name__}).") from None
    except Unavailable:
        raise Unreadable(f"{url} answers with too much, or too slowly.") from None


@transaction.atomic
def save(day: DayOfRates) -> None:
    """Keep a day of rates, all of it or nothing; a day that is there already is written anew."""
    now = clock.now()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    fetch = RateFetch.objects.filter(source=RateSource.ECB)
    fetch.update(reason="", fetched_at=now, next_at=midnight + timedelta(days=1))
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(source=RateSource.ECB, base=EURO, currency=currency, rate=rate, on=day.on)
            for currency, rate in day.rates.items()
        ],
        update_conflicts=True,
        unique_fields=["source", "base", "currency", "on"],
        update_fields=["rate"],
    )
    today = now.astimezone(UTC).date()
    fetched = ExchangeRate.objects.filter(source=RateSource.ECB)
    # From today on, whatever day was fetched; and what has not come can only be a mistake.
    fetched.filter(Q(on__lt=today - KEPT) | Q(on__gt=today + TIME_ZONES)).delete()


# --- Looking up -----------------------------------------------------------------------------------


def rates_for(
    marketplace: Marketplace, find: Find | None = None, today: date | None = None
) -> Rates | None:
    """The rates into the marketplace's currency, or None where it does not convert.

    Nothing is looked up before a price asks for it. ``find`` looks them up as if others were
    stored (``in_day``, ``in_table``), and as of ``today``, which is another day then.
    """
    if not marketplace.rate_source:
        return None
    stored, name, remedy = _SOURCES[RateSource(marketplace.rate_source)]
    find, today = find or stored, today or clock.now().date()
    currency = marketplace.facts.currency
    return Rates(
        currency,
        lambda base: find(base, currency, today),
        source=name,
        remedy=remedy,
        today=today,
        max_age=conf.get("RATES_MAX_AGE"),
    )


def newest_day(until: date) -> DayOfRates | None:
    """The bank's newest rates of that day or before, as far as they were fetched."""
    rows = ExchangeRate.objects.filter(source=RateSource.ECB, on__lte=until)
    newest = rows.order_by("-on").values_list("on", flat=True).first()
    if newest is None:
        return None
    return DayOfRates(newest, dict(rows.filter(on=newest).values_list("currency", "rate")))


def _of_the_bank(base: str, currency: str, today: date) -> Rate | str | None:
    day = newest_day(today)
    return None if day is None else in_day(day)(base, currency, today)


def in_day(day: DayOfRates) -> Find:
    """Looks up in the rates of this day, whether they are stored or not."""

    def find(base: str, currency: str, today: date) -> Rate | None:
        rate = crossed(day, base, currency)
        return None if rate is None else Rate(rate, day.on, _BANK)

    return find


def _of_the_table(base: str, currency: str, today: date) -> Rate | str | None:
    return in_table()(base, currency, today)


def in_table(typed: ExchangeRate | None = None, without: Collection[int] = ()) -> Find:
    """Looks up in the table as if it had this rate, and had these (pk) no more."""

    def find(base: str, currency: str, today: date) -> Rate | None:
        rows = ExchangeRate.objects.filter(
            source=RateSource.TABLE, base=base, currency=currency, on__lte=today
        )
        newest = rows.exclude(pk__in=without).order_by("-on").first()
        if typed is not None and (typed.base, typed.currency) == (base, currency):
            newer = newest is None or typed.on >= newest.on
            newest = typed if newer and typed.on <= today else newest
        return None if newest is None else Rate(newest.rate, newest.on, _TABLE)

    return find


def _of_the_project(base: str, currency: str, today: date) -> Rate | str | None:
    """What the project's function gives; a sentence where it fails: nothing else may stop."""
    path = conf.get("RATES_CALLABLE")
    try:
        answer: object = import_string(path)(base, currency)
    except Exception as fault:  # the border to the project's own code
        logger.exception("%s failed for %s to %s", path, base, currency)
        return f"{path} (AMAZON_SYNC['RATES_CALLABLE']) fails: {type(fault).__name__}; mend it."
    if answer is None or (isinstance(answer, Rate) and _is_whole(answer.rate, answer.on)):
        return answer
    return (
        f"{path} (AMAZON_SYNC['RATES_CALLABLE']) has to give a django_amazon_sync.data.Rate, of "
        "Decimal, date and text, or None; mend it."
    )


def _is_whole(rate: object, on: object) -> bool:
    return isinstance(rate, Decimal) and type(on) is date


#: In English, as rows keep them; who shows them translates.
_BANK, _TABLE = gettext_noop("European Central Bank"), gettext_noop("the table of exchange rates")

_OWN_PRICE = "or set an own Amazon price."

#: How to look one up, what the source is called, and what staff do where there is none.
_SOURCES: dict[RateSource, tuple[Find, str, str]] = {
    RateSource.ECB: (
        _of_the_bank,
        f"the rates of the {_BANK}",
        f"see Exchange rates in the admin, choose another source on the marketplace, {_OWN_PRICE}",
    ),
    RateSource.TABLE: (
        _of_the_table,
        _TABLE,
        f"enter it in the admin under Exchange rates, {_OWN_PRICE}",
    ),
    RateSource.CALLABLE: (
        _of_the_project,
        "the project's own rates (AMAZON_SYNC['RATES_CALLABLE'])",
        f"let the project's function give one, {_OWN_PRICE}",
    ),
}
