"""Leases: one holder at a time, and who was overtaken writes nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta

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


def test_a_process_that_died_here_frees_its_leases_and_one_elsewhere_may_be_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    leases.take("x")
    Lease.objects.update(holder=f"{socket.gethostname()} {gone.pid} 1 1")
    assert not leases.busy("x")
    assert leases.take("x") is not None
    Lease.objects.update(holder=f"another-host {gone.pid} 1 1")
    assert leases.busy("x")
    assert leases.take("x") is None
