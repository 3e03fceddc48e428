"""Amazon's documents come from the internet, and from nowhere that only this host can reach."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.amazon import documents, feeds
from django_amazon_sync.amazon.addresses import Places, is_public
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.reports import read_listings
from django_amazon_sync.errors import AmazonSyncError, Unavailable

from .conftest import Reply, ScriptedServer

AMAZON = "https://sellingpartnerapi-eu.amazon.com"
SIGNED = "X-Amz-Signature=5ec7e7"


def port_of(server: ScriptedServer) -> str:
    return server.endpoint.rpartition(":")[2]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names stand for, beside those that the system knows."""
    known: dict[str, str] = {}
    of_the_system = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        return of_the_system(known.get(host, host), *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def download(url: str, endpoint: str) -> bytes:
    into = io.BytesIO()
    documents.download(url, gzipped=False, into=into, endpoint=endpoint)
    return into.read()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.20.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "ff0e::1",
    ],
)
def test_what_is_not_of_the_internet(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(Unavailable, match="private network"):
        Places("document download", "https://127.0.0.2").check_peer(address)


@pytest.mark.parametrize("address", ["52.95.110.1", "2600:1fa0::1", "64:ff9b::345f:6e01"])
def test_what_is_of_the_internet(address: str) -> None:
    assert is_public(address)
    Places("document download", AMAZON).check_peer(address)


@pytest.mark.parametrize(
    "host",
    "127.0.0.1 127.1 2130706433 0x7f.1 017700000001 0 [::1] localhost LOCALHOST. a.localhost "
    "169.254.169.254 [::ffff:10.0.0.1]".split(),
)
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_a_private_address_in_the_answer_is_not_asked(
    host: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy, which would look names up itself, is not asked for it either."""
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unavailable, match="private network") as caught:
        download(f"https://{host}/latest/meta-data?{SIGNED}", AMAZON)
    assert not caught.value.sent
    assert "X-Amz" not in str(caught.value) + repr(caught.value)


def test_the_address_that_counts_is_that_of_the_connection(
    server: ScriptedServer, names: dict[str, str]
) -> None:
    """Whatever a name stood for before."""
    names["documents.example"] = "127.0.0.1"
    server.answers(Reply(200, b"secret"))
    url = f"http://documents.example:{port_of(server)}/d?{SIGNED}"
    with pytest.raises(Unavailable, match="private network") as caught:
        download(url, "http://sellingpartnerapi.example")
    assert not caught.value.sent
    with pytest.raises(Unavailable, match="private network"):
        documents.upload(url, io.BytesIO(b"x"), "a/b", endpoint="http://sellingpartnerapi.example")
    assert server.seen == []


def test_a_connection_that_is_open_already_is_looked_at_as_well(
    server: ScriptedServer, names: dict[str, str], make_client: Callable[..., Client]
) -> None:
    names["local.example"] = "127.0.0.1"
    endpoint = f"http://local.example:{port_of(server)}"
    server.answers(Reply.of(200, {"feeds": []}))
    client = make_client(endpoint=endpoint)
    client.call("getFeeds", "GET", "/feeds")
    assert len(server.seen) == 1
    with pytest.raises(Unavailable, match="private network"):
        download(f"{endpoint}/d", "http://another.example")
    assert len(server.seen) == 1


def test_where_the_endpoint_is_documents_may_be(
    server: ScriptedServer, names: dict[str, str]
) -> None:
    names["simulator.example"] = "127.0.0.1"
    server.answers(Reply(200, b"text"))
    for host in ("simulator.example", "127.0.0.1"):
        url = f"http://{host}:{port_of(server)}/d"
        assert download(url, "http://simulator.example") == b"text"
    with pytest.raises(Unavailable, match="private network"):
        download("http://127.0.0.9/d", "http://simulator.example")


@pytest.mark.parametrize(
    "url", ["http://s3.amazonaws.com/d", "HTTP://s3.amazonaws.com/d", " http://a.b/"]
)
def test_without_encryption_nothing_is_fetched(url: str) -> None:
    with pytest.raises(Unavailable, match="without encryption") as caught:
        download(url, AMAZON)
    assert not caught.value.sent


def test_a_redirect_leads_nowhere(server: ScriptedServer) -> None:
    other = ScriptedServer()
    try:
        other.answers(Reply(200, b"secret"))
        server.answers(Reply(302, b"", {"Location": f"{other.endpoint}/secret"}))
        with pytest.raises(Unavailable) as caught:
            download(f"{server.endpoint}/d", server.endpoint)
        assert caught.value.status == 302
        assert other.seen == []
    finally:
        other.stop()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b"<Error><Code>hunter2</Code></Error>"),
        Reply(500, b"hunter2", {"x-amz-error": "hunter2"}),
        Reply(200, b"hunter2\tprice\tsecond\n"),
        Reply(200, b"\x1f\x8bhunter2"),
    ],
)
def test_what_comes_is_never_quoted(server: ScriptedServer, client: Client, reply: Reply) -> None:
    """Who found a way to let us fetch a foreign document must not read it in our errors."""
    described = {"url": f"{server.endpoint}/d", "reportDocumentId": "1"}
    server.answers(Reply.of(200, described), reply)
    into = io.BytesIO()
    answer = client.call("getReportDocument", "GET", "/x")
    with pytest.raises(AmazonSyncError) as caught:
        list(read_listings(into, documents.fetch(client, answer, into), "A1PA6795UKMFR9"))
    assert "hunter2" not in str(caught.value) + repr(vars(caught.value))
    with pytest.raises(AmazonSyncError) as caught:
        feeds.read_processing_report(io.BytesIO(reply.body), lambda item: None)
    assert "hunter2" not in str(caught.value)
