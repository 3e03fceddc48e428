"""Lines of runs: each leads to what it is about, and what is filtered comes as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.urls import reverse

from django_amazon_sync.models import AmazonOrder, Listing, Outcome, RunLine, SellerSku
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    RunLineFactory,
    SellerAccountFactory,
    SellerSkuFactory,
    SyncRunFactory,
)
from tests import factories
from tests.admin.conftest import Staff, address
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


def leads_to(staff: Staff, line: RunLine) -> str:
    url = reverse("admin:django_amazon_sync_runline_about", args=[line.pk])
    assert f'href="{url}"' in staff.see(RunLine)
    answer = staff.client.get(url)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_line_leads_to_its_listing_its_sku_or_its_order(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    listing = ListingInStepFactory.create(marketplace__account=account, sku__sku="MUG")
    order = AmazonOrderFactory.create(account=account)
    run = SyncRunFactory.create(account=account)
    there = RunLineFactory.create(run=run, sku="MUG", marketplace=GERMANY)
    elsewhere = RunLineFactory.create(run=run, sku="MUG", marketplace=FRANCE)
    linked = RunLineFactory.create(run=run, sku="OURS", seller_sku="MUG", marketplace=GERMANY)
    of_order = RunLineFactory.create(run=run, order_number=order.number)
    gone = RunLineFactory.create(run=run, sku="GONE")
    assert leads_to(staff, there) == address(Listing, listing.pk)
    assert leads_to(staff, linked) == address(Listing, listing.pk)
    assert leads_to(staff, elsewhere) == address(SellerSku, listing.sku.pk)
    assert leads_to(staff, of_order) == address(AmazonOrder, order.pk)
    assert leads_to(staff, gone) == address(RunLine, gone.pk)


def test_another_accounts_sku_of_the_same_name_is_another(staff: Staff) -> None:
    other = SellerAccountFactory.create()
    ListingInStepFactory.create(marketplace__account=other, sku__sku="MUG")
    line = RunLineFactory.create(sku="MUG", marketplace=GERMANY)
    assert leads_to(staff, line) == address(RunLine, line.pk)


def test_the_page_of_a_line_links_to_all_and_to_the_shop(staff: Staff) -> None:
    record = factories.stock_record("MUG", title="Blue mug")
    account = SellerAccountFactory.create()
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    listing = ListingInStepFactory.create(marketplace__account=account, sku=sku)
    line = RunLineFactory.create(
        run__account=account, outcome=Outcome.HELD, sku="MUG", marketplace=GERMANY, code="approval"
    )
    page = staff.see(RunLine, line.pk)
    for url in (address(Listing, listing.pk), address(SellerSku, sku.pk)):
        assert f'href="{url}"' in page
    assert record.product.get_absolute_url() in page
    assert "help/waits-for-approval/" in page


def rows_of(staff: Staff, **filters: str | int) -> list[str]:
    page = staff.client.get(address(RunLine), filters)
    url = page.context["file_url"]
    assert f'href="{url.replace("&", "&amp;")}"' in page.content.decode()
    answer = staff.client.get(url)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return [row[0] for row in csv.reader(io.StringIO(content))][1:]


def test_the_file_holds_what_the_list_shows(staff: Staff) -> None:
    run, other = SyncRunFactory.create(), SyncRunFactory.create()
    RunLineFactory.create(run=run, outcome=Outcome.SENT, sku="SENT")
    RunLineFactory.create(run=run, outcome=Outcome.REFUSED, sku="REFUSED")
    RunLineFactory.create(run=other, outcome=Outcome.REFUSED, sku="OTHER")
    assert set(rows_of(staff)) == {"SENT", "REFUSED", "OTHER"}
    assert set(rows_of(staff, outcome__exact="refused")) == {"REFUSED", "OTHER"}
    assert rows_of(staff, outcome__exact="refused", run__id__exact=run.pk) == ["REFUSED"]
    assert rows_of(staff, q="SENT") == ["SENT"]


def test_the_file_speaks_in_words(staff: Staff) -> None:
    line = RunLineFactory.create(
        outcome=Outcome.REFUSED, sku="MUG", marketplace=GERMANY,
        values={"price": "12.90 EUR", "quantity": {"shop": 1, "amazon": 2}},
    )  # fmt: skip
    answer = staff.client.get(reverse("admin:django_amazon_sync_runline_file"))
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    for shown in ("Amazon.de", "refused by Amazon", '"price: 12.90 EUR, quantity: 1 → 2"'):
        assert shown in content
    for page in (content, staff.see(RunLine), staff.see(RunLine, line.pk)):
        assert GERMANY not in page
        assert "{&#x27;" not in page
        assert "{&quot;" not in page


def test_a_filter_that_is_none_gives_no_file(staff: Staff) -> None:
    url = reverse("admin:django_amazon_sync_runline_file")
    assert staff.client.get(url, {"run__id__exact": "x"}).status_code == 404


def test_the_file_needs_the_permission_to_see_lines(staff_with: Callable[..., Staff]) -> None:
    packer = staff_with("view_amazonorder")
    assert packer.client.get(reverse("admin:django_amazon_sync_runline_file")).status_code == 403


def test_a_line_is_found_by_both_skus_and_shows_both(staff: Staff) -> None:
    run = SyncRunFactory.create(account=LiveAccountFactory.create())
    RunLineFactory.create(
        run=run, outcome=Outcome.LINKED, sku="MUG", seller_sku="OLD-MUG", message="By its EAN."
    )
    for name in ("MUG", "OLD-MUG"):
        assert "MUG (OLD-MUG)" in staff.see(RunLine, q=name)
