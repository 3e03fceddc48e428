"""How values are shown to people: short, escaped, in their own zone."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone, translation

from django_amazon_sync import sync
from django_amazon_sync.admin.common import formatting
from django_amazon_sync.admin.common.formatting import is_formula
from django_amazon_sync.data import FieldValue, FieldValues
from django_amazon_sync.models import RunLine, SellerSku
from django_amazon_sync.sync.amazon_reports.upsert import Taken
from django_amazon_sync.testing.factories import SellerSkuFactory


def test_every_count_of_a_run_has_a_name() -> None:
    """As a list of runs says them: "10 in_feeds" told a clerk nothing."""
    counted = {
        name
        for module in (Path(sync.__file__).parent).rglob("*.py")
        for name in re.findall(r'run\.counts?[(\[]"(\w+)"', module.read_text(encoding="utf-8"))
    } | {field.name for field in fields(Taken)}
    assert len(counted) > 10
    assert {name for name in counted if formatting.count_name(name) == name} <= {"orders", "read"}


@pytest.mark.django_db
def test_links_lead_to_rows_and_lists_and_escape_what_they_say() -> None:
    sku = SellerSkuFactory.create(sku="<b>&")
    assert formatting.change_url(sku).endswith(f"/sellersku/{sku.pk}/change/")
    page = formatting.link(sku)
    assert f'href="{formatting.change_url(sku)}"' in page
    assert "&lt;b&gt;&amp;" in page
    assert ">here<" in formatting.link(sku, "here")


def test_a_list_is_filtered_by_its_address() -> None:
    assert formatting.list_url(SellerSku).endswith("/sellersku/")
    assert formatting.list_url(RunLine, sku="a&b").endswith("/runline/?sku=a%26b")
    assert "a%26b" in formatting.list_link(RunLine, "lines", sku="a&b")


def test_counts_have_names_and_an_unknown_one_its_own() -> None:
    shown = [str(formatting.count_name(name)) for name in ("sent", "in_step", "no-such-count")]
    assert shown == ["sent", "in step", "no-such-count"]


def test_a_table_without_rows_is_nothing() -> None:
    assert formatting.table(["SKU"], []) == ""
    assert "&lt;b&gt;" in formatting.table(["SKU"], [["<b>"]])


def test_a_document_is_readable_and_escaped() -> None:
    shown = formatting.document({"b": "ü", "a": "<script>"})
    assert shown.index("&quot;a&quot;") < shown.index("&quot;b&quot;")
    assert "ü" in shown
    assert "<script>" not in shown


def test_a_moment_is_in_the_zone_of_whoever_looks() -> None:
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with timezone.override("Asia/Tokyo"):
        assert "21" in formatting.moment(at)
    assert formatting.moment(None) == ""


def test_a_moment_ends_no_sentence_with_two_full_stops() -> None:
    at = datetime(2026, 11, 20, 14, 48, tzinfo=UTC)
    with translation.override("en-us"):
        assert formatting.moment(at) == "Nov. 20, 2026, 2:48 PM"
    with translation.override("de"):
        assert formatting.moment(at) == "20. November 2026 14:48"


def test_a_long_sentence_is_cut_in_a_list() -> None:
    assert formatting.brief("short") == "short"
    assert len(formatting.brief("long " * 100)) == 120


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("price", "12.90 EUR", "12.90 EUR"),
        ("quantity", 5, "5"),
        ("sale_price", "", "taken away"),
        ("sale_price", {"ours": 1, "live": 2}, "by us: 1, on Amazon: 2"),
    ],
)
def test_a_value_of_a_field_is_as_people_write_it(name: str, value: FieldValue, shown: str) -> None:
    assert formatting.value_text(name, value) == shown


def test_a_mapping_in_one_line_leaves_the_name_out() -> None:
    mapping: FieldValues = {"title": "Mug", "quantity": 0, "price": "1.00 EUR"}
    assert formatting.in_words(mapping) == "1.00 EUR, 0"
    assert formatting.in_words({}) == ""


@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫−")
@pytest.mark.parametrize(
    "before", ["", *" \t\n\r\u00a0\u3000\u200b\ufeff\u200e\x00", "\u2060 ", "\r\n"]
)
def test_what_a_spreadsheet_may_run_is_known(sign: str, before: str) -> None:
    assert is_formula(f"{before}{sign}HYPERLINK(1)")


@pytest.mark.parametrize("text", ["", " ", "A-1", "1=2", " text", "12.50", "＃1", "'=1", "価格"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert not is_formula(text)


@pytest.mark.parametrize("text", ["\tA", "\nA", "\rA"])
def test_a_cell_that_moves_to_the_next_is_guarded(text: str) -> None:
    assert is_formula(text)
