"""New exchange rates from the European Central Bank, and the listings whose prices they change.

They are fetched with no transaction open; what they change is noted in the one that saves them.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from django_amazon_sync import clock
from django_amazon_sync.models import AccountState, RateSource, SellerAccount
from django_amazon_sync.rules.rates import DayOfRates
from django_amazon_sync.sync.export.rule_changes import Effects, RuleChange, effects_of
from django_amazon_sync.sync.offers import rates
from django_amazon_sync.sync.offers.desired import Rules
from django_amazon_sync.sync.offers.rates import in_day
from django_amazon_sync.sync.runs.work import Work

#: Seconds for the listings of one account; those that are left then are noted unseen.
LOOKS_FOR = 60.0


def bring_up_rates(work: Work) -> None:
    """Fetch the rates if a marketplace of the account needs them today; what they change leaves by
    the lane of changes, of all accounts."""
    day = rates.fetch_due(work.account)
    if day is None:
        return
    effects = [] if day == rates.newest_day(clock.now().date()) else list(_effects(day, work))
    with transaction.atomic():
        rates.save(day)
        for each in effects:
            each.note()


def _effects(day: DayOfRates, work: Work) -> Iterator[Effects]:
    """What these rates change in each account that writes."""
    for account in SellerAccount.objects.filter(state=AccountState.LIVE).defer("refresh_token"):
        converting = account.marketplaces.filter(active=True, rate_source=RateSource.ECB)
        places = list(converting.select_related("account").defer("account__refresh_token"))
        before = {place.pk: Rules.of(place) for place in places}
        after = {place.pk: Rules.of(place, in_day(day)) for place in places}
        change = RuleChange(account, before, after)
        yield effects_of(change, work.shop, LOOKS_FOR, work.lease.check)
