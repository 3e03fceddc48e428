"""Asking Amazon for single orders: those that lack something, and those that pend for long.

Each order that Amazon owes an answer for has a time from which it is asked for (``ask_at``). Who
waits longest goes first, and each question in vain makes the pause before the next one longer, so
that orders which never get an answer keep nobody else from one.
"""

from __future__ import annotations

from collections.abc import Sequence

from django_amazon_sync import clock
from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.errors import (
    AmazonError,
    Disconnected,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import AmazonOrder, OrderState, Outcome
from django_amazon_sync.rules.statuses import PENDING
from django_amazon_sync.sync.accounts.access import Part, closed
from django_amazon_sync.sync.orders.saving import (
    MOST_TRIES,
    is_long_pending,
    pause_after,
    save_orders,
)
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.runs.bulk import in_pages
from django_amazon_sync.sync.runs.work import SO_FAR, Work

#: Orders that are asked for one by one in a run (getOrder: a burst of 30).
ASKED_SINGLY = 30

#: So many questions in a row without an answer are an outage, and no fault of the orders.
OUTAGE = 3


def ask_for(work: Work, numbers: Sequence[str]) -> None:
    """Ask for orders that staff chose; one that Amazon does not show costs the others nothing.

    A run that has to wait, for Amazon's limit or as Amazon is away, goes on with the first order
    that had no answer by then. Raises Unauthorized where Amazon refuses access to each of them.
    """
    so_far = work.run.options.get(SO_FAR)
    start = so_far if isinstance(so_far, int) else 0
    silent: list[tuple[str, AmazonError]] = []
    refused: list[Unauthorized] = []
    for done, number in enumerate(numbers[start:], start=start + 1):
        work.lease.check()
        lack = _ask_for_chosen(work, number)
        if lack is not None:
            _unanswered(lack, len(silent))
            silent.append((number, lack))
            if isinstance(lack, Unavailable) and done < len(numbers):
                continue  # the next tells whether Amazon is away
            if isinstance(lack, Unauthorized):
                refused.append(lack)
        for unanswered, why in silent:
            _say_unanswered(work, unanswered, why)
        silent.clear()
        work.run.options[SO_FAR] = done
        work.run.save(update_fields=["options"])
    if refused and len(refused) == len(numbers) - start:
        raise refused[0]


def _ask_for_chosen(work: Work, number: str) -> AmazonError | None:
    """Save the order as Amazon shows it now; else why it does not show it."""
    try:
        answer = gateway.get_order(work.client, number)
    except Disconnected:
        raise
    except (Rejected, Unauthorized, Unavailable) as lack:
        _check_asked(lack)
        return lack
    save_orders(work, [answer], asked_for=True, by_id=True)
    return None


def _say_unanswered(work: Work, number: str, lack: AmazonError) -> None:
    row = AmazonOrder.objects.filter(account=work.account, number=number).first()
    said = without_its_buyer(row, str(lack)) if row else str(lack)
    work.line(Outcome.FAILED, order_number=number, code=lack.code, message=said)


def ask_for_incomplete(work: Work) -> None:
    """Ask by getOrder for the orders whose time has come, each at its own cost.

    Where Amazon refuses all orders of a store, as its searches tell, those there wait.
    """
    _note_long_pending(work)
    due = AmazonOrder.objects.filter(account=work.account, ask_at__lte=clock.now())
    due = due.exclude(marketplace__in=closed(work.account, Part.ORDERS))
    rows = due.order_by("ask_at", "pk").defer("document")[:ASKED_SINGLY]
    unanswered = 0
    for row in list(rows):
        work.lease.check()
        try:
            answer = gateway.get_order(work.client, row.number)
        except (Throttled, Disconnected):
            raise  # no fault of this order
        except AmazonError as lack:
            _check_asked(lack)
            _put_off(work, row, lack)
            unanswered = _unanswered(lack, unanswered)
            continue
        unanswered = 0
        save_orders(work, [answer], asked_for=False, by_id=True)


def _check_asked(lack: AmazonError) -> None:
    """Raises what was never sent, as Redis or the line was away: it is no order's fault."""
    if isinstance(lack, Unavailable) and not lack.sent:
        raise lack


def _unanswered(lack: AmazonError, before: int) -> int:
    """How many questions in a row got no answer now. Raises where that is an outage."""
    now = before + 1 if isinstance(lack, Unavailable) else 0
    if now >= OUTAGE:
        raise lack
    return now


def _put_off(work: Work, row: AmazonOrder, lack: AmazonError) -> None:
    """Amazon would not show it: ask again later, less and less often; then staff have to look."""
    tries = row.tries + 1
    values: dict[str, object] = {"tries": tries, "ask_at": clock.now() + pause_after(row.tries)}
    outcome = Outcome.WAITING
    said = without_its_buyer(row, str(lack))
    if tries == MOST_TRIES:
        said = f"{row.reason} {said} {Message(Code.ASKED_IN_VAIN, count=tries)}"
        values["reason"] = said
        if row.state == OrderState.SEEN:
            values["state"], outcome = OrderState.QUARANTINED, Outcome.QUARANTINED
    # The row is not locked: what another worker found meanwhile has no question left, and stays.
    asked = AmazonOrder.objects.filter(pk=row.pk, ask_at=row.ask_at, state=row.state)
    if asked.update(**values):
        work.line(outcome, order_number=row.number, code=lack.code, message=said)


def _note_long_pending(work: Work) -> None:
    """Let orders be asked for whose payment is pending for longer than usual."""
    pending = AmazonOrder.objects.filter(
        account=work.account, state=OrderState.HELD, status__in=PENDING, ask_at=None
    )
    now = clock.now()
    long = [row.pk for row in in_pages(pending.defer("document")) if is_long_pending(row, now)]
    AmazonOrder.objects.filter(pk__in=long, state=OrderState.HELD, ask_at=None).update(ask_at=now)
