"""Leases: one holder at a time, and who was overtaken writes nothing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest
from django.utils import timezone

from django_amazon_sync.errors import Busy, Halted
from django_amazon_sync.models import Lease
from django_amazon_sync.sync.runs import leases

pytestmark = pytest.mark.django_db


def test_a_turn_comes_once_in_so_long() -> None:
    every = timedelta(minutes=1)
    assert [leases.turn("x", every), leases.turn("x", every)] == [True, False]
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert leases.turn("x", every)


def run_out(key: str) -> None:
    """The holder did not renew the lease in time."""
    Lease.objects.filter(key=key).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_one_holds_a_lease_at_a_time() -> None:
    with leases.lease("x"):
        assert leases.busy("x")
        assert leases.take("x") is None
        with pytest.raises(Busy, match="busy with x"), leases.lease("x"):
            pass
        assert leases.take("y") is not None
    assert not leases.busy("x")
    assert leases.take("x") is not None


def test_a_lease_that_is_checked_in_time_lasts() -> None:
    held = leases.take("x")
    assert held is not None
    before = Lease.objects.get(key="x").expires_at
    Lease.objects.filter(key="x").update(expires_at=before - leases.LASTS / 2)
    held.check()
    assert Lease.objects.get(key="x").expires_at >= before


def test_who_was_overtaken_is_stopped_and_takes_nothing_from_the_next() -> None:
    first = leases.take("x")
    run_out("x")
    second = leases.take("x")
    assert first is not None
    assert second is not None
    assert second.fence > first.fence
    with pytest.raises(Halted, match="took over"):
        first.check()
    first.release()
    assert leases.busy("x")
    second.check()


def dead_process() -> str:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    return str(gone.pid)


def holder_with(**changed: str) -> str:
    """This process as a holder, but for these parts."""
    names = ("host", "pid", "started", "process", "thread")
    parts = dict(zip(names, leases._this_holder().split(" "), strict=True))
    return " ".join((parts | changed).values())


def test_a_process_that_died_here_frees_its_leases_and_one_elsewhere_may_be_alive() -> None:
    gone = dead_process()
    leases.take("x")
    Lease.objects.update(holder=holder_with(pid=gone))
    assert not leases.busy("x")
    assert leases.take("x") is not None
    Lease.objects.update(holder=holder_with(pid=gone, host="another-host"))
    assert leases.busy("x")
    assert leases.take("x") is None


def test_a_container_of_the_same_name_may_be_alive() -> None:
    """It has other processes, and this one's kernel knows nothing of theirs."""
    leases.take("x")
    name, boot, _ids = holder_with().split(" ")[0].split("/")
    for host in (f"{name}/{boot}/1", f"{name}/another-start/1", name):
        Lease.objects.update(holder=holder_with(host=host, pid=dead_process()))
        assert leases.busy("x")
        assert leases.take("x") is None


def test_of_two_processes_with_the_same_number_one_holds_the_lease() -> None:
    """What one holds the other cannot renew, whatever else they share."""
    held = leases.take("x")
    assert held is not None
    Lease.objects.update(holder=holder_with(process="0123456789abcdef"))
    with pytest.raises(Halted):
        held.check()


def test_a_forked_process_is_another_holder() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        child = pool.submit(leases._this_holder).result(timeout=30)
    own = leases._this_holder()
    assert child.split(" ")[3] != own.split(" ")[3]
    assert len(own) <= 200, "as long as the column is"


def test_a_lease_of_a_clock_that_was_ahead_has_lapsed() -> None:
    """A year ahead, it would stop its job until then."""
    for key in ("job", "turn"):
        leases.take(key)
    Lease.objects.update(
        expires_at=timezone.now() + timedelta(days=365), holder="another-host 1 1 1 1"
    )
    assert not leases.busy("job")
    assert leases.take("job") is not None
    assert leases.turn("turn", timedelta(minutes=1))
    assert not leases.turn("turn", timedelta(minutes=1))
