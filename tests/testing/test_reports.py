"""Listings reports: their states, their rows, and every shape that sellers meet."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_amazon_sync.testing.simulator import Simulator
from tests.testing.callers import (
    CA,
    DE,
    JP,
    LISTINGS_REPORT,
    REPORTS,
    US,
    Caller,
    merchant,
    replace,
)

ADAPTER = "a/b c%2F+#,ü"


def file_of(caller: Caller, *marketplaces: str, **more: Any) -> tuple[str, bytes]:
    """A report that is asked for and done."""
    report_id = caller.create_report(*marketplaces, **more).body["reportId"].text
    caller.amazon.finish_reports()
    return caller.report_file(report_id)


def table(content: bytes, encoding: str = "cp1252") -> list[list[str]]:
    text = content.decode(encoding)
    assert text.endswith("\n")
    return [line.split("\t") for line in text[:-1].split("\n")]


def by_sku(content: bytes, encoding: str = "cp1252") -> dict[str, dict[str, str]]:
    names, *rows = table(content, encoding)
    place = names.index("seller-sku")
    return {row[place]: dict(zip(names, row, strict=True)) for row in rows}


@pytest.fixture
def german(amazon: Simulator) -> Iterator[Caller]:
    client = Caller(amazon, "eu")
    yield client
    client.close()


# -- states


def test_a_report_waits_is_worked_on_and_is_done(amazon: Simulator, caller: Caller) -> None:
    report_id = caller.create_report().body["reportId"].text
    assert caller.get_report(report_id)["processingStatus"] == "IN_QUEUE"
    amazon.advance(31)
    assert caller.get_report(report_id)["processingStatus"] == "IN_PROGRESS"
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    amazon.advance(30)
    done = caller.get_report(report_id)
    assert done["processingStatus"] == "DONE"
    assert done["marketplaceIds"] == [US]
    assert by_sku(caller.report_file(report_id)[1])["MUG-BLUE"]["quantity"] == "12"  # not yet live
    assert [job.job_id for job in amazon.reports("na")] == [report_id]


def test_what_create_report_takes(caller: Caller) -> None:
    assert caller.create_report(type_="GET_WEATHER").status == 400
    assert caller.create_report(DE).status == 403
    assert caller.create_report(reportOptions={"custom": True}).status == 400


def test_only_a_report_that_waits_can_be_cancelled(amazon: Simulator, caller: Caller) -> None:
    first = caller.create_report().body["reportId"]
    amazon.advance(31)
    second = caller.create_report().body["reportId"]
    assert caller.call("DELETE", f"{REPORTS}/reports/{first}").status == 400
    assert caller.call("DELETE", f"{REPORTS}/reports/{second}").status == 200
    amazon.advance(100)
    assert [job.status for job in amazon.reports()] == ["DONE", "CANCELLED"]


def test_no_listings_is_cancelled(amazon: Simulator, caller: Caller) -> None:
    report_id = caller.create_report("A1AM78C64UM0Y8").body["reportId"].text
    amazon.finish_reports()
    found = caller.get_report(report_id)
    assert (found["processingStatus"].text, "reportDocumentId" in found) == ("CANCELLED", False)


def test_a_report_that_is_asked_for_too_often_is_cancelled(
    amazon: Simulator, caller: Caller
) -> None:
    amazon.switch(report_pause=1800)
    for seconds in (0, 1000, 1000):
        amazon.advance(seconds)
        caller.create_report()
        amazon.finish_reports()
    caller.create_report(CA)
    amazon.finish_reports()
    assert [job.status for job in amazon.reports()] == ["DONE", "CANCELLED", "DONE", "DONE"]


def test_a_report_that_is_asked_for_again_may_be_the_old_one(
    amazon: Simulator, caller: Caller
) -> None:
    amazon.switch(report_cache=3600)
    old = file_of(caller)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    amazon.advance(100)
    assert file_of(caller) == old
    amazon.advance(3500)
    caller.token = caller.fetch_token().body["access_token"].text
    assert by_sku(file_of(caller)[1])["MUG-BLUE"]["quantity"] == "3"


def test_a_fatal_report_tells_its_reason(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(report_outcome="fatal")
    assert b"internal error" in file_of(caller)[1]
    assert amazon.reports()[0].status == "FATAL"


def test_a_report_may_be_cancelled_by_amazon_or_stuck(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(report_outcome="cancelled")
    caller.create_report()
    amazon.advance(61)
    amazon.switch(report_outcome="stuck")
    caller.create_report()
    amazon.advance(50 * 3600)
    assert [job.status for job in amazon.reports()] == ["CANCELLED", "IN_PROGRESS"]


def test_reports_are_found_page_by_page(amazon: Simulator, caller: Caller) -> None:
    ids = []
    for _ in range(3):
        ids.append(caller.create_report().body["reportId"])
        amazon.advance(2)
    query = {"reportTypes": LISTINGS_REPORT, "pageSize": 2}
    first = caller.call("GET", f"{REPORTS}/reports", **query).body
    second = caller.call("GET", f"{REPORTS}/reports", nextToken=first["nextToken"]).body
    assert [row["reportId"] for row in [*first["reports"], *second["reports"]]] == ids[::-1]
    assert caller.call("GET", f"{REPORTS}/reports", nextToken="x").status == 400


# -- rows


def test_the_rows_show_what_is_live(amazon: Simulator, german: Caller) -> None:
    amazon.add_listing(
        "eu", "ASIN-ONLY", marketplace=DE, asin="B0NOBARCOD", price="5", quantity=1,
        condition="used_good",
    )  # fmt: skip
    content_type, content = file_of(german, DE)
    assert content_type == "text/plain; charset=Cp1252"
    rows = by_sku(content)
    mug = rows["MUG-BLUE"]
    assert (mug["asin1"], mug["price"], mug["quantity"]) == ("B0SIMMUG02", "8.74", "12")
    assert (mug["product-id-type"], mug["product-id"]) == ("4", "4012345000023")
    assert (mug["fulfillment-channel"], mug["status"]) == ("DEFAULT", "Active")
    assert (mug["item-condition"], rows["ASIN-ONLY"]["item-condition"]) == ("11", "3")
    assert mug["open-date"].endswith(" MEZ")
    kinds = [rows[sku]["product-id-type"] for sku in ("LAMP-OAK", "BOOK-TIDES", "ASIN-ONLY")]
    assert kinds == ["3", "2", "1"]
    kettle = rows["FBA-KETTLE"]
    assert (kettle["quantity"], kettle["fulfillment-channel"]) == ("", "AMAZON_EU")
    assert (rows["0042"]["quantity"], rows["0042"]["status"]) == ("0", "Inactive")
    assert rows[ADAPTER]["item-name"] == 'Adapter 1/4" to 3/8"'


def test_what_the_charset_cannot_write_is_destroyed(german: Caller) -> None:
    rows = by_sku(file_of(german, DE)[1])
    assert "名札-01" not in rows
    assert rows["??-01"]["item-name"] == "?? 10???"


def test_further_marketplaces_are_silently_ignored(amazon: Simulator, caller: Caller) -> None:
    amazon.add_listing("na", "CANADA", marketplace=CA, asin="B0SIMTEA01", price="5", quantity=1)
    assert "CANADA" not in by_sku(file_of(caller, US, CA)[1])


def test_the_open_listings(caller: Caller) -> None:
    names, *rows = table(file_of(caller, type_="GET_FLAT_FILE_OPEN_LISTINGS_DATA")[1])
    assert names[:4] == ["sku", "asin", "price", "quantity"]
    skus = {row[0]: row for row in rows}
    assert skus["MUG-BLUE"][1:4] == ["B0SIMMUG02", "9.50", "12"]
    assert "0042" not in skus


# -- encodings and headers


@pytest.mark.parametrize(
    ("encoding", "charset", "content_type"),
    [
        ("", True, "text/plain; charset=Cp1252"),
        ("utf-8", True, "text/plain; charset=UTF-8"),
        ("utf-8-sig", False, "text/plain"),
        ("cp932", True, "text/plain; charset=Windows-31J"),
    ],
)
def test_encodings(
    amazon: Simulator, german: Caller, encoding: Any, charset: bool, content_type: str
) -> None:
    amazon.switch(report_encoding=encoding, report_charset=charset)
    found, content = file_of(german, DE)
    assert found == content_type
    rows = by_sku(content, encoding or "cp1252")
    assert ("名札-01" in rows) == bool(encoding)
    assert content.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")


def test_japan_has_its_own_charset_and_headers(amazon: Simulator) -> None:
    japanese = Caller(amazon, "fe")
    content_type, content = file_of(japanese, JP)
    assert content_type == "text/plain; charset=Windows-31J"
    assert by_sku(content, "cp932")["名札-01"]["item-name"] == "名札 10枚入り"
    amazon.switch(report_headers="localised")
    names = table(file_of(japanese, JP)[1], "cp932")[0]
    assert (names[0], names[3]) == ("商品名", "出品者SKU")
    english = file_of(japanese, JP, reportOptions={"preferredReportDocumentLocale": "en_US"})
    assert table(english[1], "cp932")[0][3] == "seller-sku"
    japanese.close()


def test_headers_in_german_and_not_in_french(amazon: Simulator, german: Caller) -> None:
    amazon.switch(report_headers="localised")
    assert "Händler-SKU" in table(file_of(german, DE)[1])[0]
    assert "seller-sku" in table(file_of(german, "A13V1IB3VIYZZH")[1])[0]


def test_real_headers(amazon: Simulator, german: Caller) -> None:
    amazon.switch(report_headers="real")
    names, *rows = table(file_of(german, DE)[1])
    assert names.count("Deprecated column") == 5
    assert "fulfilment-channel" in names
    assert names[-2:] == ["Minimum order quantity", "Sell remainder"]
    assert {len(row) for row in rows} == {len(names)}


def test_few_columns(amazon: Simulator, german: Caller) -> None:
    amazon.switch(report_headers="few")
    names, *rows = table(file_of(german, DE)[1])
    assert len(names) == 13
    assert {len(row) for row in rows} == {13}


def test_short_rows(amazon: Simulator, german: Caller) -> None:
    amazon.switch(report_rows="short", report_headers="real")
    names, *rows = table(file_of(german, DE)[1])
    assert {len(row) for row in rows} == {len(names) - 2}


def test_half_of_the_rows_or_none(amazon: Simulator, german: Caller) -> None:
    everything = len(table(file_of(german, DE)[1])) - 1
    amazon.switch(report_rows="half")
    assert len(table(file_of(german, DE)[1])) - 1 == everything // 2
    amazon.switch(report_rows="none")
    assert len(table(file_of(german, DE)[1])) == 1
