"""What the pages of orders say of Amazon's codes."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.admin.conftest import Staff

pytestmark = pytest.mark.django_db


def test_the_list_and_the_page_say_them_in_words(staff: Staff) -> None:
    order = AmazonOrderFactory.create(status="PARTIALLY_SHIPPED", fulfilled_by="MERCHANT")
    rows = staff.see(AmazonOrder).split('id="result_list"')[1].split("</table>")[0]
    assert "partially shipped" in rows
    assert "PARTIALLY_SHIPPED" not in rows
    page = staff.see(AmazonOrder, order.pk)
    assert "partially shipped" in page
    assert "merchant" in page
    assert ">MERCHANT<" not in page
