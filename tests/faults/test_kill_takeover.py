"""SIGKILL at every write boundary of a take-over and of fetching rates: whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    ExchangeRate,
    Job,
    Marketplace,
    Outcome,
    RateFetch,
    RateSource,
    RunLine,
    RunState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from tests.bank import document
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.sampling import chosen_deaths
from tests.faults.stages import Stages
from tests.served import served
from tests.world import DE, World, now_due

SAMPLE = 4

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own

#: What another hand made of them on Amazon.
ON_AMAZON = {"MUG": ("12.50", 31, "A blue mug"), "CUP": ("4.50", 32, "A white cup")}


def differing(world: World) -> None:
    """Amazon differs from the shop in all that may be taken over, and nothing goes out."""
    Marketplace.objects.update(sync_price=False, sync_quantity=False, sync_name=False)
    world.amazon.advance(600)
    for sku, (price, quantity, title) in ON_AMAZON.items():
        world.list_on_amazon(sku, price=price, quantity=quantity, title=title)
    world.import_orders()


def read_first(world: World) -> SyncRun:
    """A run that has read the quantities a first time, some minutes ago."""
    run = world.do(
        Job.TAKE_OVER, skus=sorted(ON_AMAZON), fields=["name", "price", "quantity"],
        marketplaces=[DE],
    )  # fmt: skip
    world.amazon.advance(400)
    return run


def take_over(world: World) -> SyncRun:
    """With both readings, where the quantities are not the shop's yet."""
    run = read_first(world)
    return go_on(run) if run.state == RunState.QUEUED else run


def go_on(run: SyncRun) -> SyncRun:
    return jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)


def in_shop() -> dict[str, Any]:
    records = get_model("partner", "StockRecord").objects.filter(partner_sku__in=ON_AMAZON)
    return {
        one.partner_sku: (str(one.price), one.net_stock_level, one.product.title)
        for one in records.select_related("product")
    }


def told() -> list[str]:
    lines = RunLine.objects.filter(outcome=Outcome.TAKEN_OVER).order_by("sku")
    return list(lines.values_list("sku", flat=True))


def test_a_take_over_that_is_killed_anywhere_is_whole_or_not_at_all(stages: Stages) -> None:
    with stages.at("exported") as world:
        differing(world)
        before, run = in_shop(), read_first(world)
        met = boundaries_of(lambda: go_on(run))
        after = in_shop()
        assert after == {sku: tuple(values) for sku, values in ON_AMAZON.items()}
    failures: dict[str, Any] = {}
    for number in chosen_deaths(met, SAMPLE):
        with stages.at("exported") as world:
            differing(world)
            begun = read_first(world)
            killed_at(number, lambda begun=begun: go_on(begun))  # type: ignore[misc]
            halves = {
                sku: values
                for sku, values in in_shop().items()
                if values not in (before[sku], after[sku])
            }
            taken = [sku for sku, values in in_shop().items() if values == after[sku]]
            lost = sorted(taken) != told()
            run = take_over(world)
            if halves or lost or run.state != RunState.DONE or in_shop() != after:
                failures[f"{number}: {met[number - 1]}"] = (halves, lost, run.reason, in_shop())
            elif told() != sorted(ON_AMAZON):
                failures[f"{number}: {met[number - 1]}"] = told()
    assert not failures


def test_fetching_rates_that_is_killed_anywhere_stores_a_day_or_nothing(stages: Stages) -> None:
    rates = {"USD": "1.0832", "JPY": "162.35", "GBP": "0.8339"}
    today = timezone.now().date().isoformat()
    with served(document(rates, today)) as bank:
        changed = {**settings.AMAZON_SYNC, "RATES_URL": bank.url}
        with override_settings(AMAZON_SYNC=changed):
            _fetch_and_die(stages, len(rates))


def _fetch_and_die(stages: Stages, number_of_rates: int) -> None:
    with stages.at("exported") as world:
        Marketplace.objects.update(rate_source=RateSource.ECB)
        met = boundaries_of(world.verify)
    last = max(number for number, what in enumerate(met, start=1) if "ratefetch" in what)
    failures: dict[str, Any] = {}
    for number in chosen_deaths(met[: last + 2], SAMPLE):
        with stages.at("exported") as world:
            Marketplace.objects.update(rate_source=RateSource.ECB)
            killed_at(number, world.verify)
            half = ExchangeRate.objects.count() not in (0, number_of_rates)
            RateFetch.objects.update(next_at=timezone.now())  # an hour later
            run = world.verify()
            whole = ExchangeRate.objects.count() == number_of_rates
            if half or run.state != RunState.DONE or not whole:
                failures[f"{number}: {met[number - 1]}"] = (half, run.reason)
    assert not failures
