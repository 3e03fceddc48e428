"""Every list: a fixed number of queries, none of which opens a secret, and a working search."""

from __future__ import annotations

from copy import copy
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import DateField, Model
from django.test.utils import CaptureQueriesContext

from django_amazon_sync import models
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    SellerAccountFactory,
    SellerSkuFactory,
)
from tests.admin.conftest import Staff, address
from tests.admin.rows import OURS, fill
from tests.factories_amazon import ListingInStepFactory

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def test_every_row_that_staff_read_about_has_a_screen() -> None:
    assert {model.__name__ for model in OURS} == {
        "Alarm", "AmazonOrder", "Application", "Erasure", "ExchangeRate", "Listing", "Marketplace",
        "OrderMappings", "PersonalDataView", "Proposal", "RunLine", "Schedule", "SellerAccount",
        "SellerSku", "Shipment", "Submission", "SyncRun", "TaxRecord",
    }  # fmt: skip


def queries_of(staff: Staff, model: type[Model]) -> int:
    with CaptureQueriesContext(connection) as captured:
        staff.see(model)
    return len(captured)


def test_lists_ask_as_often_for_1000_rows_as_for_10(staff: Staff) -> None:
    fill(10)
    with_few = {model: queries_of(staff, model) for model in OURS}
    for model, column in GROWN.items():
        grow(model, column, 1000)
    with_many = {model: queries_of(staff, model) for model in OURS}
    assert with_many == with_few
    assert max(with_few.values()) <= 12


#: What tells the copies of a row apart: a text or number of their own, or a parent of their own.
GROWN: dict[type[Model], str] = {
    models.Alarm: "key",
    models.Application: "client_id",
    models.SellerAccount: "seller_id",
    models.Marketplace: "account",
    models.Schedule: "account",
    models.SellerSku: "sku",
    models.Listing: "sku",
    models.SyncRun: "reason",
    models.Proposal: "offer_pk",
    models.RunLine: "sku",
    models.ExchangeRate: "on",
    models.Submission: "amazon_id",
    models.AmazonOrder: "number",
    models.Shipment: "reference",
    models.Erasure: "by",
    models.PersonalDataView: "order_number",
    models.TaxRecord: "order_number",
}


def grow(model: type[Any], column: str, number: int) -> None:
    """Copy a row until there are so many, the copies apart in this column."""
    row, there = model.objects.order_by("pk")[0], model.objects.count()
    for its in row._meta.concrete_fields:
        getattr(row, its.attname)  # what is encrypted opens where it is stored
    field = model._meta.get_field(column)
    if field.is_relation:
        parents = field.related_model.objects.exclude(pk__in=model.objects.values(column))
        values = list(parents.values_list("pk", flat=True))
    elif isinstance(field, DateField):
        values = [date(2000, 1, 1) + timedelta(days=one) for one in range(number)]
    else:
        values = [str(10_000_000 + one) for one in range(number)]
    copies = []
    for value in values[: number - there]:
        one = copy(row)
        one.pk = None
        setattr(one, field.attname, value)
        copies.append(one)
    if model is models.Shipment:
        for one in copies:
            one.shop_pk = one.reference
    if model is models.Application:
        for one in copies:
            one.client_secret = ""  # it is bound to a row that is there
    model.objects.bulk_create(copies)
    assert model.objects.count() == number


def test_no_list_opens_a_secret(staff: Staff, settings: Any) -> None:
    """A key that was lost costs no list: nothing in one is decrypted."""
    fill(2)
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ENCRYPTION_KEYS": []}
    for model in OURS:
        staff.see(model)


def test_no_page_of_a_row_opens_a_secret(staff: Staff, settings: Any) -> None:
    fill(1)
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ENCRYPTION_KEYS": []}
    for model in OURS:
        pk = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
        assert "the-refresh-token" not in staff.see(model, pk)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_filter_and_a_search_work(staff: Staff, model: type[Model]) -> None:
    fill(1)
    page = staff.client.get(address(model))
    for chosen in page.context["cl"].filter_specs:
        *_others, last = chosen.choices(page.context["cl"])
        answer = staff.client.get(f"{address(model)}{last['query_string']}")
        assert answer.status_code == 200, last
    if page.context["cl"].search_fields:
        nothing = staff.client.get(address(model), {"q": "no such thing"})
        assert nothing.context["cl"].result_count == 0


def test_listings_are_found_by_what_is_the_matter(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    ListingInStepFactory.create(marketplace=place, sku__sku="IN-STEP")
    ListingInStepFactory.create(marketplace=place, sku__sku="HELD", held={"price": "1.00 EUR"})
    ListingInStepFactory.create(
        marketplace=place, sku__sku="REFUSED", refused={"price": "1.00 EUR"}
    )
    ListingInStepFactory.create(
        marketplace=place, sku__sku="DRIFTED", drift={"quantity": {"live": 1}}
    )
    ListingInStepFactory.create(
        marketplace=place, sku__sku="ISSUE", issues=[{"code": "1", "message": "x"}]
    )
    found = {
        condition: [
            row.sku.sku
            for row in staff.client.get(address(models.Listing), {"condition": condition})
            .context["cl"].result_list
        ]
        for condition in ("held", "refused", "drifted", "issues", "own-price")
    }  # fmt: skip
    assert found == {
        "held": ["HELD"],
        "refused": ["REFUSED"],
        "drifted": ["DRIFTED"],
        "issues": ["ISSUE"],
        "own-price": [],
    }


def test_skus_are_found_by_who_ships_them(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    for name, channel in (("OURS", "DEFAULT"), ("FBA", "AMAZON_EU"), ("NEW", "")):
        SellerSkuFactory.create(account=account, sku=name, channel=channel)
    for chosen, name in (("merchant", "OURS"), ("amazon", "FBA"), ("unread", "NEW")):
        found = staff.client.get(address(models.SellerSku), {"channel": chosen}).context["cl"]
        assert [row.sku for row in found.result_list] == [name]


def test_orders_are_found_by_sku_and_by_the_shop_order(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    order = AmazonOrderFactory.create(
        placed=True, account=account, shop_order_pk="4711", lines__sku="a/b c%2F+#,ü"
    )
    AmazonOrderFactory.create(placed=True, account=account)
    for words in (order.number, "4711", "a/b c%2F+#,ü"):
        rows = staff.client.get(address(models.AmazonOrder), {"q": words}).context["cl"].result_list
        assert [row.pk for row in rows] == [order.pk], words
