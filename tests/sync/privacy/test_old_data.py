"""What Amazon gave long ago goes; what sales and open work rest on stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonReport,
    PersonalDataView,
    Submission,
    SubmissionState,
)
from django_amazon_sync.sync.privacy import old_data
from django_amazon_sync.testing.factories import AmazonOrderFactory, AmazonReportFactory
from tests.factories_amazon import ListingInStepFactory, SubmissionFactory

pytestmark = pytest.mark.django_db

OLD = timedelta(days=541)


def test_old_reports_and_what_was_sent_go_and_open_work_stays() -> None:
    now = clock.now()
    AmazonReportFactory.create(asked_at=now - OLD)
    young = AmazonReportFactory.create(asked_at=now)
    other = {"item__values": {"name": "Mug"}}
    SubmissionFactory.create(state=SubmissionState.DONE, created_at=now - OLD, **other)
    stays = [
        SubmissionFactory.create(state=SubmissionState.SENT, created_at=now - OLD),
        SubmissionFactory.create(state=SubmissionState.DONE, created_at=now),
    ]
    old_data.forget_old_data()
    assert list(AmazonReport.objects.all()) == [young]
    assert list(Submission.objects.order_by("pk")) == stays


def test_the_last_prices_and_quantities_of_each_listing_stay_however_old() -> None:
    then = clock.now() - OLD
    listing = ListingInStepFactory.create()

    def sent(values: FieldValues, count: int) -> list[int]:
        made = [
            SubmissionFactory.create(
                listing=listing, state=SubmissionState.DONE, created_at=then, item__values=values
            )
            for _ in range(count)
        ]
        return [submission.pk for submission in made]

    prices = sent({"price": "1.00 EUR"}, old_data.LAST_KEPT + 2)
    quantities = sent({"quantity": 3}, old_data.LAST_KEPT + 1)
    sent({"name": "Mug"}, 1)
    old_data.forget_old_data()
    left = list(Submission.objects.order_by("pk").values_list("pk", flat=True))
    assert left == [*prices[2:], *quantities[1:]]
    old_data.forget([listing.marketplace.account_id], clock.now())  # somebody asked for it
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("columns", "goes"),
    [({}, True), ({"erased_at": None}, False), ({"told_at": None}, False)],
)
def test_an_old_order_keeps_its_row_and_loses_its_document(
    columns: dict[str, Any], goes: bool
) -> None:
    then = clock.now() - OLD
    order = AmazonOrderFactory.create(
        placed=True, ordered_at=then, status="SHIPPED", **{"erased_at": then, **columns}
    )
    old_data.forget_old_data()
    again = AmazonOrder.objects.get(pk=order.pk)
    assert (again.document == {}) is goes
    assert again.total == order.total


def test_who_saw_what_is_kept_for_a_year(settings: Any) -> None:
    account = AmazonOrderFactory.create().account
    for days in (367, 365):
        PersonalDataView.objects.create(
            account=account, order_number=str(days), where="order",
            at=clock.now() - timedelta(days=days),
        )  # fmt: skip
    old_data.forget_old_data()
    assert PersonalDataView.objects.get().order_number == "365"
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "VIEWS_KEPT_DAYS": 7}
    old_data.forget_old_data()
    assert not PersonalDataView.objects.exists()


def test_a_round_goes_by_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_data, "ROWS_PER_STATEMENT", 1)
    monkeypatch.setattr(old_data, "ROWS_PER_ROUND", 2)
    for _ in range(3):
        AmazonReportFactory.create(asked_at=clock.now() - OLD)
    old_data.forget_old_data()
    assert AmazonReport.objects.count() == 1
