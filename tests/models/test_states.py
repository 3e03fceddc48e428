"""Rows move along their tables: each allowed move works, every other leaves the row alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, models, transaction

from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Application,
    Job,
    Marketplace,
    OrderState,
    OrderWindow,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
    WindowState,
)
from django_amazon_sync.models.states import StateMachineModel

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def an_account(state: str = AccountState.LIVE) -> SellerAccount:
    application, _ = Application.objects.get_or_create(client_id="amzn1.application-oa2-client.1")
    return SellerAccount.objects.create(application=application, seller_id="A1", state=state)


def a_window(state: str) -> OrderWindow:
    return OrderWindow.objects.create(account=an_account(), state=state, start=NOON, end=NOON)


def an_order(state: str) -> AmazonOrder:
    return AmazonOrder.objects.create(
        account=an_account(), number="302-1", state=state, shop_order_pk="1"
    )


def a_shipment(state: str) -> Shipment:
    return Shipment.objects.create(
        order=an_order(OrderState.PLACED), shop_pk="1", reference=1, state=state, shipped_at=NOON
    )


def a_run(state: str) -> SyncRun:
    return SyncRun.objects.create(account=an_account(), job=Job.EXPORT, state=state)


def a_submission(state: str) -> Submission:
    account = an_account()
    marketplace = Marketplace.objects.create(account=account, code="A1PA6795UKMFR9")
    return Submission.objects.create(
        account=account, marketplace=marketplace, kind=Submission.Kind.PATCH, state=state
    )


TABLES: dict[str, tuple[type[models.TextChoices], Callable[[str], StateMachineModel], str]] = {
    "account": (
        AccountState,
        an_account,
        """
        observing -> live paused disconnected
        live -> observing paused disconnected
        paused -> observing live disconnected
        disconnected -> observing
        """,
    ),
    "window": (WindowState, a_window, "open -> done refused\nrefused -> open"),
    "order": (
        OrderState,
        an_order,
        """
        seen -> held waiting cancelled recorded quarantined
        held -> seen waiting cancelled recorded quarantined
        waiting -> seen held placed quarantined cancelled recorded
        quarantined -> seen held waiting cancelled recorded
        recorded -> waiting
        placed -> cancelled
        """,
    ),
    "shipment": (
        ShipmentState,
        a_shipment,
        """
        waiting -> new seen unseen done
        new -> waiting sent seen unseen done
        sent -> unknown confirmed refused new seen done
        unknown -> new seen unseen done
        confirmed -> new seen unseen done
        refused -> new seen done
        seen -> new
        unseen -> new seen done
        """,
    ),
    "submission": (
        SubmissionState,
        a_submission,
        """
        new -> uploaded sent failed
        uploaded -> sent failed
        sent -> uploaded unknown done failed
        unknown -> sent done failed
        """,
    ),
    "run": (RunState, a_run, "queued -> running stopped\nrunning -> queued done stopped"),
}


def allowed(table: str) -> set[tuple[str, str]]:
    """The (from, to) pairs of a table's text."""
    rows = [line.split(" -> ") for line in TABLES[table][2].strip().splitlines()]
    return {(before.strip(), after) for before, afters in rows for after in afters.split()}


@pytest.mark.parametrize("table", TABLES)
def test_only_the_moves_of_the_table_are_made(table: str) -> None:
    states, make, _text = TABLES[table]
    moved = set()
    for before in states.values:
        for after in states.values:
            with transaction.atomic():
                row = make(before)
                result = row.move(after)
                stored = type(row)._default_manager.values_list("state", flat=True).get(pk=row.pk)
                assert (row.state, stored) == ((after, after) if result else (before, before))
                if result:
                    moved.add((before, after))
                transaction.set_rollback(True)
    assert moved == allowed(table)


def test_a_lost_race_leaves_the_losers_row_as_it_was() -> None:
    row = an_order(OrderState.WAITING)
    elsewhere = AmazonOrder.objects.get(pk=row.pk)
    assert elsewhere.move(OrderState.PLACED, reason="first")
    assert not row.move(OrderState.QUARANTINED, reason="second")
    assert (row.state, row.reason) == (OrderState.WAITING, "")
    assert AmazonOrder.objects.get(pk=row.pk).reason == "first"


def test_values_are_set_with_the_move() -> None:
    row = a_shipment(ShipmentState.NEW)
    assert row.move(ShipmentState.SENT, sent_at=NOON, reason="")
    assert (row.sent_at, Shipment.objects.get().sent_at) == (NOON, NOON)


@pytest.mark.parametrize("table", TABLES)
def test_the_schema_knows_the_states(table: str) -> None:
    _states, make, _text = TABLES[table]
    with pytest.raises(IntegrityError), transaction.atomic():
        make("lost")


def test_a_placed_order_is_somewhere() -> None:
    row = an_order(OrderState.WAITING)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.move(OrderState.PLACED, shop_order_pk="")


def test_a_finished_window_has_an_end() -> None:
    row = OrderWindow.objects.create(account=an_account(), start=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.move(WindowState.DONE)
