"""The page of whom an erased order was sold to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.models import PersonalDataView, TaxRecord
from tests.admin.conftest import Staff
from tests.factories_amazon import TaxRecordFactory
from tests.stored import copy_stored

pytestmark = pytest.mark.django_db


def test_the_page_names_them_and_writes_down_who_looked(staff: Staff) -> None:
    party = {
        "buyer": {"buyerName": "Zebulon Quill", "buyerCompanyName": "<Quill>"},
        "recipient": {"addressLine1": "17 Gooseneck Mews", "city": "Pelican"},
        "taxRegistrations": [
            {"taxRegistrationType": "VAT", "taxRegistrationNumber": "GB1",
             "taxRegistrationAddress": {"city": "Swanage"}}
        ],
    }  # fmt: skip
    record = TaxRecordFactory.create(order_number="302-1", party=party)
    assert "302-1" in staff.see(TaxRecord)
    assert not PersonalDataView.objects.exists(), "the list names nobody"
    page = staff.see(TaxRecord, record.pk)
    for said in ("Zebulon Quill, &lt;Quill&gt;", "17 Gooseneck Mews, Pelican", "VAT, GB1, Swanage"):
        assert said in page
    [view] = PersonalDataView.objects.all()
    assert (view.order_number, view.where, view.by) == ("302-1", "tax", "admin")


def test_who_may_see_buyers_may_not_see_them_here(staff_with: Callable[..., Staff]) -> None:
    record = TaxRecordFactory.create()
    client = staff_with("view_amazonorder", "view_personal_data").client
    assert client.get(f"/admin/django_amazon_sync/taxrecord/{record.pk}/change/").status_code == 403
    assert not PersonalDataView.objects.exists()


def test_somebody_of_another_order_is_not_shown_and_the_page_says_why(staff: Staff) -> None:
    party = {"buyer": {"buyerName": "Zebulon Quill"}, "recipient": {}, "taxRegistrations": []}
    other = TaxRecordFactory.create(party=party)
    record = TaxRecordFactory.create(account=other.account)
    copy_stored((other, "party"), (record, "party"))
    page = staff.see(TaxRecord, record.pk)
    assert f"TaxRecord.party of row {record.pk} holds a value that was encrypted" in page
    assert "Quill" not in page
