"""Faults by script: what the caller meets, and whether the request took effect."""

import json
import time
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from django_amazon_sync.testing.simulator import Fault, Simulator
from django_amazon_sync.testing.simulator.faults import Faults
from tests.testing.callers import US, Caller, merchant, replace

THREE = replace("fulfillment_availability", merchant(3))


def echoed(amazon: Simulator) -> int:
    attributes = amazon.attributes("na", "MUG-BLUE", US)
    return int(attributes["fulfillment_availability"][0]["quantity"])


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("400", 400, "InvalidInput"),
        ("403", 403, "Unauthorized"),
        ("429", 429, "QuotaExceeded"),
        ("500", 500, "InternalFailure"),
    ],
)
def test_errors_come_without_effect(caller: Caller, kind: Any, status: int, code: str) -> None:
    caller.amazon.faults.add(Fault("patchListingsItem", kind, details="because"))
    got = caller.patch("MUG-BLUE", THREE)
    assert (got.status, got.error["code"]) == (status, code)
    assert got.error["details"] == ("" if kind == "429" else "because")
    assert "x-amzn-RequestId" in got.headers
    assert echoed(caller.amazon) == 12
    assert caller.patch("MUG-BLUE", THREE).status == 200
    assert caller.amazon.requests_of("patchListingsItem")[0].fault == kind


def test_an_outage_is_a_page_of_html(caller: Caller) -> None:
    caller.amazon.faults.add(Fault("*", "503"))
    got = caller.get_listing("MUG-BLUE")
    assert got.status == 503
    assert got.headers["Content-Type"] == "text/html"
    assert got.raw.startswith(b"<html>")


def test_500_after_the_effect(caller: Caller) -> None:
    caller.amazon.faults.add(Fault("patchListingsItem", "500_after"))
    assert caller.patch("MUG-BLUE", THREE).status == 500
    assert echoed(caller.amazon) == 3


@pytest.mark.parametrize(("kind", "raw"), [("empty", b""), ("string", b'"OK"')])
def test_200_with_nothing_or_with_a_string(caller: Caller, kind: Any, raw: bytes) -> None:
    caller.amazon.faults.add(Fault("getListingsItem", kind))
    got = caller.get_listing("MUG-BLUE")
    assert (got.status, got.raw) == (200, raw)
    assert caller.get_listing("MUG-BLUE").body["sku"] == "MUG-BLUE"


def test_half_a_document_under_its_full_length(caller: Caller) -> None:
    caller.amazon.faults.add(Fault("patchListingsItem", "half"))
    with pytest.raises(IncompleteRead) as cut:
        caller.patch("MUG-BLUE", THREE)
    assert cut.value.expected is not None
    assert len(cut.value.partial) <= cut.value.expected + 1
    assert echoed(caller.amazon) == 3


@pytest.mark.parametrize(("kind", "left"), [("drop_before", 12), ("drop_after", 3)])
def test_the_connection_dies_before_or_after_the_effect(
    caller: Caller, kind: Any, left: int
) -> None:
    caller.amazon.faults.add(Fault("patchListingsItem", kind))
    with pytest.raises((ConnectionError, HTTPException)):
        caller.patch("MUG-BLUE", THREE)
    assert echoed(caller.amazon) == left
    (seen,) = caller.amazon.requests_of("patchListingsItem")
    assert seen.fault == kind
    assert caller.get_listing("MUG-BLUE").status == 200  # and the next connection works


def test_a_slow_body_holds_up_nobody_else(caller: Caller) -> None:
    amazon = caller.amazon
    amazon.faults.add(Fault("getListingsItem", "slow", seconds=0.2))
    start = time.perf_counter()
    assert caller.get_listing("MUG-BLUE").body["sku"] == "MUG-BLUE"
    assert time.perf_counter() - start >= 0.2


def test_faults_of_login_with_amazon(caller: Caller) -> None:
    caller.amazon.faults.add(Fault("token", "503"))
    caller.amazon.faults.add(Fault("token", "500"))
    assert caller.fetch_token().status == 503
    assert caller.fetch_token().body["error"] == "server_error"
    assert caller.fetch_token().status == 200


def test_one_seller_suffers_and_the_others_go_on(amazon: Simulator) -> None:
    american, european = Caller(amazon, "na"), Caller(amazon, "eu")
    seller_id = american.seller.seller_id
    amazon.faults.add(Fault("searchOrders", "403", times=None, seller_id=seller_id))
    amazon.faults.add(Fault("token", "500", times=None, seller_id=seller_id))
    assert [one.search_orders().status for one in (american, european)] == [403, 200]
    assert [one.fetch_token().status for one in (american, european)] == [500, 200]
    american.close()
    european.close()


def test_the_nth_call_and_how_many_times() -> None:
    faults = Faults()
    faults.add(Fault("getOrder", "500", skip=2, times=2))
    strikes = [faults.strike("getOrder") is not None for _ in range(6)]
    assert strikes == [False, False, True, True, False, False]
    assert faults.strike("searchOrders") is None


def test_the_first_fault_of_the_script_strikes_first() -> None:
    faults = Faults()
    faults.add(Fault("getOrder", "500"))
    faults.add(Fault("*", "429", times=None))
    kinds = [fault.kind for _ in range(3) if (fault := faults.strike("getOrder"))]
    assert kinds == ["500", "429", "429"]
    faults.clear()
    assert faults.strike("getOrder") is None


def test_dice_are_repeated_by_the_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("*", "500", times=None, probability=0.5))
        return [faults.strike("getOrder") is not None for _ in range(50)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 10 < sum(strikes(1)) < 40


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text(json.dumps([{"operation": "getOrder", "kind": "429"}]))
    faults = Faults()
    faults.load(script)
    assert faults.strike("getOrder") == Fault("getOrder", "429")


@pytest.mark.parametrize(
    "content",
    ['{"operation": "getOrder"}', '[{"sort": "429"}]', '[{"kind": "earthquake"}]', "[1]", "{"],
)
def test_a_bad_script_is_refused(tmp_path: Path, content: str) -> None:
    script = tmp_path / "faults.json"
    script.write_text(content)
    with pytest.raises(ValueError):
        Faults().load(script)
