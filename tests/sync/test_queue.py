"""Whose turn it is: one account's many changes and another's first, with one worker for both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
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
from django_amazon_sync.sync import jobs, queue
from django_amazon_sync.sync.export import export, send
from django_amazon_sync.sync.listings import decisions
from django_amazon_sync.sync.queue import Slice, Waiting
from django_amazon_sync.sync.runs.work import Work
from django_amazon_sync.testing.factories import RunLineFactory, ScheduleFactory, SyncRunFactory
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


def due() -> list[tuple[str, str]]:
    """What is due, as (account, job), in the order in which it is given out."""
    return [(run.account.name, run.job) for run in jobs.due_runs()]


def live(name: str) -> SellerAccount:
    account = LiveAccountFactory.create(name=name)
    account.schedules.all().delete()
    return account


def schedule(account: SellerAccount, job: Job, *, hours_ago: float = 1) -> None:
    since = timezone.now() - timedelta(hours=hours_ago)
    ScheduleFactory.create(account=account, job=job, every=timedelta(days=1), next_due=since)


def test_of_many_runs_of_one_account_anothers_comes_second() -> None:
    one, other = live("one"), live("other")
    for _ in range(3):
        jobs.request(one, Job.VERIFY, options={"skus": ["A"]})
    jobs.request(other, Job.EXPORT)
    assert [name for name, _job in due()] == ["one", "other", "one", "one"]


def test_what_is_asked_for_goes_before_schedules_and_the_oldest_first() -> None:
    account = live("one")
    schedule(account, Job.VERIFY, hours_ago=1)
    schedule(account, Job.IMPORT_ORDERS, hours_ago=2)
    jobs.request(account, Job.EXPORT)
    assert [job for _name, job in due()] == ["export", "import_orders", "verify"]


def test_changed_offers_go_before_everything_also_those_that_come_meanwhile() -> None:
    one, other = live("one"), live("other")
    jobs.request(one, Job.EXPORT)
    jobs.request(one, Job.VERIFY)
    given = jobs.due_runs()
    assert next(given).job == Job.EXPORT
    OfferChange.objects.create(account=other, offer_pk="1")
    run = next(given)
    assert (run.account, run.job) == (other, Job.CHANGES)
    assert next(given).job == Job.VERIFY


def test_a_lane_that_could_not_do_everything_rests_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its changes are still there, and others have their turn all the same."""
    account = live("one")
    OfferChange.objects.create(account=account, offer_pk="1")
    jobs.request(account, Job.VERIFY)
    assert [job for _name, job in due()] == ["changes", "verify"]
    monkeypatch.setattr(jobs, "LANE_RESTS", 0)
    given = jobs.due_runs()
    for _ in range(3):
        run = next(given)
        assert run.job == Job.CHANGES
        run.finish(reason_code="throttled", reason="Amazon's limit.")


def gave_way(run: SyncRun, *, seconds_ago: float) -> None:
    since = timezone.now() - timedelta(seconds=seconds_ago)
    SyncRun.objects.filter(pk=run.pk).update(started_at=since, not_before=since)


def test_what_gave_way_comes_after_those_that_waited_longer_also_a_lane() -> None:
    one, other = live("one"), live("other")
    OfferChange.objects.create(account=one, offer_pk="1")
    gave_way(jobs.request(one, Job.CHANGES), seconds_ago=1)
    jobs.request(other, Job.EXPORT)
    schedule(other, Job.VERIFY)
    assert due() == [("other", "export"), ("one", "changes"), ("other", "verify")]


def test_a_run_that_waits_for_amazon_is_not_due_before() -> None:
    run = jobs.request(live("one"), Job.EXPORT)
    gave_way(run, seconds_ago=-30)
    assert due() == []
    gave_way(run, seconds_ago=0)
    assert due() == [("one", "export")]


def test_a_schedule_makes_no_second_run_beside_one_that_waits() -> None:
    account = live("one")
    schedule(account, Job.EXPORT)
    gave_way(jobs.request(account, Job.EXPORT), seconds_ago=1)
    assert due() == [("one", "export")]
    assert SyncRun.objects.count() == 1
    assert not Schedule.objects.filter(last_started=None).exists()


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


def test_a_run_that_goes_on_approves_nothing_that_was_held_since(two: Two) -> None:
    assert two.many.export(dry_run=True).state == RunState.DONE
    holding = SyncRunFactory.create(account=two.many.account, counts={"held": 45})
    skus = [f"SKU-{number:03}" for number in range(45)]
    for sku in skus:
        decisions.hold({two.many.listing(sku).pk: {"quantity": 4}}, "Too much at once.")
        RunLineFactory.create(run=holding, outcome=Outcome.HELD, sku=sku, marketplace=DE)
    run = jobs.request(two.many.account, Job.EXPORT, options={"approve": holding.pk})
    jobs.perform(run, slice_over=after_one_batch())
    assert (run.state, len(two.sent())) == (RunState.QUEUED, 20)
    decisions.hold({two.many.listing("SKU-001").pk: {"price": "99.00 EUR"}}, "It jumps.")
    jobs.perform(run)
    assert (run.state, len(two.sent())) == (RunState.DONE, 45)
    assert two.many.listing("SKU-001").held == {"price": "99.00 EUR"}
    assert "price" not in two.many.listing("SKU-001").approved
