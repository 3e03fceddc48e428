"""One moment for hosts and database where another clock stands in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import Lease
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.database_clock import database_now
from tests.clocks import StandIn

pytestmark = pytest.mark.django_db


def test_the_databases_moment_is_the_stand_ins() -> None:
    other = StandIn()
    with clock.stood_in_for(other, seed=1):
        Lease.objects.create(key="one", expires_at=database_now())
        assert Lease.objects.get(key="one").expires_at == other.moment


def test_a_lease_runs_out_by_the_clock_that_stands_in() -> None:
    other = StandIn()
    with clock.stood_in_for(other, seed=1):
        held = leases.take("export")
        assert held is not None
        assert leases.busy("export")
        clock.sleep((leases.LASTS + timedelta(seconds=1)).total_seconds())
        assert not leases.busy("export")


def test_one_seed_draws_the_same_twice() -> None:
    drawn = []
    for _ in range(2):
        with clock.stood_in_for(StandIn(), seed=7):
            drawn.append([clock.dice.random() for _ in range(5)])
    assert drawn[0] == drawn[1]


def test_the_hosts_clock_comes_back() -> None:
    with clock.stood_in_for(StandIn(), seed=1):
        assert clock.stores_now() == StandIn().moment
    assert clock.stores_now() is None
