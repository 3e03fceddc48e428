"""What Amazon refuses in one marketplace waits there, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from oscar.core.loading import get_model

from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    Job,
    Lack,
    OrderWindow,
    Outcome,
    Presence,
    RunState,
    Schedule,
    SellerAccount,
    Submission,
    SubmissionState,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.alerts.attention import MatterKind, matters
from django_amazon_sync.sync.doctor import check_account
from django_amazon_sync.sync.orders import windows
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.switches import Switches
from tests.world import DE, FR, World, lines_of

pytestmark = pytest.mark.django_db

READS = ("searchListingsItems", "getListingsItem")
WRITES = ("patchListingsItem", "putListingsItem", "createFeed")


@pytest.fixture
def both(connect: Callable[..., World]) -> World:
    """An account in Germany and France, with a mug and a cup in both."""
    world = connect(marketplaces=(DE, FR))
    Schedule.objects.all().delete()
    for sku in ("CUP", "MUG"):
        world.sell(sku, price="10.00", quantity=5)
        world.list_on_amazon(sku, marketplace=FR, price="10.00", quantity=5)
    assert world.export().state == RunState.DONE
    return world


def refuse(world: World, *operations: str, marketplace: str = DE) -> None:
    for operation in operations:
        world.amazon.faults.add(Fault(operation, "403", times=None, about=marketplace))


def change_price(sku: str, price: str) -> None:
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    record.price = price
    record.save()


def prices(world: World, marketplace: str) -> list[str]:
    return [str(world.live(sku, marketplace).price) for sku in ("CUP", "MUG")]


def due(world: World) -> list[str]:
    """The jobs that are done now."""
    return [jobs.perform(run, patience=5).job for run in jobs.due_runs([world.account])]


def told(world: World) -> list[str]:
    """What the overview says of what Amazon refuses."""
    found = matters(SellerAccount.objects.all()).get(world.account.pk, [])
    return [matter.sentence for matter in found if matter.kind == MatterKind.AUTHORISE]


def change_both(price: str) -> None:
    change_price("CUP", price)
    change_price("MUG", price)


def test_the_other_marketplace_gets_its_prices(both: World) -> None:
    refuse(both, *WRITES)
    change_both("11.00")
    run = both.send_changes()
    assert run.state == RunState.DONE
    assert prices(both, FR) == ["11.00", "11.00"]
    assert prices(both, DE) == ["10.00", "10.00"]
    assert lines_of(run, "outcome", "marketplace", "code").count(
        (Outcome.FAILED, DE, Code.LEFT_OUT)
    ) == 1  # fmt: skip
    [sentence] = told(both)
    assert "www.amazon.de" in sentence


def test_what_waited_leaves_when_amazon_allows_it_again(
    both: World, later: Callable[[timedelta], None]
) -> None:
    refuse(both, *WRITES)
    change_both("11.00")
    due(both)
    due(both)  # the offer that was refused is looked at once more, without Germany
    assert due(both) == []  # and not again before its time
    later(access.PAUSES[0])
    due(both)
    assert prices(both, DE) == ["10.00", "10.00"]
    assert due(both) == []
    both.amazon.faults.clear()
    later(access.PAUSES[1])
    due(both)
    assert prices(both, DE) == ["11.00", "11.00"]
    assert told(both) == []
    assert due(both) == []


def test_what_changes_while_it_is_refused_leaves_later_too(
    both: World, later: Callable[[timedelta], None]
) -> None:
    refuse(both, *WRITES)
    change_price("CUP", "11.00")
    due(both)
    change_price("MUG", "12.00")
    due(both)
    assert prices(both, FR) == ["11.00", "12.00"]
    both.amazon.faults.clear()
    later(access.PAUSES[0])
    due(both)
    assert prices(both, DE) == ["11.00", "12.00"]


def units(world: World, sku: str) -> list[int]:
    return [world.live(sku, marketplace).quantity for marketplace in (DE, FR)]


def sell_out(sku: str) -> None:
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    record.num_in_stock = 0
    record.save()


@pytest.mark.parametrize(
    "amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True, ids=["separate"]
)
@pytest.mark.parametrize("marketplaces", [(DE,), (DE, FR)], ids=["one", "all"])
def test_a_zero_leaves_where_only_reading_is_refused(
    both: World, later: Callable[[timedelta], None], marketplaces: tuple[str, ...]
) -> None:
    """A role that lets write and not read keeps no zero back; all else waits, and is not asked for
    with each tick."""
    for marketplace in marketplaces:
        refuse(both, *READS, marketplace=marketplace)
    change_price("MUG", "11.00")
    due(both)
    due(both)
    assert due(both) == []
    asked = sum(len(both.amazon.requests_of(each)) for each in READS)
    sell_out("CUP")
    assert due(both) == [Job.CHANGES]
    assert units(both, "CUP") == [0, 0]
    assert due(both) == []
    if marketplaces == (DE, FR):
        assert sum(len(both.amazon.requests_of(each)) for each in READS) == asked
        assert prices(both, FR)[1] == "10.00"
    assert prices(both, DE)[1] == "10.00"
    later(access.PAUSES[1])  # it is tried again, in vain
    due(both)
    sell_out("MUG")
    due(both)
    assert units(both, "MUG") == [0, 0]
    both.amazon.faults.clear()
    later(access.PAUSES[2])
    due(both)
    assert prices(both, DE)[1] == prices(both, FR)[1] == "11.00"
    assert told(both) == []


def test_a_zero_takes_nothing_else_along_unread(both: World) -> None:
    """Whatever else is sent may overwrite what another hand did there meanwhile."""
    refuse(both, *READS)
    change_price("MUG", "10.50")
    sell_out("MUG")
    due(both)
    assert both.live("MUG", DE).quantity == 0
    assert [prices(both, store)[1] for store in (DE, FR)] == ["10.00", "10.50"]


def test_an_export_goes_on_and_says_so_once(both: World) -> None:
    refuse(both, *WRITES)
    get_model("partner", "StockRecord").objects.update(price="11.00")  # nobody noted it
    run = both.export()
    assert run.state == RunState.DONE
    assert prices(both, FR) == ["11.00", "11.00"]
    assert lines_of(run, "code").count(Code.LEFT_OUT) == 1
    again = both.export()
    assert lines_of(again, "marketplace", "code") == [(DE, Code.LEFT_OUT)]


def test_it_stops_where_no_marketplace_is_left(both: World) -> None:
    refuse(both, *WRITES)
    refuse(both, *WRITES, marketplace=FR)
    change_both("11.00")
    assert both.send_changes().reason_code == Code.UNAUTHORIZED
    assert len(told(both)) == 2


@pytest.mark.parametrize("operations", [READS, (*READS, *WRITES)])
def test_a_marketplace_that_cannot_be_read_stops_no_other(
    both: World, operations: tuple[str, ...]
) -> None:
    refuse(both, *operations)
    change_both("11.00")
    run = both.send_changes()
    assert (run.state, run.reason) == (RunState.DONE, "")
    assert prices(both, FR) == ["11.00", "11.00"]
    assert prices(both, DE) == ["10.00", "10.00"]
    run = both.verify()
    assert run.state == RunState.DONE
    assert Outcome.DRIFTED not in lines_of(run, "outcome")
    assert both.listing("MUG", DE).presence == Presence.PRESENT


def test_what_was_not_answered_is_not_taken_for_missing(
    both: World, later: Callable[[timedelta], None]
) -> None:
    both.amazon.faults.add(Fault("patchListingsItem", "drop_after", about=DE))
    change_price("MUG", "11.00")
    both.send_changes()
    assert Submission.objects.filter(state=SubmissionState.UNKNOWN).count() == 1
    refuse(both, *READS)
    later(timedelta(minutes=10))
    change_price("CUP", "12.00")
    assert both.send_changes().state == RunState.DONE
    assert prices(both, FR) == ["12.00", "11.00"]
    assert Submission.objects.filter(state=SubmissionState.UNKNOWN).count() == 1
    both.amazon.faults.clear()
    later(access.PAUSES[0])
    due(both)
    assert not Submission.objects.filter(state=SubmissionState.UNKNOWN).exists()
    assert prices(both, DE) == ["12.00", "11.00"]


def test_a_feed_that_is_refused_in_one_marketplace_stops_no_other(
    both: World, later: Callable[[timedelta], None], settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 1}
    refuse(both, "createFeed")
    change_both("11.00")
    assert both.send_changes().state == RunState.DONE
    feeds = Submission.objects.filter(kind=Submission.Kind.FEED).order_by("pk")
    assert sorted(feeds.values_list("marketplace__code", "state")) == sorted(
        [(DE, SubmissionState.UPLOADED), (FR, SubmissionState.SENT)]
    )
    both.amazon.faults.clear()
    later(access.PAUSES[0])
    due(both)
    assert feeds.get(marketplace__code=DE).state == SubmissionState.SENT


def test_a_marketplace_that_left_holds_nothing_up(
    both: World, later: Callable[[timedelta], None]
) -> None:
    refuse(both, *WRITES)
    change_both("11.00")
    due(both)
    both.account.marketplaces.filter(code=DE).update(active=False)
    later(access.PAUSES[0])
    due(both)
    assert due(both) == []


def test_the_check_names_the_store(both: World) -> None:
    refuse(both, *READS, *WRITES)
    found = {finding.what: finding.works for finding in check_account(both.account)}
    assert found["listings, www.amazon.de"] is False
    assert found["changes, www.amazon.de"] is False
    assert found["listings, www.amazon.fr"] is True
    assert found["changes, www.amazon.fr"] is True
    assert set(Lack.objects.values_list("marketplace", flat=True)) == {DE}


# --- Orders --------------------------------------------------------------------------------------


def in_the_shop(world: World, number: str) -> bool:
    return bool(get_model("order", "Order").objects.filter(number=number).exists())


def test_orders_of_the_other_marketplace_come_in(
    both: World, later: Callable[[timedelta], None]
) -> None:
    refuse(both, "searchOrders")
    french, german = both.buy("MUG", marketplace=FR), both.buy("MUG", marketplace=DE)
    run = both.import_orders()
    assert run.state == RunState.DONE
    assert lines_of(run, "marketplace", "code").count((DE, Code.LEFT_OUT)) == 1
    assert in_the_shop(both, french)
    assert not in_the_shop(both, german)
    [gap] = windows.gaps(both.account)
    assert (gap.marketplaces, gap.why.code) == ((DE,), Code.ORDERS_REFUSED)
    assert "www.amazon.de" in told(both)[0]

    asked = len(both.amazon.requests_of("searchOrders"))
    another = both.buy("MUG", marketplace=FR)
    both.import_orders()
    assert in_the_shop(both, another)
    assert len(both.amazon.requests_of("searchOrders")) == asked + 1  # Germany is left alone

    both.amazon.faults.clear()
    later(access.PAUSES[0])
    both.import_orders()
    assert in_the_shop(both, german)
    assert windows.gaps(both.account) == []
    assert told(both) == []


def test_no_quantity_rises_while_orders_of_a_marketplace_are_unknown(both: World) -> None:
    both.import_orders()
    refuse(both, "searchOrders")
    both.import_orders()
    record = get_model("partner", "StockRecord").objects.get(partner_sku="MUG")
    record.num_in_stock = 9
    record.save()
    both.amazon.advance(600)
    both.send_changes()
    assert both.live("MUG", FR).quantity == 5
    record.num_in_stock = 2
    record.save()
    both.send_changes()
    assert both.live("MUG", FR).quantity == 2


def test_a_time_with_an_end_is_searched_for_the_refused_marketplace_later(
    both: World, later: Callable[[timedelta], None]
) -> None:
    german = both.buy("MUG", marketplace=DE)
    both.amazon.advance(600)
    now = both.amazon.now()
    OrderWindow.objects.all().delete()
    OrderWindow.objects.create(
        account=both.account,
        start=both.account.cut_over - timedelta(hours=1),
        until=now - timedelta(minutes=5),
        marketplaces=[FR, DE],
    )
    refuse(both, "searchOrders")
    assert both.do(Job.IMPORT_ORDERS).state == RunState.DONE
    assert not in_the_shop(both, german)
    both.amazon.faults.clear()
    later(access.PAUSES[0])
    assert both.do(Job.IMPORT_ORDERS).state == RunState.DONE
    assert in_the_shop(both, german)


def test_all_refused_ends_the_import_with_its_reason(both: World) -> None:
    refuse(both, "searchOrders")
    refuse(both, "searchOrders", marketplace=FR)
    assert both.import_orders().reason_code == Code.UNAUTHORIZED
    assert both.import_orders().reason_code == Code.UNAUTHORIZED
