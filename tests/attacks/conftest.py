"""A world on one clock, which moves only when a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from tests.admin.conftest import Staff
from tests.attacks.amazon import OddAmazon
from tests.attacks.steps import Era
from tests.histories.simulated_time import SimulatedClock


@pytest.fixture
def time() -> Iterator[SimulatedClock]:
    """The clock of shop, package, database and Amazon; the simulator follows it."""
    moving = SimulatedClock()
    with moving.stands_in(seed=1):
        yield moving


@pytest.fixture
def amazon(request: pytest.FixtureRequest, time: SimulatedClock) -> Iterator[OddAmazon]:
    """A simulated Amazon in this process whose answers a test may alter."""
    usual = {"rate_limits": False, "in_process": True}
    with OddAmazon(**{**usual, **getattr(request, "param", {})}) as simulator:
        yield simulator


@pytest.fixture
def era(time: SimulatedClock, amazon: OddAmazon, connect: Callable[..., Any]) -> Era:
    """A released account in Germany, and ticks on the clock."""
    return Era(connect(), time, amazon.hooks)


@pytest.fixture
def staff(admin_client: Client) -> Staff:
    """Somebody who may do everything."""
    return Staff(admin_client)
