"""SIGKILL at every write boundary of matching: no link is lost, doubled or half made."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import (
    AmazonOrderLine,
    Job,
    Outcome,
    RunState,
    SyncRun,
)
from django_amazon_sync.testing.simulator import Switches
from tests import factories
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.sampling import chosen_deaths
from tests.faults.stages import Stages
from tests.world import DE, World

SAMPLE = 3

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own

#: An Amazon that makes reports at once: a process that is killed cannot move its clock.
AT_ONCE = Switches(report_time=0)

EANS = {"MUG": "4006381333931", "CUP": "5901234123457", "PAN": "4012345000108"}


def unmatched(world: World) -> None:
    """MUG, CUP and PAN are on Amazon under other SKUs, POT under its own; a buyer waits."""
    for sku, ean in EANS.items():
        factories.stock_record(sku, in_stock=9, upc=ean)
        asin = f"B0{sku}"
        world.amazon.add_product(asin=asin, title=sku, ean=ean)
        world.amazon.add_listing(
            world.seller, f"OLD-{sku}", marketplace=DE, asin=asin, price="10.00", quantity=9
        )
    world.sell("POT")
    world.buy("OLD-MUG", 4, status="PENDING")
    world.import_orders()


def match(world: World) -> SyncRun:
    return world.do(Job.MATCH)


def links(world: World) -> Any:
    """What was linked, and of which offers units are held."""
    linked = world.account.skus.exclude(offer_pk="").order_by("sku")
    held = AmazonOrderLine.objects.exclude(offer_pk="").order_by("pk")
    return (
        list(linked.values_list("sku", "offer_pk", "matched")),
        list(held.values_list("sku", "offer_pk")),
    )


def test_matching_that_is_killed_anywhere_is_made_good(stages: Stages) -> None:
    with stages.at("connected", switches=AT_ONCE) as world:
        unmatched(world)
        met = boundaries_of(lambda: match(world))
        whole = links(world)
        assert [sku for sku, _offer, _matched in whole[0]] == [
            *sorted(f"OLD-{sku}" for sku in EANS), "POT",
        ]  # fmt: skip
        assert [sku for sku, _offer in whole[1]] == ["OLD-MUG"]
    failures: dict[str, Any] = {}
    for number in chosen_deaths(met, SAMPLE):
        with stages.at("connected", switches=AT_ONCE) as world:
            unmatched(world)
            killed_at(number, lambda world=world: match(world))  # type: ignore[misc]
            run = match(world)
            lines = list(run.lines.order_by("sku").values_list("sku", "outcome"))
            said = [(sku, Outcome.LINKED) for sku in sorted([*EANS, "POT"])]
            found = links(world)
            if run.state != RunState.DONE or lines != said or shape(found) != shape(whole):
                failures[f"{number}: {met[number - 1]}"] = (run.reason, lines, found)
    assert not failures


def shape(found: Any) -> Any:
    """Without the primary keys, which differ from one world to the next."""
    linked, held = found
    offers = {offer: number for number, (_sku, offer, _matched) in enumerate(linked)}
    return (
        [(sku, matched) for sku, _offer, matched in linked],
        [(sku, offers.get(offer)) for sku, offer in held],
    )
