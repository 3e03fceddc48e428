"""Everyday work that waits for staff, beside what alarms tell: counted for all accounts at once.

Each kind is one query, however many accounts there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext, ngettext, ngettext_lazy

from django_amazon_sync.admin.common.conditions import stopped_by_shop, to_ship
from django_amazon_sync.admin.common.formatting import by_store, change_url, list_url
from django_amazon_sync.admin.common.help_links import of_account
from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Job,
    Listing,
    Outcome,
    Presence,
    Proposal,
    RunLine,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync.offers.fields import QUANTITY

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


#: The article that says what matching leaves to staff.
MATCHING = "listing-not-on-amazon"


@dataclass(frozen=True)
class Work:
    """One kind of work of one account: how much, where it is done, which article explains it."""

    sentence: StrOrPromise
    path: str
    article: str


def work_of(
    accounts: Iterable[SellerAccount], runs: Mapping[int, Iterable[SyncRun]]
) -> dict[int, list[Work]]:
    """What waits, by account (pk); of one that is disconnected nothing can be done here, but what
    stays on sale of one that staff deactivated is told. ``runs`` are the last of each job."""
    rows = list(accounts)
    at_work = [row for row in rows if row.state != AccountState.DISCONNECTED]
    pks = [row.pk for row in at_work]
    found: dict[int, list[Work]] = defaultdict(list)
    for pk, work in (
        *_to_ship(pks), *_differing(pks, runs), *_stopped_offers(pks), *_proposals(pks),
    ):  # fmt: skip
        found[pk].append(work)
    for row in at_work:
        if not row.alarm_recipients:
            text = gettext("Nobody gets the alarms of this account by e-mail.")
            found[row.pk].append(Work(text, change_url(row), "alarms"))
    for pk, work in _left_on_sale([row for row in rows if row.deactivated]):
        found[pk].append(work)
    return found


def _left_on_sale(deactivated: list[SellerAccount]) -> Iterable[tuple[int, Work]]:
    """What Amazon goes on selling of accounts that staff deactivated, as far as is known."""
    numbers: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Listing.objects.filter(marketplace__account__in=deactivated, presence=Presence.PRESENT)
    sold_out = Count("pk", filter=Q(**{f"believed__{QUANTITY}": 0}))
    counted = rows.order_by().values_list("marketplace__account", "marketplace__code")
    for pk, code, number in counted.annotate(number=Count("pk") - sold_out):
        if number:
            numbers[pk][code] = number
    for row in deactivated:
        if total := sum(numbers[row.pk].values()):
            text = ngettext(
                "Deactivated: nothing is sent and no order comes in, and %(number)d offer stays on "
                "sale on Amazon (%(stores)s). Take the deactivation back, or end the offer in "
                "Seller Central.",
                "Deactivated: nothing is sent and no order comes in, and %(number)d offers stay on "
                "sale on Amazon (%(stores)s). Take the deactivation back, or end the offers in "
                "Seller Central.",
                total,
            ) % {"number": total, "stores": by_store(numbers[row.pk])}
            yield row.pk, Work(text, change_url(row), of_account(row))


def _to_ship(pks: list[int]) -> Iterable[tuple[int, Work]]:
    text = ngettext_lazy(
        "%(number)d order is to be shipped.", "%(number)d orders are to be shipped.", "number"
    )
    rows = AmazonOrder.objects.filter(to_ship(), account__in=pks)
    for pk, number in _counted(rows, "account"):
        path = list_url(AmazonOrder, account=pk, ship_by="all")
        yield pk, Work(text % {"number": number}, path, "ship-by-is-near")


def _differing(pks: list[int], runs: Mapping[int, Iterable[SyncRun]]) -> Iterable[tuple[int, Work]]:
    """Orders of which the last comparison told that Amazon's report says something else."""
    for pk in pks:
        for run in runs.get(pk, ()):
            if run.job == Job.RECONCILE and (number := run.counts.get(Outcome.DRIFTED, 0)):
                text = ngettext(
                    "Amazon's report says something else of %(number)d order than Amazon's answer: "
                    "look at it in Seller Central.",
                    "Amazon's report says something else of %(number)d orders than Amazon's "
                    "answers: look at them in Seller Central.",
                    number,
                ) % {"number": number}
                path = list_url(RunLine, run=run.pk, outcome__exact=Outcome.DRIFTED)
                yield pk, Work(text, path, "orders-not-up-to-date")


def _stopped_offers(pks: list[int]) -> Iterable[tuple[int, Work]]:
    text = ngettext_lazy(
        "Something stops %(number)d product: its page says what, and where to mend it.",
        "Something stops %(number)d products: their pages say what, and where to mend it.",
        "number",
    )
    rows = SellerSku.objects.filter(stopped_by_shop(), account__in=pks)
    for pk, number in _counted(rows, "account"):
        path = list_url(SellerSku, account=pk, problem="yes")
        yield pk, Work(text % {"number": number}, path, "listing-not-on-amazon")


def _proposals(pks: list[int]) -> Iterable[tuple[int, Work]]:
    text = ngettext_lazy(
        "%(number)d proposal of matching waits for your decision.",
        "%(number)d proposals of matching wait for your decision.",
        "number",
    )
    rows = Proposal.objects.filter(sku__account__in=pks, refused=False)
    for pk, number in _counted(rows, "sku__account"):
        yield pk, Work(text % {"number": number}, list_url(Proposal, account=pk), MATCHING)


def _counted(rows: QuerySet[Any], account: str) -> Iterable[tuple[int, int]]:
    counted: Iterable[tuple[int, int]] = (
        rows.order_by().values_list(account).annotate(number=Count("pk"))
    )
    return counted
