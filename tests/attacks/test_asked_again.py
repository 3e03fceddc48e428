"""What was refused is tried again, and ends, whatever stops or is switched off in between."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.admin.common.formatting import guarded, unguarded
from django_amazon_sync.data import RunOptions
from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonReport,
    Job,
    Lack,
    SellerSku,
    Shipment,
    SyncRun,
)
from django_amazon_sync.rules.buyers import without_words
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.products.sheet_steps import account_with_offers, export, faults, look, table
from tests.attacks.steps import Era, change, fail, holding, sent_off, sentences, shipments
from tests.world import FR

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def as_csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_a_sheet_with_a_day_that_is_over_can_be_read_again(staff: Staff) -> None:
    """What is stored may stand. The restock date of a mug passed by itself; the file that the page
    gave is refused for it, though nobody touched the cell."""
    account = account_with_offers()
    SellerSku.objects.filter(sku="MUG").update(own_values={"restock_date": "2020-01-01"})
    rows = table(export(staff, account))
    assert any("2020-01-01" in row.values() for row in rows)
    assert faults(look(staff, account, as_csv(rows))) == []


def test_the_refusal_of_a_report_ends_where_its_store_is_off(both: Era) -> None:
    """France refuses its report once, then is switched off: no report of it is asked for ever
    again, so nothing ends the lack, and the overview says for ever that it is tried again."""
    both.minutes(120, every=10)
    fail(both, "createReport", "403", FR)
    both.world.do(Job.IMPORT_LISTINGS)
    both.world.amazon.faults.clear()
    assert Lack.objects.filter(works_since=None).exists()
    both.world.account.marketplaces.filter(code=FR).update(active=False)
    for _time in range(2):
        both.minutes(60 * 12, every=60)
        both.world.do(Job.IMPORT_LISTINGS)
        both.minutes(20, every=5)
    assert list(Lack.objects.filter(works_since=None).values_list("part", "marketplace")) == []


def test_the_refusal_of_a_shipment_ends_where_no_parcel_waits(both: Era) -> None:
    """France refuses one confirmation; somebody confirms the parcel by hand or the order goes.
    Germany's parcels are confirmed, and the lack of France stands for ever."""
    french, german = sent_off(both)
    both.world.amazon.faults.add(Fault("confirmShipment", "403", times=1, about=FR))
    both.world.do(Job.CONFIRM_SHIPMENTS)
    Shipment.objects.filter(order__number=french).delete()
    AmazonOrder.objects.filter(number=french).update(status="SHIPPED")
    both.minutes(60 * 26, every=60)
    assert shipments(german) == ["seen"]
    assert list(Lack.objects.filter(works_since=None).values_list("part", "marketplace")) == []


def test_a_report_that_may_not_be_fetched_makes_no_run_after_the_other(both: Era) -> None:
    """``getReport`` names no marketplace, so France's refusal of it is noted as the account's, and
    Germany's next success ends that: ``works`` makes the import due at once, which is refused once
    more, and so on within one and the same tick, which never comes to its end."""
    both.minutes(120, every=10)
    both.world.do(Job.IMPORT_LISTINGS)
    for report in AmazonReport.objects.filter(marketplace__code=FR).exclude(amazon_id=""):
        fail(both, "getReport", "403", report.amazon_id)
    both.time.sleep(600)
    runs = SyncRun.objects.filter(job=Job.IMPORT_LISTINGS)
    before = runs.count()
    for run in islice(jobs.due_runs(), 12):
        with suppress(AmazonSyncError):
            jobs.perform(run, patience=5)
        both.time.sleep(0.1)
    assert runs.count() - before <= 2


def test_what_staff_send_again_stays_refused_until_it_is_sent(era: Era) -> None:
    """Amazon refused a creation; staff ask for it again with a changed mug, whose read fails: the
    run stops before the creation, and nothing says any more that it was refused; the alarm ends as
    mended, though nothing was sent."""
    era.sold()
    factories.stock_record("POT", price="9.00", in_stock=5)
    era.world.export()
    assert list(era.world.listing("POT").refused) == ["creation"]
    for operation in ("searchListingsItems", "getListingsItem"):
        fail(era, operation, "500")
    change("MUG", num_in_stock=3)
    run = era.world.export(skus=["MUG", "POT"])
    assert run.state == "stopped"
    assert list(era.world.listing("POT").refused) == ["creation"]
    assert sentences("refused")


@given(st.text(alphabet=";\r\n'=+-@ \ta\u200b\x00", max_size=12))
def test_a_guarded_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_a_sentence_that_holds_no_name_stays() -> None:
    words = ["田中 一", "田中", "一"]
    assert without_words("一時的に在庫がありません。", words) == "一時的に在庫がありません。"


def test_an_approval_that_waits_over_an_update_is_not_lost(held: Era) -> None:
    """A run that was asked for before an update of the package names a moment (``shown_at``) in
    place of a line: it approves nothing, sends nothing, says nothing, and is done."""
    holding_run = holding()
    moment = held.time.now().isoformat()
    run = SyncRun.objects.create(
        account=held.world.account,
        job=Job.EXPORT,
        options=cast(RunOptions, {"approve": holding_run.pk, "shown_at": moment}),
    )
    jobs.perform(run, patience=5)
    held.minutes(3)
    assert held.price() == "20.00" or run.lines.exists() or run.state == "stopped"


def test_a_day_that_is_over_keeps_no_other_cell_of_a_sheet(staff: Staff) -> None:
    account = account_with_offers()
    SellerSku.objects.filter(sku="MUG").update(own_values={"restock_date": "2020-01-01"})
    rows = table(export(staff, account))
    mug = next(row for row in rows if "2020-01-01" in row.values())
    mug["handling_time"] = "3"
    assert faults(look(staff, account, as_csv(rows))) == []


def test_what_was_refused_is_tried_again_though_a_run_that_staff_asked_for_stopped(
    era: Era,
) -> None:
    """The price of a cup was refused and would go again by itself. Staff send cup and mug, the
    mug's read fails, the run stops: the cup's time of the next try is gone with its refusal, and no
    note stands for it, so no lane ever sends it; its status promises that it is sent."""
    era.sold()
    era.sold("CUP")
    fail(era, "patchListingsItem", "400", "CUP")
    change("CUP", price=Decimal("10.50"))
    era.minutes(3)
    assert era.world.listing("CUP").refused
    for operation in ("searchListingsItems", "getListingsItem"):
        fail(era, operation, "500")
    change("MUG", num_in_stock=3)
    assert era.world.export(skus=["MUG", "CUP"]).state == "stopped"
    era.world.amazon.faults.clear()
    era.minutes(60 * 6, every=15)
    assert era.units() == 3
    assert era.price("CUP") == "10.50"


def test_a_fall_that_was_refused_leaves_though_a_run_that_staff_asked_for_stopped(
    era: Era,
) -> None:
    """As above, where it is a quantity: 5 cups stay on sale where 2 are left."""
    era.sold()
    era.sold("CUP")
    fail(era, "patchListingsItem", "400", "CUP")
    change("CUP", num_in_stock=2)
    era.minutes(3)
    assert era.world.listing("CUP").refused
    for operation in ("searchListingsItems", "getListingsItem"):
        fail(era, operation, "500")
    change("MUG", num_in_stock=0)
    assert era.world.export(skus=["MUG", "CUP"]).state == "stopped"
    era.world.amazon.faults.clear()
    era.minutes(60 * 6, every=15)
    assert era.units("CUP") == 2
