"""The databases that a project may have: vendors, routers, a replica that lags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections, router
from django.db.models import Model
from django.test import override_settings
from oscar.core.loading import get_model

from django_amazon_sync import databases
from django_amazon_sync.databases import faults, reads_where_written
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AccountState, OfferChange, Outcome, RunState, SellerAccount
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import release
from tests.replicas import REPLICA, another_database, lagging_replica
from tests.world import World, lines_of, shop_order


class ElsewhereRouter:
    """Writes this app's tables, and nothing else, to another database."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return "elsewhere" if model._meta.app_label == databases.APP else None

    db_for_write = db_for_read


ELSEWHERE = f"{__name__}.ElsewhereRouter"


# --- What will not do is named, and nothing goes live there ---------------------------------------


@pytest.mark.parametrize(
    ("vendor", "name"), [("mysql", "MySQL or MariaDB"), ("oracle", "Oracle"), ("mssql", "mssql")]
)
def test_another_vendor_is_refused_in_the_same_words_everywhere(
    connect: Callable[..., World], monkeypatch: pytest.MonkeyPatch, vendor: str, name: str
) -> None:
    world = connect(live=False)
    with monkeypatch.context() as patched:
        patched.setattr(connection, "vendor", vendor)
        [fault] = faults()
        assert f"The database 'default' is {name}, on which this app does not work" in str(fault)
        for refused in (connect, lambda: release(world.account)):
            with pytest.raises(ConfigurationError) as told:
                refused()
            assert str(told.value) == str(fault)
    world.account.refresh_from_db()
    assert world.account.state == AccountState.OBSERVING


def test_each_database_of_our_tables_is_looked_at_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with another_database("elsewhere"):
        monkeypatch.setattr(connections["elsewhere"], "vendor", "mysql")
        assert list(faults()) == []
        with override_settings(DATABASE_ROUTERS=[ELSEWHERE]):
            found = list(faults())
    assert [fault.id for fault in found] == ["amazon_sync.E020", "amazon_sync.E021"]
    assert all("'elsewhere'" in fault.sentence for fault in found)


@pytest.mark.django_db
def test_a_replica_that_is_read_is_named_with_the_remedy(connect: Callable[..., World]) -> None:
    world = connect(live=False)
    with lagging_replica(REPLICA):  # and not ours
        [fault] = faults()
        assert fault.id == "amazon_sync.E022"
        assert "read from the database 'replica' and written to 'default'" in fault.sentence
        assert databases.ROUTER in fault.remedy
        with pytest.raises(ConfigurationError, match="Put 'django_amazon_sync"):
            release(SellerAccount.objects.using("default").get(pk=world.account.pk))
    with lagging_replica():
        assert list(faults()) == []


# --- A replica that lags -------------------------------------------------------------------------


def test_what_is_sold_and_bought_never_asks_a_replica(connect: Callable[..., World]) -> None:
    world = connect(live=False)
    world.sell("MUG", quantity=9)
    with lagging_replica():
        release(world.account)
        assert world.export().state == RunState.DONE
        number = world.buy("MUG", 2)
        run = world.import_orders()
        assert world.verify().state == RunState.DONE
        confirmed = world.confirm_shipments()
    assert lines_of(run, "outcome", "order_number") == [(Outcome.PLACED, number)]
    assert confirmed.state == RunState.DONE
    assert shop_order(number).num_items == 2
    assert world.in_stock("MUG") == 7
    assert world.live("MUG").quantity == 7


def test_a_change_in_the_shop_is_heard_beside_a_replica(world: World) -> None:
    record = world.sell("MUG", quantity=9)
    world.export()
    OfferChange.objects.all().delete()
    product = record.product
    with lagging_replica():
        product.title = "Another mug"
        product.save()
        assert [run.job for run in jobs.due_runs([world.account])][:1] == ["changes"]


def test_only_this_apps_own_work_leaves_the_replica_alone() -> None:
    """The shop's own pages go on to read it, also between two offers that it gives."""
    record = get_model("partner", "StockRecord")

    @reads_where_written
    def read_from() -> Iterator[str]:
        for _number in range(2):
            yield router.db_for_read(record)

    with lagging_replica():
        found = read_from()
        assert router.db_for_read(record) == "replica"
        assert [(next(found), router.db_for_read(record)) for _number in range(2)] == [
            ("default", "replica"),
            ("default", "replica"),
        ]
        assert list(found) == []
        assert router.db_for_read(SellerAccount) == "default"
