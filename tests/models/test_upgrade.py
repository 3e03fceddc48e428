"""What an account had decided, and had on its way, before its state had an owner is carried over.

The tables go back to the schema of before and forth again, with rows in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from oscar.core.loading import get_model

from django_amazon_sync import clock
from django_amazon_sync.models import OPEN_STATES, Job, Listing, Submission
from tests.world import World, approve_all, drifted_now

APP = "django_amazon_sync"
BEFORE = "0003_staff"

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(to: str = "", *, fake: bool = False) -> Any:
    """Bring the tables to a migration, or to the newest; the models as they were then."""
    executor = MigrationExecutor(connection)
    targets = [(APP, to)] if to else executor.loader.graph.leaf_nodes(APP)
    return executor.migrate(targets, fake=fake).apps


@pytest.fixture(autouse=True)
def _migrations_are_recorded(settings: Any, transactional_db: None) -> None:
    """Without ``--migrations`` the tables were made from the models."""
    settings.MIGRATION_MODULES = {}
    migrate(fake=True)


@contextmanager
def as_it_was() -> Iterator[Any]:
    """The tables as the earlier version had them, and its models."""
    try:
        yield migrate(BEFORE)
    finally:
        migrate()


def sold(world: World, *skus: str) -> None:
    for sku in skus:
        world.sell(sku, price="10.00", quantity=5)
    world.export()
    world.import_orders()


def wanted(sku: str, *, price: str = "10.00", quantity: int = 5) -> None:
    """What the shop says by now; the earlier version has not noted it."""
    records = get_model("partner", "StockRecord").objects.filter(partner_sku=sku)
    assert records.update(price=Decimal(price), num_in_stock=quantity) == 1


def test_what_was_held_approved_refused_and_drifted_is_so_still(world: World) -> None:
    sold(world, "HELD", "APPROVED", "REFUSED", "DRIFTED")
    wanted("HELD", price="20.00")
    wanted("APPROVED", price="21.00")
    wanted("REFUSED", quantity=0)
    with as_it_was() as apps:
        listings = apps.get_model(APP, "Listing").objects

        def had(sku: str, **columns: Any) -> None:
            assert listings.filter(sku__sku=sku).update(**columns) == 1

        had("HELD", held={"price": "20.00 EUR"}, reason="price-guard: from 10.00 EUR to 20.00 EUR")
        had("APPROVED", approved={"price": "21.00 EUR"})
        had("REFUSED", refused={"quantity": 0}, reason="8541: it does not match")
        had("DRIFTED", drift={"price": {"accepted": "10.00 EUR", "live": "11.00 EUR"}})
    assert world.listing("HELD").believed["price"] == "10.00 EUR"
    assert drifted_now(world.listing("DRIFTED")) == {
        "price": {"ours": "10.00 EUR", "live": "11.00 EUR"}
    }
    world.export()
    assert world.live("HELD").price == Decimal("10.00")
    assert world.live("APPROVED").price == Decimal("21.00")
    assert world.live("REFUSED").quantity == 0
    held = Listing.objects.filter(sku__sku="HELD")
    assert held.get().held == {"price": "20.00 EUR"}
    assert approve_all(held) == 1
    world.export()
    assert world.live("HELD").price == Decimal("20.00")


def on_its_way(apps: Any, sku: str, **columns: Any) -> int:
    """A quantity of 3 that the earlier version had written down ten minutes ago; its pk."""
    listing = apps.get_model(APP, "Listing").objects.get(sku__sku=sku)
    submissions = apps.get_model(APP, "Submission").objects
    submission = submissions.create(
        account_id=listing.sku.account_id, marketplace_id=listing.marketplace_id, **columns
    )
    submissions.filter(pk=submission.pk).update(created_at=clock.now() - timedelta(minutes=10))
    apps.get_model(APP, "SubmissionItem").objects.create(
        submission=submission, listing=listing, values={"quantity": 3}, message_id=1
    )
    return int(submission.pk)


def test_what_was_on_its_way_is_settled_and_the_next_is_sent(world: World) -> None:
    """A worker was stopped for the upgrade before a patch left, or before its answer came, or
    while it wrote the file of a feed."""
    sold(world, "WRITTEN", "SENT", "FILE")
    for sku in ("WRITTEN", "SENT", "FILE"):
        wanted(sku, quantity=2)
    with as_it_was() as apps:
        left = [
            on_its_way(apps, "WRITTEN", kind="patch", state="new"),
            on_its_way(apps, "SENT", kind="patch", state="sent"),
            on_its_way(apps, "FILE", kind="feed", state="new"),
        ]
    world.export()
    world.do(Job.SETTLE)
    world.export()
    assert not Submission.objects.filter(pk__in=left, state__in=OPEN_STATES).exists()
    assert {world.live(sku).quantity for sku in ("WRITTEN", "SENT", "FILE")} == {2}


def test_an_ended_offer_is_unread_for_an_older_version(world: World) -> None:
    sold(world, "MUG")
    Listing.objects.update(presence="ended", end_offer=True)
    with as_it_was() as apps:
        older = apps.get_model(APP, "Listing").objects.all()
        assert list(older.values_list("presence", flat=True)) == ["unread"]
    assert not Listing.objects.filter(end_offer=True).exists()
