"""What all tests need."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from celery import current_app
from django.conf import settings
from hypothesis import settings as hypothesis

from django_amazon_sync.testing.simulator import Simulator
from tests import lock_order

if TYPE_CHECKING:  # where there is no shop, there is no Oscar
    from tests.world import World

pytest_plugins = ["django_amazon_sync.testing.plugin"]

# A quarter of the examples, which are the same each time; and ten times as many, new ones.
hypothesis.register_profile("quick", hypothesis.get_profile("ci"), max_examples=25)
hypothesis.register_profile("nightly", max_examples=1000)

#: Fixtures of pytest-django by which a test asks a database without the mark.
ASKS_A_DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}

# All that the tests import stays; to look through it again and again takes a twentieth of the time.
gc.set_threshold(50_000, 20, 20)


#: The tests of which one alone takes two seconds of a processor, or a browser.
SLOWEST = frozenset(Path(__file__).with_name("slowest.txt").read_text(encoding="utf-8").split())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks a database: the rest is the same on each, and .ci/run does it once. And what
    is slowest: `make test` leaves it out."""
    for item in items:
        if item.nodeid.partition("[")[0] in SLOWEST:
            item.add_marker("thorough")
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or ASKS_A_DATABASE.intersection(fixtures):
            item.add_marker("database")


BROKER_SETTINGS = ("broker_url", "broker_read_url", "broker_write_url")


@pytest.fixture(scope="session", autouse=True)
def full_buckets() -> None:
    """An earlier run on this Redis used up buckets of accounts that had the same numbers."""
    if url := getattr(settings, "REDIS_URL", ""):
        from redis import Redis

        with Redis.from_url(url) as server:
            for key in server.scan_iter("amazon-sync:*", count=1000):
                server.delete(key)


@pytest.fixture(scope="session", autouse=True)
def one_owner_of_states() -> None:
    """No statement of any test writes a listing's state but by its owner."""
    from tests.one_owner import watch

    watch()


@pytest.fixture(scope="session", autouse=True)
def one_order_of_locks(one_owner_of_states: None) -> Iterator[None]:
    """No transaction of any test locks but in the one order."""
    with lock_order.watched():
        yield


@pytest.fixture(autouse=True)
def no_lock_out_of_order() -> Iterator[None]:
    """Also where the package went on after it was told."""
    lock_order.found_so_far.clear()
    yield
    assert lock_order.found_so_far == []


@pytest.fixture
def use_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Choose the broker for this test, whatever the environment has; empty: there is none."""
    for variable in ("CELERY_BROKER_URL", "CELERY_BROKER_WRITE_URL", "CELERY_BROKER_READ_URL"):
        monkeypatch.delenv(variable, raising=False)
    before = {name: current_app.conf[name] for name in BROKER_SETTINGS}
    yield lambda url: current_app.conf.update(dict.fromkeys(BROKER_SETTINGS, url))
    current_app.conf.update(before)


@pytest.fixture
def amazon(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulated Amazon, made as ``parametrize("amazon", [{...}], indirect=True)`` says.

    It answers in this process; where something else asks it, the test is marked ``over_http``.
    Where Amazon's models are at hand they judge each request and each answer in the end.
    """
    near = request.node.get_closest_marker("over_http") is None
    usual = {"rate_limits": False, "in_process": near}
    with Simulator(**{**usual, **getattr(request, "param", {})}) as simulator:
        yield simulator
    from tests.contract.amazon_models import load_models

    try:
        models = load_models()
    except pytest.skip.Exception:
        return  # tests/contract says that they are absent
    assert models.faults_of(simulator.requests) == []


@pytest.fixture
def connect(amazon: Simulator, settings: Any, db: None) -> Callable[..., World]:
    """Connect the seller of a region; released unless told otherwise."""
    from django_amazon_sync.shops import configured_shop
    from django_amazon_sync.sync.accounts.connect import Credentials, connect_account, release
    from tests.world import DE, World

    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "ENDPOINT": amazon.regional_endpoint,
        "LWA_ENDPOINT": amazon.lwa_endpoint,
        "SELLER_CENTRAL": amazon.endpoint,
    }

    def connected(
        region: str = "eu", marketplaces: tuple[str, ...] = (DE,), *, live: bool = True, **more: Any
    ) -> World:
        seller = amazon.seller(region)
        shop = configured_shop()
        choices: dict[str, Any] = {
            "payment_method": "any",
            "shipping_method": "any",
            "synchronise_all": True,
        } | more
        credentials = Credentials(seller.client_id, seller.client_secret, seller.refresh_token)
        account = connect_account(
            shop,
            credentials,
            region=region,
            seller_id=seller.seller_id,
            marketplaces=marketplaces,
            **choices,
        )
        if live:
            release(account)
        return World(amazon, seller, account, shop)

    return connected


@pytest.fixture
def world(connect: Callable[..., World]) -> World:
    """A released account in Germany; the shop sells nothing yet."""
    return connect()
