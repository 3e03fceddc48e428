"""Steps of whoever works with the spreadsheet of an account."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from django_amazon_sync.models import SellerAccount
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.factories_amazon import FRANCE, ListingInStepFactory, LiveAccountFactory

PAGE, FILE = "admin:django_amazon_sync_spreadsheet", "admin:django_amazon_sync_spreadsheet_export"


EAN, OTHER_EAN, ISBN10, ISBN13 = "4006381333931", "5901234123457", "0-306-40615-2", "9780306406157"


def account_with_offers() -> SellerAccount:
    """A live account of Germany and France; the shop sells MUG, which is linked, and SPOON."""
    account = LiveAccountFactory.create(name="Main shop")
    places = [
        MarketplaceFactory.create(account=account),
        MarketplaceFactory.create(account=account, code=FRANCE),
    ]
    record = factories.stock_record("MUG", title="=A mug")
    factories.stock_record("SPOON", title="A spoon")
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    for place in places:
        ListingInStepFactory.create(marketplace=place, sku=sku)
    return account


def export(staff: Staff, account: SellerAccount, kind: str = "csv") -> bytes:
    answer = staff.client.get(reverse(FILE), {"account": str(account.pk), "format": kind})
    assert answer.status_code == 200
    return b"".join(answer)


def table(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def look(staff: Staff, account: SellerAccount, file: str | bytes, name: str = "x.csv") -> Any:
    content = file.encode() if isinstance(file, str) else file
    data = {"account": account.pk, "file": SimpleUploadedFile(name, content)}
    return staff.client.post(reverse(PAGE), data)


def save(staff: Staff, answer: Any) -> list[str]:
    saved = staff.client.post(reverse(PAGE), {"token": answer.context["token"]}, follow=True)
    return [str(message) for message in saved.context["messages"]]


def faults(answer: Any) -> list[tuple[object, str, str]]:
    return [(each.row, each.column, each.reason) for each in answer.context["outcome"].faults]
