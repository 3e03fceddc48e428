"""The memory survives a restart: accounts, listings, orders, and what was yet to happen."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest

from django_amazon_sync.testing.simulator import Simulator
from tests.testing.callers import CA, US, Caller, merchant, replace


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
        assert [one.quantity for one in live if one] == [5, 5]
        amazon.settle_payment(order_id)
        amazon.cancel(order_id)
        caller.patch("0042", replace("fulfillment_availability", merchant(5)))
        amazon.advance(61)
        still = amazon.live("na", "0042", US)
        assert still is not None
        assert still.quantity == 0
        caller.close()


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
