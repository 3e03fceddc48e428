"""Actions on all that match a filter: as many queries for thousands as for ten."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync.models import (
    Job,
    Listing,
    OfferChange,
    RunSelection,
    SellerSku,
    SyncRun,
)
from tests.admin.conftest import Staff, address, mark_of, sent_again
from tests.admin.rows import waiting_listings

pytestmark = pytest.mark.django_db


def press_all(staff: Staff, model: type, action: str, **filters: str) -> int:
    """Do an action on all that match these filters; how many queries that took."""
    first = model.objects.order_by("pk").values_list("pk", flat=True)[0]  # type: ignore[attr-defined]
    data = {
        "action": action,
        "select_across": "1",
        "_selected_action": [first],
        "index": "0",
    }
    with CaptureQueriesContext(connection) as captured:
        answer = staff.client.post(address(model), data, query_params=filters)
        if answer.status_code == 200:  # it asks first
            answer = staff.client.post(address(model), sent_again(answer))
    assert answer.status_code == 302
    return len(captured)


@pytest.mark.parametrize(
    ("model", "action"),
    [
        (SellerSku, "export"), (SellerSku, "verify"), (SellerSku, "leave_alone"),
        (Listing, "export"), (Listing, "verify"), (Listing, "approve"),
    ],
)  # fmt: skip
def test_all_that_match_take_as_many_queries_for_5000_as_for_200(
    staff: Staff, model: type, action: str
) -> None:
    waiting_listings(200)
    with_few = press_all(staff, model, action)
    SyncRun.objects.all().delete()
    Listing.objects.all().delete()
    SellerSku.objects.all().delete()
    OfferChange.objects.all().delete()
    waiting_listings(5000)
    more = press_all(staff, model, action) - with_few
    # What the page in between is about is read two thousand at a time, for the page and again when
    # its button is pressed; what is approved is locked and changed a thousand at a time, by four
    # statements.
    assert more == {"approve": 2 * 2 + 4 * 4, "leave_alone": 2 * 2 * 2}.get(action, 0)
    if action in ("export", "verify"):
        assert RunSelection.objects.filter(run=SyncRun.objects.get()).count() == 5000
    elif action == "leave_alone":
        assert SellerSku.objects.filter(synchronise=False).count() == 5000
        assert OfferChange.objects.count() == 5000
    else:
        approved = Listing.objects.filter(held={}).values_list("approved", flat=True)
        assert list(approved) == [{"price": "9.00 EUR"}] * 5000


@pytest.mark.parametrize("model", [SellerSku, Listing])
def test_values_of_all_that_match_come_in_the_difference_first(
    staff: Staff, model: type[Any]
) -> None:
    waiting_listings(300)
    first = model.objects.order_by("pk")[0].pk
    data = {"action": "take_over", "select_across": "1", "_selected_action": [first]}
    page = staff.client.post(address(model), data).content.decode()
    assert "300 rows are chosen." in page
    answer = staff.client.post(address(model), {**data, "step": "take"})
    assert "Choose at least one field." in answer.content.decode()
    answer = staff.client.post(address(model), {**data, "step": "show", "field": ["gift"]})
    assert "Choose at least one field." in answer.content.decode()
    assert not SyncRun.objects.exists()
    data["mark"] = mark_of(page)
    for step, dry_run in (("show", True), ("take", False)):
        staff.client.post(address(model), {**data, "step": step, "field": ["name", "price"]})
        run = SyncRun.objects.latest("pk")
        assert (run.job, run.dry_run) == (Job.TAKE_OVER, dry_run)
        assert (run.options["fields"], run.options["selected"]) == (["name", "price"], 300)


def test_only_what_matches_the_filter_is_chosen(staff: Staff) -> None:
    waiting_listings(300)
    SellerSku.objects.filter(sku__lt="S000150").update(channel="DEFAULT")
    press_all(staff, SellerSku, "export", channel="merchant")
    assert SyncRun.objects.get().options == {"selected": 150}


def test_a_search_over_listings_chooses_each_sku_once(staff: Staff) -> None:
    waiting_listings(300)
    press_all(staff, SellerSku, "export", q="S0000")
    assert SyncRun.objects.get().options["skus"][:2] == ["S000000", "S000001"]
    assert len(SyncRun.objects.get().options["skus"]) == 100
