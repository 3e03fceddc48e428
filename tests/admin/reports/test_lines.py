"""Lines of runs: each leads to what it is about, and what is filtered comes as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.urls import reverse

from django_amazon_sync.models import AmazonOrder, Listing, Outcome, RunLine, SellerSku
from tests import factories
from tests import factories_amazon as make
from tests.admin.conftest import Staff, address

pytestmark = pytest.mark.django_db


def leads_to(staff: Staff, line: RunLine) -> str:
    url = reverse("admin:django_amazon_sync_runline_about", args=[line.pk])
    assert f'href="{url}"' in staff.see(RunLine)
    answer = staff.client.get(url)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_line_leads_to_its_listing_its_sku_or_its_order(staff: Staff) -> None:
    account = make.account()
    listing = make.listing(make.sku(account, "MUG"), make.marketplace(account))
    order = make.order(account)
    run = make.run(account)
    there = make.line(run, sku="MUG", marketplace=make.GERMANY)
    elsewhere = make.line(run, sku="MUG", marketplace=make.FRANCE)
    linked = make.line(run, sku="OURS", seller_sku="MUG", marketplace=make.GERMANY)
    of_order = make.line(run, order_number=order.number)
    gone = make.line(run, sku="GONE")
    assert leads_to(staff, there) == address(Listing, listing.pk)
    assert leads_to(staff, linked) == address(Listing, listing.pk)
    assert leads_to(staff, elsewhere) == address(SellerSku, listing.sku.pk)
    assert leads_to(staff, of_order) == address(AmazonOrder, order.pk)
    assert leads_to(staff, gone) == address(RunLine, gone.pk)


def test_another_accounts_sku_of_the_same_name_is_another(staff: Staff) -> None:
    other = make.account()
    make.listing(make.sku(other, "MUG"), make.marketplace(other))
    line = make.line(make.run(make.account()), sku="MUG", marketplace=make.GERMANY)
    assert leads_to(staff, line) == address(RunLine, line.pk)


def test_the_page_of_a_line_links_to_all_and_to_the_shop(staff: Staff) -> None:
    record = factories.stock_record("MUG", title="Blue mug")
    account = make.account()
    sku = make.sku(account, "MUG", offer_pk=str(record.pk))
    listing = make.listing(sku, make.marketplace(account))
    line = make.line(make.run(account), Outcome.HELD, sku="MUG", marketplace=make.GERMANY,
                     code="approval")  # fmt: skip
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
    run, other = make.run(make.account()), make.run(make.account())
    make.line(run, Outcome.SENT, sku="SENT")
    make.line(run, Outcome.REFUSED, sku="REFUSED")
    make.line(other, Outcome.REFUSED, sku="OTHER")
    assert set(rows_of(staff)) == {"SENT", "REFUSED", "OTHER"}
    assert set(rows_of(staff, outcome__exact="refused")) == {"REFUSED", "OTHER"}
    assert rows_of(staff, outcome__exact="refused", run__id__exact=run.pk) == ["REFUSED"]
    assert rows_of(staff, q="SENT") == ["SENT"]


def test_a_filter_that_is_none_gives_no_file(staff: Staff) -> None:
    url = reverse("admin:django_amazon_sync_runline_file")
    assert staff.client.get(url, {"run__id__exact": "x"}).status_code == 404


def test_the_file_needs_the_permission_to_see_lines(staff_with: Callable[..., Staff]) -> None:
    packer = staff_with("view_amazonorder")
    assert packer.client.get(reverse("admin:django_amazon_sync_runline_file")).status_code == 403
