"""Every switch is in the docs, with its values and its default first, and in some test."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from django_amazon_sync.testing.simulator import Simulator, Switches
from tests.testing.callers import US, Caller

PROJECT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \|", re.MULTILINE)


def documented() -> dict[str, str]:
    text = (PROJECT / "docs" / "simulator.md").read_text(encoding="utf-8")
    return dict(ROW.findall(text.partition("## Switches")[2].partition("\n## ")[0]))


def as_documented(name: str, default: object) -> str:
    """The values as the docs write them."""
    choices = get_args(get_type_hints(Switches)[name])
    if isinstance(default, bool):
        choices = (default, not default)
    if not choices:
        return f"{default:,.0f}"
    return ", ".join(f"`{choice}`" if choice != "" else "empty" for choice in choices)


def test_the_docs_have_every_switch() -> None:
    expected = {field.name: as_documented(field.name, field.default) for field in fields(Switches)}
    assert documented() == expected


def test_every_switch_is_used_by_a_test() -> None:
    folders = (PROJECT / "tests" / "testing", PROJECT / "tests" / "contract")
    tests = "".join(file.read_text("utf-8") for folder in folders for file in folder.glob("*.py"))
    unused = [field.name for field in fields(Switches) if f"{field.name}=" not in tests]
    assert unused == []


def test_switches_are_changed_one_by_one() -> None:
    amazon = Simulator(switches=Switches(live_delay=5))
    amazon.switch(feed_time=7)
    assert (amazon.switches.live_delay, amazon.switches.feed_time) == (5, 7)
    with pytest.raises(TypeError, match="weather"):
        amazon.switch(weather="fair")


def test_times_and_lifetimes(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(page_token_lifetime=5, shipment_delay=7, report_time=20)
    token = caller.search_listings(pageSize=2).body["pagination"]["nextToken"].text
    order_id = amazon.buy("na", US, "MUG-BLUE")
    caller.confirm(order_id)
    report_id = caller.create_report().body["reportId"].text
    amazon.advance(6)
    assert caller.search_listings(pageSize=2, pageToken=token).status == 400
    assert amazon.order(order_id)["packages"] == []
    amazon.advance(5)
    assert amazon.order(order_id)["packages"]
    assert amazon.report(report_id).status == "IN_PROGRESS"
    amazon.advance(10)
    assert amazon.report(report_id).status == "DONE"
