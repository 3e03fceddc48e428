"""A world on one clock, which moves only when a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.admin.conftest import Staff
from tests.attacks.amazon import OddAmazon
from tests.attacks.steps import Era, change
from tests.histories.simulated_time import SimulatedClock
from tests.world import DE, FR


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
def both(time: SimulatedClock, amazon: OddAmazon, connect: Callable[..., Any]) -> Era:
    """A mug in step in Germany and France."""
    era = Era(connect(marketplaces=(DE, FR)), time, amazon.hooks)
    era.world.sell("MUG", price="10.00", quantity=5)
    era.world.list_on_amazon("MUG", marketplace=FR, price="10.00", quantity=5)
    era.minutes(3)
    era.world.export()
    era.minutes(3)
    return era


@pytest.fixture
def off(time: SimulatedClock, amazon: OddAmazon, connect: Callable[..., Any]) -> Era:
    """A mug that is on sale in Germany only, where the account is switched off by now."""
    era = Era(connect(marketplaces=(DE, FR)), time, amazon.hooks)
    era.sold()
    era.world.account.marketplaces.filter(code=DE).update(active=False)
    era.minutes(90, every=10)
    return era


@pytest.fixture
def held(era: Era) -> Era:
    """A price that waits for approval."""
    era.sold()
    change("MUG", price=Decimal("20.00"))
    era.minutes(2)
    assert era.world.listing("MUG").held == {"price": "20.00 EUR"}
    return era


@pytest.fixture
def staff(admin_client: Client) -> Staff:
    """Somebody who may do everything."""
    return Staff(admin_client)
