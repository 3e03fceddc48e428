"""Which maps of Amazon's statuses the shop's own rules permit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import StatusFlow
from django_amazon_sync.rules.statuses import MAPPED, impossible_steps

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
