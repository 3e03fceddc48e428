"""The store behind the pre-signed addresses: what opens a document, and for how long."""

import gzip
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from django_amazon_sync.testing.simulator import Fault, Simulator
from tests.testing.callers import FEED_CONTENT_TYPE, FEEDS, Caller, Got

TYPE = {"Content-Type": FEED_CONTENT_TYPE}


def code_of(got: Got) -> str:
    assert got.headers["Content-Type"] == "application/xml"
    return got.raw.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def test_what_was_uploaded_is_downloaded(caller: Caller) -> None:
    document_id, url = caller.slot()
    assert caller.raw("PUT", url, b'{"a": 1}', TYPE).status == 200
    assert caller.download(f"{FEEDS}/documents/{document_id}") == (FEED_CONTENT_TYPE, b'{"a": 1}')


@pytest.mark.parametrize("content_type", ["application/json", "application/json;charset=UTF-8", ""])
def test_an_upload_needs_the_very_content_type(caller: Caller, content_type: str) -> None:
    _, url = caller.slot()
    got = caller.raw("PUT", url, b"{}", {"Content-Type": content_type})
    assert (got.status, code_of(got)) == (403, "SignatureDoesNotMatch")


def test_an_upload_takes_no_header_of_the_api(caller: Caller) -> None:
    _, url = caller.slot()
    got = caller.raw("PUT", url, b"{}", {**TYPE, "x-amz-access-token": caller.token})
    assert (got.status, code_of(got)) == (403, "AccessDenied")


def test_an_upload_in_chunks_is_refused(amazon: Simulator, caller: Caller) -> None:
    _, url = caller.slot()
    connection = HTTPConnection(urlsplit(amazon.endpoint).netloc, timeout=10)
    connection.request("PUT", url, iter([b'{"a":', b" 1}"]), TYPE, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, b"MissingContentLength" in answer.read()) == (411, True)
    connection.request("PUT", url, b"{}", TYPE)  # the connection is still of use
    assert connection.getresponse().status == 200
    connection.close()


def test_an_address_holds_for_one_method_one_document_and_five_minutes(
    amazon: Simulator, caller: Caller
) -> None:
    _, url = caller.slot()
    other, _ = caller.slot()
    assert code_of(caller.raw("GET", url, None, {})) == "SignatureDoesNotMatch"
    stolen = url.replace(url.split("?")[0].rpartition("/")[2], other)
    assert code_of(caller.raw("PUT", stolen, b"{}", TYPE)) == "SignatureDoesNotMatch"
    assert caller.raw("DELETE", url, None, {}).status == 405
    amazon.advance(290)
    assert caller.raw("PUT", url, b"{}", TYPE).status == 200
    amazon.advance(20)
    got = caller.raw("PUT", url, b"{}", TYPE)
    assert (got.status, code_of(got)) == (403, "AccessDenied")


def test_a_document_that_no_feed_used_dies_after_two_days(
    amazon: Simulator, caller: Caller
) -> None:
    used, unused = caller.upload(b"{}"), caller.upload(b"{}")
    caller.create_feed(used)
    amazon.advance(2 * 24 * 3600 + 1)
    caller.token = caller.fetch_token().body["access_token"].text
    assert caller.create_feed(unused).status == 400
    assert caller.call("GET", f"{FEEDS}/documents/{unused}").status == 404
    assert caller.call("GET", f"{FEEDS}/documents/{used}").status == 200
    amazon.advance(27 * 24 * 3600)
    caller.token = caller.fetch_token().body["access_token"].text
    assert caller.call("GET", f"{FEEDS}/documents/{used}").status == 404


def test_a_document_is_nobody_elses(amazon: Simulator, caller: Caller) -> None:
    document_id = caller.upload(b"{}")
    other = Caller(amazon, "eu")
    assert other.call("GET", f"{FEEDS}/documents/{document_id}").status == 404
    assert other.create_feed(document_id, "A1PA6795UKMFR9").status == 400
    other.close()


def test_nothing_is_there_before_the_upload(caller: Caller) -> None:
    document_id, _ = caller.slot()
    url = caller.call("GET", f"{FEEDS}/documents/{document_id}").body["url"].text
    got = caller.raw("GET", url.removeprefix(caller.amazon.endpoint), None, {})
    assert (got.status, code_of(got)) == (404, "NoSuchKey")


def test_an_address_may_ask_for_unpacking_on_the_way(amazon: Simulator, caller: Caller) -> None:
    report_id = caller.create_report().body["reportId"].text
    amazon.finish_reports()
    path = f"/reports/2021-06-30/documents/{amazon.report(report_id).document}"
    for asked, encoding in ((None, None), ("true", "gzip")):
        found = caller.call("GET", path, enableContentEncodingUrlHeader=asked).body
        got = caller.raw("GET", found["url"].text.removeprefix(amazon.endpoint), None, {})
        assert (found["compressionAlgorithm"].text, got.headers.get("Content-Encoding")) == (
            "GZIP",
            encoding,
        )
        assert gzip.decompress(got.raw).startswith(b"item-name\t")


def test_a_document_can_be_made_to_hold_anything(amazon: Simulator, caller: Caller) -> None:
    document_id = caller.upload(b"{}")
    amazon.set_document(document_id, b"no gzip", gzipped=True, content_type="text/plain")
    found = caller.call("GET", f"{FEEDS}/documents/{document_id}").body
    got = caller.raw("GET", found["url"].text.removeprefix(amazon.endpoint), None, {})
    assert (found["compressionAlgorithm"].text, got.raw) == ("GZIP", b"no gzip")
    amazon.set_document(document_id, b"plain")
    assert caller.download(f"{FEEDS}/documents/{document_id}") == ("text/plain", b"plain")


def test_faults_strike_the_store_and_its_calls_are_in_the_log(
    amazon: Simulator, caller: Caller
) -> None:
    _, url = caller.slot()
    amazon.faults.add(Fault("upload", "500"))
    amazon.faults.add(Fault("upload", "503"))
    assert code_of(caller.raw("PUT", url, b"secret", TYPE)) == "InternalFailure"
    assert caller.raw("PUT", url, b"secret", TYPE).headers["Content-Type"] == "text/html"
    assert caller.raw("PUT", url, b"secret", TYPE).status == 200
    seen = amazon.requests_of("upload")
    assert [request.status for request in seen] == [500, 503, 200]
    assert {request.seller_id for request in seen} == {caller.seller.seller_id}
    assert "secret" not in repr(amazon.requests)
