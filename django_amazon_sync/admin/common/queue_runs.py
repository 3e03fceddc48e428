"""Buttons ask for a run: the run is a row, a worker does it, and the message links to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from django_amazon_sync import tasks
from django_amazon_sync.admin.common import next_steps
from django_amazon_sync.admin.common.formatting import change_url, list_url
from django_amazon_sync.models import (
    AccountState,
    Job,
    Listing,
    Marketplace,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs

#: For which account to ask, with which options; those of jobs.request().
Wanted = tuple[SellerAccount, dict[str, Any]]


def whole(accounts: Iterable[SellerAccount]) -> list[Wanted]:
    """Ask for all of each account, and once for each."""
    return [(account, {}) for account in {account.pk: account for account in accounts}.values()]


def by_account(skus: QuerySet[SellerSku]) -> list[Wanted]:
    """Ask for these SKUs, however many: one run for each account that they are of."""
    accounts = SellerAccount.objects.filter(pk__in=skus.order_by().values("account"))
    return [
        (account, {"skus": skus.filter(account=account.pk)})
        for account in accounts.defer("refresh_token").order_by("pk")
    ]


def by_account_and_marketplace(listings: QuerySet[Listing]) -> list[Wanted]:
    """Ask for these listings: one run for each account and marketplace that they are of."""
    marketplaces = Marketplace.objects.filter(pk__in=listings.order_by().values("marketplace"))
    rows = marketplaces.select_related("account").defer("account__refresh_token")
    return [
        (
            marketplace.account,
            {
                "skus": SellerSku.objects.filter(
                    pk__in=listings.filter(marketplace=marketplace).order_by().values("sku")
                ),
                "marketplaces": [marketplace.code],
            },
        )
        for marketplace in rows.order_by("pk")
    ]


def ask(
    request: HttpRequest,
    job: Job,
    wanted: Iterable[Wanted],
    *,
    dry_run: bool = False,
    done: str = "",
) -> None:
    """Queue one run for each account and say so, after what is ``done`` already."""
    asked = list(wanted)
    runs = queued(request, job, asked, dry_run=dry_run)
    if runs or done or not asked:  # else it is said of each account why not
        start_and_say(request, runs, done)


def queued(
    request: HttpRequest, job: Job, wanted: Iterable[Wanted], *, dry_run: bool = False
) -> list[SyncRun]:
    """One run for each account, which ``start_and_say`` hands to a worker.

    Of an account that is disconnected it would be called off later: it is said now.
    """
    user = request.user if request.user.is_authenticated else None
    asked = list(wanted)
    off = {row.pk: row for row, _options in asked if row.state == AccountState.DISCONNECTED}
    for row in off.values():
        text = gettext("No run is queued for %(account)s.") % {"account": row}
        messages.error(request, f"{text} {next_steps.of_account(row)}")
    return [
        jobs.request(account, job, options=options, dry_run=dry_run, asked_by=user)
        for account, options in asked
        if account.pk not in off
    ]


def start_and_say(request: HttpRequest, runs: list[SyncRun], done: str = "") -> None:
    """Start these runs, and say so after what is ``done`` already."""
    if not runs:
        messages.warning(
            request, done or gettext("Nothing was selected that this can be done with.")
        )
        return
    # The first run that no broker took is the last that is tried: each waits for the broker.
    taken = all(tasks.start(run) for run in runs)
    level = messages.SUCCESS if taken else messages.WARNING
    messages.add_message(request, level, _sentence(runs, taken, done))


def _sentence(runs: list[SyncRun], taken: bool, done: str) -> str:
    if taken:
        text = ngettext("%(number)d run is queued.", "%(number)d runs are queued.", len(runs))
    else:
        text = ngettext(
            "%(number)d run is queued and waits, as no broker could be reached: a worker or the "
            "command amazon_tick will do it.",
            "%(number)d runs are queued and wait, as no broker could be reached: a worker or the "
            "command amazon_tick will do them.",
            len(runs),
        )
    return format_html(
        '{} {} <a href="{}">{}</a>',
        done,
        text % {"number": len(runs)},
        _url(runs),
        ngettext("Follow the run", "Follow the runs", len(runs)),
    )


def _url(runs: list[SyncRun]) -> str:
    if len(runs) == 1:
        return change_url(runs[0])
    return list_url(SyncRun, id__in=",".join(str(run.pk) for run in runs))
