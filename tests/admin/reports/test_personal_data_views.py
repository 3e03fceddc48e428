"""The page of who saw which buyer's data."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import PersonalDataView
from django_amazon_sync.testing.factories import SellerAccountFactory
from tests.admin.conftest import Staff

pytestmark = pytest.mark.django_db


def test_a_view_is_found_by_order_and_by_user(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    for number, by in (("302-1", "ada"), ("302-2", "bob")):
        PersonalDataView.objects.create(account=account, order_number=number, where="order", by=by)
    for asked, found, other in (("302-1", "ada", "bob"), ("bob", "302-2", "302-1")):
        page = staff.see(PersonalDataView, q=asked).split('id="result_list"')[1]
        assert found in page
        assert other not in page
