"""The memory survives a restart: accounts, listings, orders, and what was yet to happen."""

import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from django_amazon_sync.testing.simulator import NotForSale, Simulator
from tests.testing.callers import (
    CA,
    FEED_CONTENT_TYPE,
    SHOWING_ITEMS,
    US,
    Caller,
    merchant,
    message,
    offer,
    replace,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "amazon.json"


def test_everything_is_there_after_a_restart(file: Path) -> None:
    with Simulator(state_file=file, rate_limits=False) as amazon:
        caller = Caller(amazon)
        caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(5)))
        order_id = amazon.buy("na", US, "LAMP-OAK", status="PENDING", tax="1.50")
        amazon.add_product(asin="B0MINE", title="Mine")
        amazon.ignore_changes("na", "0042", US)
        before = amazon.orders("na"), amazon.attributes("na", "MUG-BLUE", US), amazon.now()
        token = caller.token
        caller.close()
    with Simulator(state_file=file, rate_limits=False) as amazon:
        assert (amazon.orders("na"), amazon.attributes("na", "MUG-BLUE", US)) == before[:2]
        assert amazon.now() >= before[2]
        caller = Caller(amazon)
        caller.token = token
        assert caller.get_order(order_id).status == 200
        amazon.advance(61)
        live = [amazon.live("na", "MUG-BLUE", place) for place in (US, CA)]
        assert [listing.quantity for listing in live if listing] == [5, 5]
        amazon.settle_payment(order_id)
        amazon.cancel(order_id)
        caller.patch("0042", replace("fulfillment_availability", merchant(5)))
        amazon.advance(61)
        still = amazon.live("na", "0042", US)
        assert still is not None
        assert still.quantity == 0
        caller.close()


def test_feeds_reports_and_documents_go_on_after_a_restart(file: Path) -> None:
    with Simulator(state_file=file, rate_limits=False) as amazon:
        caller = Caller(amazon)
        slot, url = caller.slot()
        price = replace("purchasable_offer", offer(10))
        feeds = [
            caller.send_feed(message(1, sku, price), report=SHOWING_ITEMS)
            for sku in ("MUG-BLUE", "LAMP-OAK")
        ]
        amazon.advance(61)
        done = caller.processing_report(feeds[0])
        report_id = caller.create_report().body["reportId"].text
        amazon.set_amazon_stock("na", "FBA-KETTLE", US, fulfillable=7)
        token = caller.token
        caller.close()
    with Simulator(state_file=file, rate_limits=False) as amazon:
        caller = Caller(amazon)
        caller.token = token
        assert [job.status for job in amazon.feeds()] == ["DONE", "IN_PROGRESS"]
        assert caller.processing_report(feeds[0]) == done
        assert caller.raw("PUT", url, b"{}", {"Content-Type": FEED_CONTENT_TYPE}).status == 200
        assert amazon.document(slot) == b"{}"
        amazon.advance(61)
        assert caller.processing_report(feeds[1])["items"][0]["sku"] == "LAMP-OAK"
        assert b"\tMUG-BLUE\t10.00\t" in caller.report_file(report_id)[1]
        with pytest.raises(NotForSale, match="Amazon has 7"):
            amazon.buy("na", US, "FBA-KETTLE", 8)
        caller.close()


def test_requests_go_on_while_a_great_memory_is_written(file: Path) -> None:
    with Simulator(state_file=file, rate_limits=False) as amazon:
        rows = ({"sku": f"S{n}", "asin": "B0SIMTEA01", "price": 5} for n in range(5000))
        assert amazon.add_listings("na", US, rows) == 5000
        caller = Caller(amazon)
        saving = threading.Thread(target=amazon.save)
        saving.start()
        served = 0
        while saving.is_alive():
            assert caller.get_listing(f"S{served}").status == 200
            served += 1
        caller.close()
    assert served > 3
    assert Simulator(state_file=file).live("na", "S4999", US) is not None


def test_ids_are_never_given_twice_after_a_restart(file: Path) -> None:
    ids = []
    for _ in range(3):
        with Simulator(state_file=file) as amazon:
            ids.append(amazon.buy("na", US, "TEA-EARL-GREY-500"))
    assert len(set(ids)) == 3


def test_the_clock_does_not_go_back(file: Path) -> None:
    with Simulator(state_file=file) as amazon:
        amazon.advance(timedelta(days=3).total_seconds())
        before = amazon.now()
    assert Simulator(state_file=file).now() >= before


def test_the_memory_is_written_while_it_serves(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_amazon_sync.testing.simulator.running.SAVE_EVERY_SECONDS", 0.01)
    amazon = Simulator(state_file=file).start()
    order_id = amazon.buy("na", US, "TEA-EARL-GREY-500")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not (file.exists() and order_id in file.read_text()):
        time.sleep(0.01)
    found = file.read_text()
    amazon.stop()
    assert order_id in found


def test_a_file_of_something_else_is_refused_and_kept(file: Path) -> None:
    file.write_text(json.dumps({"shop": "accounts"}))
    with pytest.raises(ValueError, match=r"amazon\.json is not a memory"):
        Simulator(state_file=file)
    assert json.loads(file.read_text()) == {"shop": "accounts"}


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    with Simulator() as amazon:
        amazon.buy("na", US, "TEA-EARL-GREY-500")
    assert list(tmp_path.iterdir()) == []
