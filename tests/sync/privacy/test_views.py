"""Who saw which buyer's data is written down, and stays when the user is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import PersonalDataView
from django_amazon_sync.sync.privacy import views
from django_amazon_sync.testing.factories import SellerAccountFactory


@pytest.mark.django_db
def test_a_row_for_each_order_and_it_stays_when_the_user_goes(django_user_model: Any) -> None:
    account = SellerAccountFactory.create()
    user = django_user_model.objects.create_user("packer")
    views.note(user, account, ["302-1", "302-2"], views.Where.SEARCH)
    user.delete()
    rows = PersonalDataView.objects.order_by("pk")
    assert [(row.order_number, row.by, row.user, row.where) for row in rows] == [
        ("302-1", "packer", None, "search"),
        ("302-2", "packer", None, "search"),
    ]
