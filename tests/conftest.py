"""What all tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from celery import current_app
from django.conf import settings

pytest_plugins = ["django_amazon_sync.testing.plugin"]

BROKER_SETTINGS = ("broker_url", "broker_read_url", "broker_write_url")


@pytest.fixture(scope="session", autouse=True)
def full_buckets() -> None:
    """An earlier run on this Redis used up buckets of accounts that had the same numbers."""
    if url := getattr(settings, "REDIS_URL", ""):
        from redis import Redis

        with Redis.from_url(url) as server:
            for key in server.scan_iter("amazon-sync:*", count=1000):
                server.delete(key)


@pytest.fixture
def use_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Choose the broker for this test, whatever the environment has; empty: there is none."""
    for variable in ("CELERY_BROKER_URL", "CELERY_BROKER_WRITE_URL", "CELERY_BROKER_READ_URL"):
        monkeypatch.delenv(variable, raising=False)
    before = {name: current_app.conf[name] for name in BROKER_SETTINGS}
    yield lambda url: current_app.conf.update(dict.fromkeys(BROKER_SETTINGS, url))
    current_app.conf.update(before)
