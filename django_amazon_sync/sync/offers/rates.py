"""Exchange rates: fetched once a day where a marketplace needs them, and looked up for a run.

Fetching is never part of a request or a transaction. Where it fails, the rates that are there go
on until they are too old; what stops then are the prices of that marketplace, each with its line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, timedelta
from decimal import Decimal
from functools import partial

import requests
from django.utils.module_loading import import_string
from django.utils.translation import gettext, gettext_noop

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import sessions
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.data import Rate
from django_amazon_sync.errors import Unavailable, Unreadable
from django_amazon_sync.models import ExchangeRate, Marketplace, RateFetch, RateSource
from django_amazon_sync.rules.rates import EURO, DayOfRates, Rates, crossed, read_day
from django_amazon_sync.sync.runs.work import Work

logger = logging.getLogger("django_amazon_sync.rates")

#: The document has about two kilobytes; more than this is something else.
LARGEST = 1_000_000

#: Seconds to connect, and for each piece of the answer; and for all of it.
TIMEOUT, ALTOGETHER = (5.0, 10.0), 30.0

#: After a failure the rates are asked for again, but not before this time has passed.
REST = timedelta(hours=1)

#: Days that rates are kept, so that the table does not grow for ever.
KEPT = timedelta(days=365)


def bring_up_rates(work: Work) -> None:
    """Fetch the European Central Bank's rates if a marketplace of the account needs them today.

    At most once a day and for all accounts together; what went wrong is said on the accounts that
    convert by them, until it works again.
    """
    active = work.account.marketplaces.filter(active=True, rate_source=RateSource.ECB)
    now = clock.now()
    if not active.exists() or not RateFetch.claim(RateSource.ECB, now, REST):
        return
    fetch = RateFetch.objects.filter(source=RateSource.ECB)
    try:
        save(fetch_day())
    except Unreadable as fault:
        fetch.update(reason=str(fault))
    else:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        fetch.update(reason="", fetched_at=now, next_at=midnight + timedelta(days=1))


def fetch_day() -> DayOfRates:
    """The European Central Bank's newest rates, over the network. Raises Unreadable."""
    url = conf.get("RATES_URL")
    bounds = Bounds("exchange rates", ALTOGETHER, largest=LARGEST)
    try:
        with sessions.exchange(requests.Request("GET", url), TIMEOUT, bounds) as answer:
            if answer.status_code != requests.codes.ok:
                raise Unreadable(f"{url} answered with status {answer.status_code}.")
            return read_day(sessions.whole(answer, bounds))
    except requests.RequestException as fault:
        raise Unreadable(f"{url} gave no answer ({type(fault).__name__}).") from None
    except Unavailable:
        raise Unreadable(f"{url} answers with too much, or too slowly.") from None


def save(day: DayOfRates) -> None:
    """Keep a day of rates, all of it or nothing; a day that is there already is written anew."""
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(source=RateSource.ECB, base=EURO, currency=currency, rate=rate, on=day.on)
            for currency, rate in day.rates.items()
        ],
        update_conflicts=True,
        unique_fields=["source", "base", "currency", "on"],
        update_fields=["rate"],
    )
    ExchangeRate.objects.filter(source=RateSource.ECB, on__lt=day.on - KEPT).delete()


# --- Looking up -----------------------------------------------------------------------------------


def rates_for(marketplace: Marketplace) -> Rates | None:
    """The rates into the marketplace's currency, or None where it does not convert.

    Nothing is looked up before a price asks for it.
    """
    if not marketplace.rate_source:
        return None
    source = RateSource(marketplace.rate_source)
    find, name, remedy = _SOURCES[source]
    today = clock.now().date()
    currency = marketplace.facts.currency
    return Rates(
        currency,
        partial(find, currency=currency, today=today),
        source=name,
        remedy=remedy,
        today=today,
        max_age=conf.get("RATES_MAX_AGE"),
    )


def _of_the_bank(base: str, currency: str, today: date) -> Rate | None:
    rows = ExchangeRate.objects.filter(source=RateSource.ECB, on__lte=today)
    newest = rows.order_by("-on").values_list("on", flat=True).first()
    if newest is None:
        return None
    found = rows.filter(on=newest, currency__in=[base, currency])
    day = DayOfRates(newest, dict(found.values_list("currency", "rate")))
    rate = crossed(day, base, currency)
    return None if rate is None else Rate(rate, newest, gettext(_BANK))


def _of_the_table(base: str, currency: str, today: date) -> Rate | None:
    rows = ExchangeRate.objects.filter(
        source=RateSource.TABLE, base=base, currency=currency, on__lte=today
    )
    newest = rows.order_by("-on").first()
    return None if newest is None else Rate(newest.rate, newest.on, gettext(_TABLE))


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


_BANK, _TABLE = gettext_noop("European Central Bank"), gettext_noop("the table of exchange rates")

_OWN_PRICE = "or set an own Amazon price."

#: How to look one up, what the source is called, and what staff do where there is none.
_SOURCES: dict[RateSource, tuple[Callable[..., Rate | str | None], str, str]] = {
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
