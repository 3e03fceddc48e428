"""What an Amazon order's status means for the shop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import OrderAmounts, OrderData, OrderLine, StatusFlow
from django_amazon_sync.rules.statuses import MAPPED, decide, impossible_steps

CUT_OVER = datetime(2026, 11, 1, tzinfo=UTC)


def order(**fields: Any) -> OrderData:
    facts: dict[str, Any] = {
        "number": "302-1",
        "marketplace": "A1PA6795UKMFR9",
        "channel": "AMAZON",
        "status": "UNSHIPPED",
        "fulfilled_by": "MERCHANT",
        "created": CUT_OVER + timedelta(days=1),
        "updated": CUT_OVER + timedelta(days=1),
        "lines": (OrderLine("1", "MUG", "B0MUG", "Mug", 1),),
        "amounts": OrderAmounts("EUR", Decimal(10)),
    }
    return OrderData(**{**facts, **fields})


def decided(asked_for: bool = False, **fields: Any) -> tuple[str, bool, str]:
    decision = decide(order(**fields), cut_over=CUT_OVER, asked_for=asked_for)
    return decision.state, decision.takes_stock, decision.code


OLD = {"created": CUT_OVER - timedelta(seconds=1)}
FBA = {"fulfilled_by": "AMAZON"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("waiting", True, "")),
        ({"status": "PARTIALLY_SHIPPED"}, ("waiting", True, "")),
        ({"status": "SHIPPED"}, ("waiting", True, "")),
        ({"status": "PENDING"}, ("held", True, "pending")),
        ({"status": "PENDING_AVAILABILITY"}, ("held", True, "pending")),
        ({"status": "PENDING", "amounts": None}, ("held", True, "pending")),
        ({"status": "CANCELLED"}, ("cancelled", True, "cancelled")),
        ({"status": "UNFULFILLABLE"}, ("recorded", False, "unfulfillable")),
        ({"status": ""}, ("seen", True, "status")),
        ({"status": "TELEPORTED"}, ("seen", True, "status")),
        ({"amounts": None}, ("seen", True, "total")),
        ({"lines": ()}, ("seen", True, "items")),
        ({"lines": (), "status": "PENDING"}, ("seen", True, "items")),
        ({"lines": (), "status": "CANCELLED"}, ("cancelled", True, "cancelled")),
        ({"lines": (OrderLine("1", "MUG", "", "", 0),)}, ("cancelled", True, "cancelled")),
        ({"channel": "NON_AMAZON"}, ("recorded", False, "channel")),
        ({"channel": ""}, ("waiting", True, "")),
        ({**FBA}, ("held", False, "amazon-ships")),
        ({**FBA, "status": "SHIPPED"}, ("waiting", False, "")),
        ({**FBA, "status": "PENDING"}, ("held", False, "pending")),
        ({"fulfilled_by": ""}, ("waiting", True, "")),
        ({"created": CUT_OVER}, ("waiting", True, "")),
        ({**OLD}, ("recorded", False, "before-cut-over")),
        ({**OLD, "status": "PENDING"}, ("recorded", False, "before-cut-over")),
        ({**OLD, "status": "CANCELLED"}, ("cancelled", False, "cancelled")),
    ],
)
def test_what_becomes_of_an_order(fields: dict[str, Any], expected: tuple[str, bool, str]) -> None:
    assert decided(**fields) == expected


def test_an_older_order_that_is_asked_for_is_placed_without_stock() -> None:
    assert decided(asked_for=True, **OLD) == ("waiting", False, "")
    assert decided(asked_for=True, **OLD, channel="NON_AMAZON") == ("recorded", False, "channel")


statuses = st.sampled_from(
    ["PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE", "", "X"]
)


@given(
    statuses,
    st.sampled_from(["MERCHANT", "AMAZON", "", "ELVES"]),
    st.sampled_from(["AMAZON", "NON_AMAZON", ""]),
    st.integers(min_value=-5, max_value=5),
    st.booleans(),
    st.booleans(),
)
def test_stock_is_taken_only_of_what_we_ship_since_the_cut_over(
    status: str, by: str, channel: str, days: int, total: bool, asked_for: bool
) -> None:
    fields: dict[str, Any] = {} if total else {"amounts": None}
    created = CUT_OVER + timedelta(days=days)
    state, takes_stock, code = decided(
        asked_for, status=status, fulfilled_by=by, channel=channel, created=created, **fields
    )
    if takes_stock:
        assert by != "AMAZON"
        assert created >= CUT_OVER
        assert channel != "NON_AMAZON"
    if state == "waiting":
        assert total
        assert status in ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")
        assert created >= CUT_OVER or asked_for
    else:
        assert code


OSCAR = StatusFlow(
    "Pending",
    {
        "Pending": ("Being processed", "Cancelled"),
        "Being processed": ("Complete", "Cancelled"),
        "Complete": (),
        "Cancelled": (),
    },
)


words = st.sampled_from(["a", "b", "c", "d", "e"])


flows = st.builds(
    StatusFlow,
    st.one_of(st.just(""), words),
    st.dictionaries(words, st.lists(words, max_size=3).map(tuple)),
)


maps = st.dictionaries(st.sampled_from(MAPPED), words)


@pytest.mark.parametrize(
    ("mapped", "refused"),
    [
        ({}, []),
        ({"UNSHIPPED": "Pending"}, []),
        ({"SHIPPED": "Complete", "CANCELLED": "Cancelled"}, []),
        ({"UNSHIPPED": "Being processed", "SHIPPED": "Complete"}, []),
        ({"UNSHIPPED": "Complete", "SHIPPED": "Being processed"}, ["SHIPPED"]),
        ({"UNSHIPPED": "Complete", "CANCELLED": "Cancelled"}, ["CANCELLED"]),
        ({"PARTIALLY_SHIPPED": "Complete", "CANCELLED": "Cancelled"}, ["CANCELLED"]),
        ({"UNSHIPPED": "Unheard"}, ["UNSHIPPED"]),
    ],
)
def test_a_map_is_judged_step_by_step(mapped: dict[str, str], refused: list[str]) -> None:
    assert [step.status for step in impossible_steps(mapped, OSCAR)] == refused


@given(mapped=maps, first=words)
def test_where_any_status_may_follow_any_nothing_is_refused(
    mapped: dict[str, str], first: str
) -> None:
    assert impossible_steps(mapped, StatusFlow(first)) == []


@given(flow=flows, start=words, end=words, avoiding=words)
def test_a_way_is_made_of_steps_that_the_shop_permits(
    flow: StatusFlow, start: str, end: str, avoiding: str
) -> None:
    way = flow.way(start, end, avoiding)
    if way is None or start == end:
        return
    here = start
    for step in way:
        assert step in (flow.following or {})[here]
        here = step
    assert here == end
    assert avoiding not in way[:-1]


@given(flow=flows, mapped=maps, life=st.lists(st.sampled_from(MAPPED), unique=True))
def test_a_map_that_is_not_refused_never_stops_an_order(
    flow: StatusFlow, mapped: dict[str, str], life: list[str]
) -> None:
    """Whatever Amazon skips: each status that comes can be reached from the one before."""
    if impossible_steps(mapped, flow):
        return
    here = flow.first
    life = [status for status in MAPPED if status in life]
    if "SHIPPED" in life:
        life = [status for status in life if status != "CANCELLED"]
    for status in life:
        if target := mapped.get(status):
            assert not here or flow.way(here, target, mapped.get("CANCELLED", "")) is not None
            here = target
