"""Buyers' data go from every copy: our rows, what runs and parcels say, and the shop's order.

Each order goes in a transaction of its own, looked at again under its lock; one that cannot go
costs no other, and is tried again. What Amazon shows of an erased order later is stored without its
people (``orders/saving``), so that it stays so. Each time leaves a row that says who, when and how
many, and names no buyer.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import QuerySet

from django_amazon_sync import clock
from django_amazon_sync.amazon.orders import read_or_keep
from django_amazon_sync.amazon.without_people import without_people
from django_amazon_sync.errors import AmazonSyncError, Misplaced, NotSupported
from django_amazon_sync.models import AmazonOrder, Erasure, RunLine, SellerAccount, Shipment
from django_amazon_sync.models.fields import bound
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.orders.saving import fingerprint_of
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.privacy import due, tax
from django_amazon_sync.sync.runs.bulk import in_pages
from django_amazon_sync.sync.runs.database_clock import databases_now
from django_amazon_sync.sync.runs.work import isolated

logger = logging.getLogger("django_amazon_sync.privacy")

#: Orders of an account that one round erases at most.
ORDERS_PER_ROUND = 500

Why = Erasure.Why


def allow(account: SellerAccount, by: str) -> None:
    """Let buyers' data of the account be erased by themselves, as somebody saw the numbers."""
    first = SellerAccount.objects.filter(pk=account.pk, erases_since=None)
    first.update(erases_since=clock.now(), erasing_allowed_by=by[:255])
    account.refresh_from_db(fields=["erases_since", "erasing_allowed_by"])


def stop(account: SellerAccount) -> bool:
    """Let nothing more of the account be erased by itself; False where nothing was.

    It begins again as it did the first time.
    """
    begun = SellerAccount.objects.filter(pk=account.pk, erases_since__isnull=False)
    return begun.update(erases_since=None, erasing_allowed_by="") > 0


def erase_due() -> None:
    """The chore: a round of each account that somebody let erase."""
    for account in SellerAccount.objects.exclude(erases_since=None).defer("refresh_token"):
        erase_due_of(account)


def erase_due_of(
    account: SellerAccount, *, by: str = "", most: int | None = ORDERS_PER_ROUND
) -> Erasure | None:
    """Erase what is due of an account, at most so many orders; None where nothing was."""
    # A host's clock that is ahead erases nothing too soon: nothing would bring it back.
    before = due.limit(min(clock.now(), databases_now()))
    return _erase(account, due.due([account.pk], before), Why.DUE, by=by, most=most)


def erase_orders(
    account: SellerAccount, numbers: Sequence[str], *, user: User | None = None, by: str = ""
) -> Erasure | None:
    """Erase the buyers' data of these orders on request, but of those that are still to be placed
    or sent."""
    orders = erasable(account).filter(number__in=numbers)
    return _erase(account, orders, Why.ORDERS, user=user, by=by)


def erase_account(account: SellerAccount, *, by: str) -> Erasure | None:
    """Erase all buyers' data of an account on request, but of orders that are still to be placed
    or sent."""
    return _erase(account, erasable(account), Why.ACCOUNT, by=by)


def orders_of_same_buyer(order: AmazonOrder) -> list[str]:
    """The numbers of the account's orders with this order's e-mail address, which Amazon gives each
    buyer of an account; this one alone where it has none."""
    mail = _mail_of(order)
    others = AmazonOrder.objects.filter(account=order.account_id, erased_at=None)
    same = [other.number for other in in_pages(others) if mail and _mail_of(other) == mail]
    return sorted({order.number, *same})


def _mail_of(order: AmazonOrder) -> str:
    try:
        buyer = order.document.get("buyer")
    except Misplaced:
        return ""  # it is another order's
    mail = buyer.get("buyerEmail") if isinstance(buyer, dict) else ""
    return mail.strip().lower() if isinstance(mail, str) else ""


def erasable(account: SellerAccount) -> QuerySet[AmazonOrder]:
    """The orders of an account whose buyers' data may go when somebody asks for it."""
    rows = AmazonOrder.objects.filter(account=account, erased_at=None)
    return rows.exclude(due.still_needed()).defer("document")


def kept(account: SellerAccount) -> QuerySet[AmazonOrder]:
    """The orders of an account that keep their buyers, whoever asks."""
    rows = AmazonOrder.objects.filter(due.still_needed(), account=account, erased_at=None)
    return rows.defer("document")


# --- One after the other -------------------------------------------------------------------------


def _erase(
    account: SellerAccount,
    orders: QuerySet[AmazonOrder],
    why: Why,
    *,
    user: User | None = None,
    by: str = "",
    most: int | None = None,
) -> Erasure | None:
    """Erase these orders' buyers' data, and write down that it was done; None where none is.

    Raises ConfigurationError where the project has no shop.
    """
    shop, failed = configured_shop(), 0
    evidence = Erasure(account=account, why=why, user=user, by=by[:255])
    for pk in in_pages(orders.values_list("pk", flat=True)):
        if most is not None and evidence.counts.get("orders", 0) >= most:
            break
        try:
            evidence = isolated(partial(_erase_and_note, shop, orders, pk, evidence))
        except AmazonSyncError as reason:
            failed += 1
            logger.warning("Buyers' data of order row %s stay for now: %s", pk, reason.code)
    if failed:
        evidence.counts = {**evidence.counts, "failed": failed}
        if evidence.pk or why != Why.DUE:
            evidence.save()
    return evidence if evidence.pk else None


def _erase_and_note(shop: Shop, orders: QuerySet[AmazonOrder], pk: int, before: Erasure) -> Erasure:
    """Erase one order's buyer's data, and write it down in the same transaction: whoever dies
    leaves evidence. Returns the evidence, which is as it was ``before`` where that rolls back."""
    done = _erase_one(shop, orders, pk)
    if done is None:
        return before
    evidence = copy(before)
    evidence.counts = dict(Counter(before.counts) + done.counts)
    if evidence.why == Why.ORDERS:
        evidence.orders = [*before.orders, done.number]
    evidence.save()
    return evidence


class _Done(NamedTuple):
    """The order that was erased, and what of it, by name."""

    number: str
    counts: Counter[str]


def _erase_one(shop: Shop, orders: QuerySet[AmazonOrder], pk: int) -> _Done | None:
    """Erase one order's buyer's data in the caller's transaction; None where it may not go any
    more, as another worker was faster or Amazon said otherwise meanwhile."""
    row = AmazonOrder.objects.select_for_update().get(pk=pk)
    if not orders.filter(pk=pk).exists():
        return None
    counts = Counter(orders=1)
    counts[_anonymise(shop, row)] += 1  # the shop's rows are locked first, as everybody does
    counts["parcels"], counts["run_lines"] = _clean_parcels(row), _clean_run_lines(row)
    try:
        counts["kept_for_tax"] = int(tax.keep(row))
        own = row.document
    except Misplaced:
        own = {}  # another order's stands there, and goes
    read, document = read_or_keep(without_people(own))
    AmazonOrder.objects.filter(pk=pk).update(
        document=bound(row, "document", document),
        fingerprint=fingerprint_of(read),
        reason=without_its_buyer(row, row.reason),
        erased_at=clock.now(),
    )
    return _Done(row.number, +counts)


def _anonymise(shop: Shop, row: AmazonOrder) -> str:
    """Let the shop's order forget its buyer; the name under which it counts."""
    if not row.shop_order_pk:
        return "not_in_shop"
    try:
        shop.anonymise(row.shop_order_pk)
    except NotSupported:
        return "kept_by_shop"
    return "shop_orders"


def _clean_run_lines(row: AmazonOrder) -> int:
    """Take the buyer out of what runs said of the order; how many lines named one."""
    lines = RunLine.objects.filter(order_number=row.number, run__account=row.account_id)
    changed = 0
    for line in lines.exclude(message=""):
        said = without_its_buyer(row, line.message)
        if said != line.message:
            RunLine.objects.filter(pk=line.pk).update(message=said)
            changed += 1
    return changed


def _clean_parcels(row: AmazonOrder) -> int:
    """Take the buyer out of what parcels wait for; how many named one."""
    changed = 0
    for parcel in Shipment.objects.filter(order=row).exclude(reason=""):
        said = without_its_buyer(row, parcel.reason)
        if said != parcel.reason:
            Shipment.objects.filter(pk=parcel.pk).update(reason=said)
            changed += 1
    return changed
