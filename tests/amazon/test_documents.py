"""Documents come whole or not at all, and their addresses stay secret."""

import gzip
import io
import logging
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_amazon_sync.amazon import documents
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.errors import Unavailable, Unreadable
from tests.examples import examples

from .conftest import Reply, ScriptedServer

HERE = "http://127.0.0.1"
SECRET = "X-Amz-Signature=5ec7e7"
EXPIRED = (
    b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message>'
    b"<AWSAccessKeyId>AKIASECRET</AWSAccessKeyId></Error>"
)


@pytest.fixture
def url(server: ScriptedServer) -> str:
    return f"{server.endpoint}/bucket/document?{SECRET}"


def test_an_upload_is_the_file_and_its_type_and_nothing_else(
    server: ScriptedServer, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(Reply(200, b""))
    with (tmp_path / "feed").open("w+b") as file:
        file.write(b"x" * 100_000)  # the last bytes are not on the disk yet
        documents.upload(url, file, "application/json; charset=UTF-8", endpoint=HERE)
    (seen,) = server.seen
    assert (seen.method, seen.body) == ("PUT", b"x" * 100_000)
    assert seen.headers["content-type"] == "application/json; charset=UTF-8"
    assert seen.headers["content-length"] == "100000"
    unwanted = {"authorization", "x-amz-access-token", "transfer-encoding", "content-encoding"}
    assert not unwanted & set(seen.headers)


def test_nothing_is_never_uploaded(server: ScriptedServer, url: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        documents.upload(url, io.BytesIO(), "text/plain", endpoint=HERE)
    assert server.seen == []


def test_an_upload_can_be_repeated(server: ScriptedServer, url: str) -> None:
    file = io.BytesIO(b"feed")
    server.answers(Reply(503, b"<html>"), Reply(200, b""))
    with pytest.raises(Unavailable):
        documents.upload(url, file, "text/plain", endpoint=HERE)
    documents.upload(url, file, "text/plain", endpoint=HERE)
    assert [seen.body for seen in server.seen] == [b"feed", b"feed"]


@pytest.mark.parametrize(("gzipped", "said"), [(False, False), (True, False), (True, True)])
def test_a_document_is_unpacked_where_it_is_packed(
    server: ScriptedServer, url: str, gzipped: bool, said: bool
) -> None:
    body = b"sku\tprice\n" * 50_000
    sent = gzip.compress(body) if gzipped else body
    server.answers(Reply(200, sent, {"Content-Type": "text/plain; charset=Cp1252"}))
    into = io.BytesIO(b"what an attempt before has left, longer than" + body)
    assert documents.download(url, gzipped=said, into=into, endpoint=HERE) == "cp1252"
    assert into.tell() == 0
    assert into.read() == body
    assert server.seen[0].headers["accept-encoding"] == "identity"
    assert "x-amz-access-token" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        ({}, ""),
        ({"Content-Type": "text/plain"}, ""),
        ({"Content-Type": 'text/plain; x=y; CHARSET="UTF-8"'}, "utf-8"),
        ({"Content-Type": "text/plain;charset=Shift_JIS"}, "shift_jis"),
        ({"Content-Type": ";;;"}, ""),
        ({"Content-Type": f"text/plain; charset*{'0' * 5000}=x"}, ""),
    ],
)
def test_the_charset_is_the_downloads(
    server: ScriptedServer, url: str, header: dict[str, str], charset: str
) -> None:
    server.answers(Reply(200, b"text", header))
    assert documents.download(url, gzipped=False, into=io.BytesIO(), endpoint=HERE) == charset


@given(
    members=st.lists(st.binary(max_size=400_000), min_size=1, max_size=4),
    padding=st.integers(0, 5),
    size=st.integers(1, 5000),
)
@settings(max_examples=examples(60), deadline=None)
def test_gzip_is_read_however_it_comes(members: list[bytes], padding: int, size: int) -> None:
    packed = b"".join(map(gzip.compress, members)) + bytes(padding)
    chunks = (packed[start : start + size] for start in range(0, len(packed), size))
    assert b"".join(documents._inflated(chunks)) == b"".join(members)


@given(body=st.binary(max_size=3000), data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_gzip_without_its_end_is_never_taken(body: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(body)
    cut = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(Unavailable, match="whole document"):
        b"".join(documents._inflated(iter([packed[:cut]])))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"sku\tprice\n" * 9, cut=40),
        Reply(200, gzip.compress(b"sku\tprice\n" * 9), cut=20),
        Reply(200, gzip.compress(b"sku\tprice\n" * 9)[:-3]),
        Reply(302, b"", {"Location": "/elsewhere"}),
        Reply(204, b""),
        Reply(206, b"half"),
        Reply(400, b"<html>"),
        Reply(403, EXPIRED),
        Reply(404, b"<Error><Code>NoSuchKey</Code></Error>"),
        Reply(500, b""),
        Reply(503, b"<Error><Code>SlowDown</Code></Error>"),
    ],
)
def test_what_is_not_whole_is_unavailable(server: ScriptedServer, url: str, reply: Reply) -> None:
    server.answers(reply)
    with pytest.raises(Unavailable) as caught:
        documents.download(url, gzipped=False, into=io.BytesIO(), endpoint=HERE)
    assert len(server.seen) == 1
    assert_no_secret(caught.value)


def test_an_address_that_has_expired_says_so(server: ScriptedServer, url: str) -> None:
    server.answers(Reply(403, EXPIRED))
    with pytest.raises(Unavailable, match="no longer good") as caught:
        documents.upload(url, io.BytesIO(b"feed"), "text/plain", endpoint=HERE)
    assert (caught.value.status, caught.value.amazon_code) == (403, "AccessDenied")
    assert_no_secret(caught.value)


def test_a_document_without_a_length_may_be_half_of_one(
    server: ScriptedServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers(Reply(200, b"sku\n", {"Connection": "close"}, lengthless=True))
    with pytest.raises(Unavailable, match="no length"):
        documents.download(url, gzipped=False, into=io.BytesIO(), endpoint=HERE)


@pytest.mark.parametrize(
    "address",
    [
        "no address",
        "ftp://host/x",
        "http://",
        "http://[/",
        "",
        "ht://[x",
        "https://a\0b.example/",
        "ht://\0://example.com/",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(Unavailable) as caught:
        documents.download(f"{address}?{SECRET}", gzipped=False, into=io.BytesIO(), endpoint=HERE)
    assert not caught.value.sent
    assert_no_secret(caught.value)


def test_a_store_that_cannot_be_reached() -> None:
    with pytest.raises(Unavailable) as caught:
        documents.upload(
            f"http://127.0.0.1:9/x?{SECRET}", io.BytesIO(b"feed"), "text/plain", endpoint=HERE
        )
    assert not caught.value.sent
    assert_no_secret(caught.value)


def test_what_should_be_gzip_and_is_not(server: ScriptedServer, url: str) -> None:
    server.answers(Reply(200, b"sku\tprice\n"))
    with pytest.raises(Unreadable, match="gzip"):
        documents.download(url, gzipped=True, into=io.BytesIO(), endpoint=HERE)


@pytest.mark.parametrize("damage", [10, 40, -6])
def test_gzip_that_is_damaged(server: ScriptedServer, url: str, damage: int) -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 9))
    packed[damage] ^= 0xFF
    server.answers(Reply(200, bytes(packed)))
    with pytest.raises((Unreadable, Unavailable)):
        documents.download(url, gzipped=True, into=io.BytesIO(), endpoint=HERE)


def test_gzip_with_something_else_behind_it(server: ScriptedServer, url: str) -> None:
    server.answers(Reply(200, gzip.compress(b"sku") + b"<html>"))
    with pytest.raises(Unreadable, match="damaged"):
        documents.download(url, gzipped=True, into=io.BytesIO(), endpoint=HERE)


def bomb() -> Iterator[bytes]:
    """Ten gigabytes of zeros, packed; made as it is read."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(10 * 1024):
        if piece := packer.compress(bytes(1024**2)):
            yield piece
    yield packer.flush()


def test_a_bomb_is_refused_before_it_goes_off(server: ScriptedServer, url: str) -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    start = b"".join(packer.compress(bytes(1024**2)) for _ in range(100))
    server.answers(Reply(200, start))
    into = io.BytesIO()
    with pytest.raises(Unreadable, match="expands"):
        documents.download(url, gzipped=True, into=into, endpoint=HERE)
    assert len(into.getvalue()) < 40 * 1024**2


def test_ten_gigabytes_are_refused_within_a_second() -> None:
    began = time.process_time()
    with pytest.raises(Unreadable, match="expands"):
        for _ in documents._inflated(bomb()):
            pass
    assert time.process_time() - began < 2


def test_a_document_may_not_fill_the_disk(
    server: ScriptedServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "LARGEST", 1000)
    for body in (bytes(1001), gzip.compress(bytes(1001))):
        server.answers(Reply(200, body))
        with pytest.raises(Unreadable, match="1,000 bytes"):
            documents.download(url, gzipped=False, into=io.BytesIO(), endpoint=HERE)
    server.answers(Reply(200, gzip.compress(bytes(1000))))
    documents.download(url, gzipped=False, into=io.BytesIO(), endpoint=HERE)


def test_no_log_names_the_address(
    server: ScriptedServer, url: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """At the lowest level too, where urllib3 tells every address; other calls it may tell."""
    for name in ("", "urllib3", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)  # other clients set levels of their own
    server.answers(Reply(200, b"text"))
    documents.upload(url, io.BytesIO(b"feed"), "text/plain", endpoint=HERE)
    documents.download(url, gzipped=False, into=io.BytesIO(), endpoint=HERE)
    assert SECRET not in caplog.text
    server.answers(Reply(200, b"{}"))
    client.call("getFeed", "GET", "/feeds/1")
    assert "/feeds/1" in caplog.text


def assert_no_secret(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
    assert "X-Amz-Signature" not in shown
    assert "AKIASECRET" not in shown


@pytest.fixture
def fetching(server: ScriptedServer, client: Client) -> Callable[..., str]:
    """Fetch the document that a scripted answer describes."""

    def fetch(described: dict[str, object], into: io.BytesIO) -> str:
        server.answers(Reply.of(200, described), Reply(200, b"text"))
        return documents.fetch(client, client.call("getFeedDocument", "GET", "/x"), into)

    return fetch


def test_a_described_document_is_fetched(fetching: Callable[..., str], url: str) -> None:
    into = io.BytesIO()
    fetching({"feedDocumentId": "1", "url": url}, into)
    assert into.getvalue() == b"text"


def test_a_description_that_lacks_something(fetching: Callable[..., str], url: str) -> None:
    with pytest.raises(Unavailable, match="address"):
        fetching({"feedDocumentId": "1"}, io.BytesIO())
    with pytest.raises(Unreadable, match="not by GZIP"):
        fetching({"url": url, "compressionAlgorithm": "BROTLI"}, io.BytesIO())
    with pytest.raises(Unreadable, match="gzip"):
        fetching({"url": url, "compressionAlgorithm": "GZIP"}, io.BytesIO())
