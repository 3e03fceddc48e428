"""Whose turn it is: one account's many changes and another's first, with one worker for both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.errors import NotYet
from django_amazon_sync.models import (
    AccountState,
    Job,
    OfferChange,
    Outcome,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.rules.decision import Act, Decision
from django_amazon_sync.sync import jobs, queue
from django_amazon_sync.sync.export import export, send
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.queue import Slice, Waiting
from django_amazon_sync.sync.runs.work import Work
from django_amazon_sync.testing.factories import RunLineFactory, SyncRunFactory
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.commands.conftest import manage
from tests.factories_amazon import LiveAccountFactory
from tests.world import DE, World

pytestmark = pytest.mark.django_db

US = "ATVPDKIKX0DER"
MANY = 80

Connect = Callable[..., World]


@dataclass
class Two:
    """An account with very many changes to send, and one that is in step."""

    many: World
    other: World

    def one_more_sale(self) -> None:
        """The other's shop sells one unit."""
        record = get_model("partner", "StockRecord").objects.get(partner_sku="VASE")
        assert record.num_in_stock is not None
        record.num_in_stock -= 1
        record.save()

    def sent(self) -> list[str]:
        """The SKUs that were patched, in Amazon's order."""
        patches = self.many.amazon.requests_of("patchListingsItem")
        return [seen.path.rpartition("/")[2] for seen in patches if seen.status == 200]


@pytest.fixture
def two(connect: Connect) -> Two:
    other = connect("na", (US,), scope="other")
    factories.stock_record("VASE", currency="USD", in_stock=5, partner_code="other")
    other.list_on_amazon("VASE", marketplace=US, price="10.00", quantity=5)
    assert other.export().state == RunState.DONE
    many = connect("eu", scope="warehouse")
    for number in range(MANY):
        sku = f"SKU-{number:03}"
        factories.stock_record(sku, in_stock=4)
        many.list_on_amazon(sku, price="10.00", quantity=9)
    Schedule.objects.all().delete()
    OfferChange.objects.all().delete()
    jobs.request(many.account, Job.EXPORT)
    return Two(many, other)


def sell_after(two: Two, patches: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the other's shop sell once so many changes are sent; when that was, by Amazon's clock."""
    sold: list[float] = []
    usual = send.send_patch

    def and_sell(*args: Any, **kwargs: Any) -> Any:
        answer = usual(*args, **kwargs)
        if len(two.sent()) == patches and not sold:
            two.one_more_sale()
            sold.append(two.many.amazon.now().timestamp())
        return answer

    monkeypatch.setattr(export, "send_patch", and_sell)
    return sold


def seconds_until_sent(two: Two, sold: list[float]) -> float:
    [vase] = [
        seen
        for seen in two.other.amazon.requests_of("patchListingsItem")
        if seen.path.endswith("/VASE")
    ]
    return vase.at - sold[0]


TRUE_LIMITS = pytest.mark.parametrize(
    "amazon", [{"rate_limits": True, "time_scale": 8}], indirect=True
)


@TRUE_LIMITS
def test_many_changes_do_not_delay_anothers_first(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At five a second by Amazon's clock, what is left of 80 changes takes eleven seconds more."""
    monkeypatch.setattr(queue, "SLICE", 0.1)
    monkeypatch.setattr(queue, "LOOKS_EVERY", 0.1)
    sold = sell_after(two, 25, monkeypatch)
    assert manage("amazon_tick").exit == 0
    sent = two.sent()
    assert len(sent) == len(set(sent)) == MANY + 1
    assert 25 <= sent.index("VASE") <= 40  # the twenty that were at work
    assert seconds_until_sent(two, sold) < 40  # four, and what a busy machine takes, times eight
    run = SyncRun.objects.get(account=two.many.account, job=Job.EXPORT)
    assert (run.state, run.counts["sent"], run.lines.count()) == (RunState.DONE, MANY, MANY)
    assert (run.counts["looked_at"], run.planned, run.done) == (MANY, MANY, MANY)


@TRUE_LIMITS
def test_without_the_slice_it_would_wait_for_all_of_them(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "SLICE", 1e9)
    sold = sell_after(two, 25, monkeypatch)
    assert manage("amazon_tick").exit == 0
    assert two.sent().index("VASE") == MANY
    assert seconds_until_sent(two, sold) > 10


def test_where_nobody_waits_a_run_goes_on(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "SLICE", 0)
    begun: list[int] = []
    perform = jobs.perform

    def count(run: SyncRun, **how: Any) -> SyncRun:
        begun.append(run.pk)
        return perform(run, **how)

    monkeypatch.setattr(jobs, "perform", count)
    assert manage("amazon_tick").exit == 0
    assert len(begun) == 1


def test_a_command_for_one_account_has_no_slice(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "SLICE", 0)
    two.one_more_sale()
    run = jobs.perform(jobs.request(two.many.account, Job.EXPORT))
    assert (run.state, run.counts["sent"]) == (RunState.DONE, MANY)


# --- The order of turns ---------------------------------------------------------------------------


def live(name: str) -> SellerAccount:
    account = LiveAccountFactory.create(name=name)
    account.schedules.all().delete()
    return account


def test_a_slice_begins_with_the_first_batch_and_ends_where_somebody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    account = live("one")
    over = Slice(Waiting())
    clock[0] += 1000  # the look through the catalogue
    jobs.request(account, Job.VERIFY)
    assert not over()
    clock[0] += queue.SLICE - 1
    assert not over()
    clock[0] += 1
    assert over()
    SyncRun.objects.all().delete()
    clock[0] += queue.LOOKS_EVERY
    assert not over()


# --- A run that goes on ---------------------------------------------------------------------------


def test_a_run_that_goes_on_says_once_what_did_not_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def story(work: Work) -> None:
        work.line(Outcome.WAITING, sku="RISE", message="Orders are not complete.")
        work.line(Outcome.FAILED, sku="", code="sku", message=f"Look {len(begun)}.")
        work.line(Outcome.SENT, sku=f"SKU-{len(begun)}")
        begun.append(work.run.pk)
        if len(begun) < 3:
            raise NotYet("Others wait.", retry_at=timezone.now())

    monkeypatch.setitem(jobs.JOB_FUNCTIONS, Job.EXPORT, story)
    run = jobs.request(world.account, Job.EXPORT)
    for _ in range(3):
        jobs.perform(SyncRun.objects.get(pk=run.pk))
    run.refresh_from_db()
    assert run.counts == {"waiting": 1, "failed": 1, "sent": 3}
    assert run.lines.count() == 5


def test_an_account_that_observes_never_gives_way_in_its_report(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it leaves, so it would begin anew for ever."""
    SellerAccount.objects.filter(pk=two.many.account.pk).update(state=AccountState.OBSERVING)
    monkeypatch.setattr(queue, "SLICE", 0)
    monkeypatch.setattr(queue, "LOOKS_EVERY", 0)
    two.one_more_sale()
    [report] = SyncRun.objects.filter(state=RunState.QUEUED)
    assert manage("amazon_tick").exit == 0
    report.refresh_from_db()
    assert (report.state, report.counts["planned"]) == (RunState.DONE, MANY)
    assert report.lines.count() == MANY


def after_one_batch() -> Callable[[], bool]:
    """A slice that is over when the first twenty are done."""
    answers = iter([False])
    return lambda: next(answers, True)


def test_what_was_refused_before_it_gave_way_is_not_asked_for_again(two: Two) -> None:
    """Staff asked for these SKUs, so that what is refused goes again: once."""
    two.many.amazon.faults.add(Fault("patchListingsItem", "400", times=20))
    before = len(two.many.amazon.requests_of("patchListingsItem"))
    skus = [f"SKU-{number:03}" for number in range(45)]
    assert two.many.export(skus=["SKU-070"]).counts["refused"] == 1
    run = jobs.request(two.many.account, Job.EXPORT, options={"skus": skus})
    jobs.perform(run, slice_over=after_one_batch())
    assert (run.state, run.reason_code) == (RunState.QUEUED, "not-yet")
    jobs.perform(run)
    assert (run.state, run.counts["refused"], run.counts["sent"]) == (RunState.DONE, 19, 26)
    assert len(two.many.amazon.requests_of("patchListingsItem")) - before == 1 + 45


def hold(world: World, sku: str, name: str, value: Any) -> None:
    """Let one value wait for approval."""
    held = Decision(Act.HOLD, "Too much at once.", "approval")
    state.hold({world.listing(sku).pk: {name: (value, held)}})


def test_a_run_that_goes_on_approves_nothing_that_was_held_since(two: Two) -> None:
    assert two.many.export(dry_run=True).state == RunState.DONE
    holding = SyncRunFactory.create(account=two.many.account, counts={"held": 45})
    skus = [f"SKU-{number:03}" for number in range(45)]
    for sku in skus:
        hold(two.many, sku, "quantity", 4)
        shown = {"quantity": 4}
        RunLineFactory.create(
            run=holding, outcome=Outcome.HELD, sku=sku, marketplace=DE, values=shown
        )
    run = jobs.request(two.many.account, Job.EXPORT, options={"approve": holding.pk})
    jobs.perform(run, slice_over=after_one_batch())
    assert (run.state, len(two.sent())) == (RunState.QUEUED, 20)
    StockRecord = get_model("partner", "StockRecord")
    StockRecord.objects.filter(partner_sku="SKU-001").update(price="99.00")
    two.many.export(skus=["SKU-001"])
    jobs.perform(run)
    assert (run.state, len(two.sent())) == (RunState.DONE, 45)
    assert two.many.listing("SKU-001").held == {"price": "99.00 EUR"}
    assert "price" not in two.many.listing("SKU-001").approved
