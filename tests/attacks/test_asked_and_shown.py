"""What staff asked is what their page showed, whatever clocks and requests are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    Listing,
    Outcome,
    Proposal,
    RunLine,
    RunState,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests.admin.conftest import Staff, address, lines_to
from tests.admin.settings import rule_steps
from tests.attacks.steps import Era, change, holding

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_a_run_is_approved_as_a_host_whose_clock_is_ahead_showed_it(era: Era, staff: Staff) -> None:
    """An approval is of what that person saw. A run held 20 prices and gave way; the list is shown
    by a web host that is ten minutes ahead; the run goes on and holds 0.20 for five others; the
    clerk approves the run, and 0.20 is sold. The list of listings carries marks since; that of runs
    compares two hosts' moments (``decisions.held_by``)."""
    skus = [f"S{number:02d}" for number in range(25)]
    for sku in skus:
        era.world.sell(sku, price="10.00", quantity=50)
    era.minutes(3)
    records = get_model("partner", "StockRecord").objects
    records.update(price=Decimal("20.00"))
    run = jobs.request(era.world.account, Job.EXPORT)
    batches = iter([False])
    jobs.perform(run, patience=5, slice_over=lambda: next(batches, True))
    assert run.state == RunState.QUEUED
    era.time.seconds += 600
    page = staff.see(SyncRun)
    era.time.seconds -= 600
    seen = RunLine.objects.filter(run=run, outcome=Outcome.HELD).values_list("sku", flat=True)
    late = sorted(set(skus) - set(seen))
    records.filter(partner_sku__in=late).update(price=Decimal("0.20"))
    era.time.sleep(60)
    jobs.perform(run, patience=5)
    data = {"action": "approve", "_selected_action": [run.pk], "lines_to": lines_to(page)}
    era.time.seconds += 600
    staff.client.post(address(SyncRun), data, follow=True)
    era.time.seconds -= 600
    era.minutes(5)
    assert late
    assert era.price(late[0]) == "10.00"


def test_a_run_of_a_worker_whose_clock_is_ahead_is_approved(era: Era, staff: Staff) -> None:
    """An approval is of what that person saw, whatever clock dated it. A worker ten minutes ahead
    held 20.00; a minute later a clerk sees the run and approves it; nothing is approved, and the
    run ends "done" without a word."""
    era.sold()
    change("MUG", price=Decimal("20.00"))
    era.time.seconds += 600
    era.minutes(1)
    era.time.seconds -= 600
    era.time.sleep(60)
    staff.press(SyncRun, "approve", holding())
    era.minutes(5)
    assert era.price() == "20.00"


def test_a_rule_is_asked_again_where_it_does_something_else_by_now(era: Era, staff: Staff) -> None:
    """What is confirmed is what was seen, in numbers. The page of a rule says "1 quantity goes to
    0"; meanwhile the shop sold, and the same button takes two offers off sale. The pages of
    ``ask_first`` come again where they say another thing; that of rules compares stored rules
    only."""
    era.sold()
    era.sold("CUP", quantity=50)
    era.minutes(2)
    shown = rule_steps.change_account(staff, era.world, stock_buffer=5)
    assert "1 quantity goes to 0" in rule_steps.text_of(shown)
    change("CUP", num_in_stock=4)
    era.minutes(2)
    again = rule_steps.confirm(staff, shown)
    assert again.status_code == 200
    assert "2 quantities go to 0" in rule_steps.text_of(again)


def test_a_sku_that_staff_link_to_nothing_goes_off_sale_soon(era: Era, staff: Staff) -> None:
    """No offer stands for it, by which the lane of changes would look at it: its units stayed on
    sale, whatever the shop sold, until the next export of all."""
    era.sold()
    era.world.list_on_amazon("OTHER", price="10.00", quantity=7)
    sku = SellerSkuFactory.create(account=era.world.account, sku="OTHER", condition="new_new")
    typed = {"synchronise": "true", "condition": "new_new"}
    staff.save(SellerSku, sku.pk, shop_sku="MUG", **typed)
    era.minutes(5)
    assert era.units("OTHER") == 5
    staff.confirm(staff.save(SellerSku, sku.pk, shop_sku="", **typed))
    era.minutes(5)
    assert era.units("OTHER") == 0


def test_a_mark_of_a_row_with_too_many_digits_is_refused(held: Era, staff: Staff) -> None:
    """A hand-made request gets 400, never 500. Python reads no number of 5,000 digits, and
    ``marks_in`` asks it to."""
    data = {
        "action": "approve",
        "_selected_action": [held.world.listing("MUG").pk],
        "seen": ["9" * 5000 + ":abcdefgh"],
    }
    assert staff.client.post(address(Listing), data).status_code in (302, 400)


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "-1", "\u0663", "x"])
def test_a_line_that_no_database_has_is_refused_and_not_queued(
    held: Era, staff: Staff, number: str
) -> None:
    """As above: the number is queued with the run."""
    data = {"action": "approve", "_selected_action": [holding().pk], "lines_to": number}
    assert staff.client.post(address(SyncRun), data).status_code in (302, 400)
    held.minutes(2)
    assert not SyncRun.objects.filter(reason_code="unexpected").exists()


@pytest.mark.parametrize(
    ("model", "action"),
    [
        (Listing, "approve"),
        (Proposal, "accept"),
        (SellerSku, "edit_selected"),
        (AmazonOrder, "replay"),
    ],
)
def test_a_chosen_row_beyond_the_database_is_refused(
    era: Era, staff: Staff, model: Any, action: str
) -> None:
    """As above: a row's number that no database holds, chosen for an action, ends in an error page
    (``refusing`` answers an OverflowError of GET only)."""
    data = {"action": action, "_selected_action": [str(10**30)]}
    assert staff.client.post(address(model), data).status_code in (200, 302, 400)


def test_rules_seen_that_nest_without_end_are_refused(era: Era, staff: Staff) -> None:
    """As above: ``json.loads`` raises RecursionError, which is no ValueError (``_seen``)."""
    era.sold()
    shown = rule_steps.change_account(staff, era.world, stock_buffer=5)
    where = shown.request["PATH_INFO"]
    data = {**rule_steps.typed(shown), "_confirm_rules": "1", "rules_seen": "[" * 200_000}
    assert staff.client.post(where, data).status_code in (200, 302, 400)
