"""The page of what was erased."""

from __future__ import annotations

import pytest

from django_amazon_sync.admin.reports.erasures import COUNTED
from django_amazon_sync.models import Erasure
from django_amazon_sync.testing.factories import SellerAccountFactory
from tests.admin.conftest import Staff

pytestmark = pytest.mark.django_db


def test_the_page_says_when_why_by_whom_and_how_many(staff: Staff) -> None:
    row = Erasure.objects.create(
        account=SellerAccountFactory.create(name="Our shop"),
        why="account",
        by="command, ops",
        counts={name: 10 + number for number, name in enumerate(COUNTED)},
    )
    page = staff.see(Erasure, row.pk)
    for text in ("asked for, of the whole account", "command, ops", "Our shop"):
        assert text in page
    for number in range(len(COUNTED)):
        assert f"{10 + number}</td>" in page
    assert "10" in staff.see(Erasure)
