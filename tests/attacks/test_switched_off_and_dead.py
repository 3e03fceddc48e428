"""Stores that are switched off, feeds that waited, and workers that die before a first step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from django_amazon_sync.models import (
    Job,
    Marketplace,
    Outcome,
    RunState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import release
from django_amazon_sync.sync.export import export
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.restored import restore
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.switches import Switches
from tests.admin.conftest import Staff
from tests.attacks.steps import Era, change, fail, holding
from tests.world import DE, FR

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

#: An Amazon where each store has a quantity of its own, as where stores do not share it.
separate = pytest.mark.parametrize(
    "amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True
)


@separate
def test_a_store_that_is_switched_off_is_verified(off: Era) -> None:
    """A store that is switched off keeps the quantities of what is on sale there in step. Another
    hand sets 50 there (or Amazon ignores what it accepted), and no verification ever reads it: the
    shop has 5 and 50 stay on sale. ``verify`` asks for ``rules_of(work)``, without the stores that
    are not active; the lane's own ``verify_crossed`` has them."""
    off.world.amazon.change_by_hand(off.world.seller, "MUG", DE, quantity=50)
    off.minutes(70, every=10)
    off.world.verify()
    off.world.export()
    off.minutes(10)
    assert off.units() == 5


@separate
def test_a_store_that_is_switched_off_is_read_after_a_restore(off: Era) -> None:
    """After a restore all is read anew before anything is compared. What is on sale in a store that
    is switched off becomes "unread", is never read again, and counts for nothing on sale: the shop
    sells out and 5 stay on sale for good, where 0 would be right. ``Survey._desired`` reads where
    ``rules.active``, and ``is_in_use`` asks for PRESENT."""
    restore(off.world.account)
    off.world.account.refresh_from_db()
    off.world.export(dry_run=True)
    release(off.world.account)
    off.minutes(10)
    change("MUG", num_in_stock=0)
    off.minutes(60, every=5)
    assert off.units() == 0


@separate
def test_a_quantity_that_goes_out_to_a_store_that_is_switched_off_is_not_taken_over(
    both: Era,
) -> None:
    """A quantity that goes out in any store is not taken over, as it would go back and forth. One
    that goes out in a store which is switched off is: Germany's 9 becomes the shop's, and leaves to
    France, where it was 5. ``take_over`` and ``goes_out`` look at active stores only, as from
    before those that are not got quantities."""
    both.world.account.marketplaces.filter(code=FR).update(active=False)
    both.world.account.marketplaces.filter(code=DE).update(sync_quantity=False)
    both.world.amazon.change_by_hand(both.world.seller, "MUG", DE, quantity=9)
    both.minutes(70, every=10)
    run = both.world.do(Job.TAKE_OVER, skus=["MUG"], fields=["quantity"])
    both.minutes(10)
    run.refresh_from_db()
    assert list(run.lines.values_list("outcome", "code")) == [(Outcome.FAILED, "goes-out")]


def test_a_feed_that_waited_for_its_store_sends_no_older_price(both: Era, settings: Any) -> None:
    """Right before createFeed a file is looked at again. France refuses createFeed for most of a
    day while patches pass; the shop's price goes on from 11.00 to 12.50, which is live in France;
    then the old file leaves, and buyers get 11.00 until its report is read.
    ``is_overtaken`` compared quantities only."""
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 1, "RUN_MOVE_COUNT": 100}
    for sku in ("RED", "BLUE"):
        both.world.sell(sku, price="10.00", quantity=40)
        both.world.list_on_amazon(sku, marketplace=FR, price="10.00", quantity=40)
    both.minutes(3)
    both.world.export()
    both.minutes(10)
    fail(both, "createFeed", "403", FR)
    for sku in ("RED", "BLUE"):
        change(sku, price=Decimal("11.00"))
    both.world.export()
    both.minutes(30)
    change("RED", price=Decimal("12.50"))
    both.minutes(60 * 20, every=10)
    both.world.amazon.faults.clear()
    paid = set()
    for _minute in range(120):
        both.minutes(1)
        live = both.world.amazon.live(both.world.seller, "RED", FR)
        paid.add("" if live is None else str(live.price))
    assert paid == {"12.50"}


def test_an_approval_whose_worker_died_is_done_by_another(held: Era, staff: Staff) -> None:
    """What was asked is done, by another where a worker died. A clerk approves a run, the worker is
    killed while it brings orders up, the next one ends "done" without approving anything, and 20.00
    goes on waiting with no line. ``_look`` approves only where the run was never begun."""
    staff.press(SyncRun, "approve", holding())
    asked = SyncRun.objects.get(state=RunState.QUEUED, job=Job.EXPORT)
    assert asked.start()  # a worker begins it, and is killed
    held.minutes(5)
    assert held.price() == "20.00"


def test_what_was_refused_is_sent_by_the_worker_after_one_that_died(era: Era) -> None:
    """As above: an export of chosen SKUs sends also what Amazon refused before. Its worker is
    killed at once, and the next ends "done" with nothing sent: ``include_refused`` is only for a
    run that was never begun."""
    era.sold()
    era.world.amazon.faults.add(Fault("patchListingsItem", "400", times=1))
    change("MUG", price=Decimal("10.50"))
    era.minutes(5)
    assert era.world.listing("MUG").refused
    asked = jobs.request(era.world.account, Job.EXPORT, options={"skus": ["MUG"]})
    assert asked.start()
    era.minutes(5)
    assert era.price() == "10.50"


def test_a_quantity_is_taken_over_by_the_worker_after_one_that_died(era: Era) -> None:
    """As above: a quantity is read twice. The worker is killed before the first reading, the next
    one takes it for done, and says "It changed while it was taken over", which is not so."""
    era.sold()
    Marketplace.objects.update(sync_quantity=False)
    era.world.amazon.change_by_hand(era.world.seller, "MUG", DE, quantity=9)
    era.minutes(70, every=10)
    options = {"skus": ["MUG"], "fields": ["quantity"]}
    asked = jobs.request(era.world.account, Job.TAKE_OVER, options=options)
    assert asked.start()
    era.minutes(30)
    assert not asked.lines.filter(message__startswith="It changed while").exists()
    assert change("MUG").num_in_stock == 9


def test_what_a_worker_took_over_before_it_died_has_not_changed(era: Era) -> None:
    """As above: what was taken over, and that it is read twice no more, are kept one after the
    other. The worker is killed in between, and the next one looks for a first reading, finds none,
    and says "It changed while it was taken over" of what it had taken over itself."""
    era.sold()
    Marketplace.objects.update(sync_quantity=False)
    era.world.amazon.change_by_hand(era.world.seller, "MUG", DE, quantity=9)
    era.minutes(70, every=10)
    options = {"skus": ["MUG"], "fields": ["quantity"]}
    asked = jobs.request(era.world.account, Job.TAKE_OVER, options=options)
    with (
        patch.object(state, "readings_are_done", side_effect=Killed),
        patch.object(SyncRun, "finish"),
        pytest.raises(Killed),
    ):
        era.minutes(10)
    era.minutes(30)
    asked.refresh_from_db()
    assert asked.state == RunState.DONE
    assert list(asked.lines.values_list("outcome", flat=True)) == [Outcome.TAKEN_OVER]


def test_what_was_refused_is_sent_where_the_worker_died_right_before(era: Era) -> None:
    """As above: that what was refused counts as new is kept before anything is sent, so that the
    next worker sends it, and nothing that was refused since a second time."""
    for sku in ("MUG", "CUP"):
        era.sold(sku)
    fail(era, "patchListingsItem", "400")
    for sku in ("MUG", "CUP"):
        change(sku, price=Decimal("10.50"))
    era.minutes(5)
    options = {"skus": ["MUG", "CUP"]}
    asked = jobs.request(era.world.account, Job.EXPORT, options=options)
    tried = len(era.world.amazon.requests_of("patchListingsItem"))
    with (
        patch.object(export, "_send_one", side_effect=dies_at_the_second(export._send_one)),
        patch.object(SyncRun, "finish"),
        pytest.raises(Killed),
    ):
        era.minutes(2)
    era.minutes(5)
    asked.refresh_from_db()
    assert asked.state == RunState.DONE
    assert len(era.world.amazon.requests_of("patchListingsItem")) == tried + 2


class Killed(BaseException):
    """Nobody ends the run of a worker that is killed."""


def dies_at_the_second(act: Callable[..., Any]) -> Callable[..., Any]:
    """Do this once, and die where it is asked for again."""
    done: list[int] = []

    def once(*args: Any, **kwargs: Any) -> Any:
        if done:
            raise Killed
        done.append(1)
        return act(*args, **kwargs)

    return once
