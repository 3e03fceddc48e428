"""No answer takes for ever or fills the memory, however its bytes come."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from django_amazon_sync import clock
from django_amazon_sync.amazon import client as gateway
from django_amazon_sync.amazon import documents, sessions
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.lwa import request_token
from django_amazon_sync.errors import TooLate, Unavailable

from .conftest import get

Make = Callable[..., Client]
Script = Callable[[socket.socket], None]

#: A silence is shorter than a timeout; four of these are all that a call has.
TIMEOUT = (0.2, 0.2)
DRIP, ALTOGETHER, SLACK = 0.05, 0.8, 1.0

HEAD = b"HTTP/1.1 200 OK\r\nDate: Mon, 30 Nov 2026 00:00:00 GMT\r\n"


class RawServer:
    """Does with each connection, once its request is here, what a script says."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self._script, self._context = script, context
        self.requests = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                came, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(came,), daemon=True).start()

    def _answer(self, came: socket.socket) -> None:
        try:
            if self._context:
                came = self._context.wrap_socket(came, server_side=True)
            with came:
                if came.recv(65_536):
                    self.requests += 1
                    self._script(came)
        except OSError:
            pass  # the client has gone

    def stop(self) -> None:
        self._listening.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    servers: list[RawServer] = []

    def start(script: Script, context: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(script, context))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def dripping(start: bytes, drop: bytes) -> Script:
    def script(came: socket.socket) -> None:
        came.sendall(start)
        while True:
            came.sendall(drop)
            time.sleep(DRIP)

    return script


DRIPS = {
    "status line": dripping(b"HTTP/1.1 200 ", b"O"),
    "head": dripping(HEAD + b"X-Long: ", b"a"),
    "headers": dripping(HEAD, b"X: a\r\n"),
    "body": dripping(HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
    "body without length": dripping(HEAD + b"\r\n{", b" "),
    "chunk": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{", b" "),
    "length of a chunk": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
    "redirect": dripping(
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 100000\r\n\r\n", b" "
    ),
    "error": dripping(b"HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n", b" "),
}


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS.keys())
def test_an_answer_that_drips_ends(
    serve: Callable[..., RawServer], make_client: Make, script: Script
) -> None:
    server = serve(script)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        get(make_client(endpoint=f"http://{server.address}", timeout=TIMEOUT))
    assert time.monotonic() - began < ALTOGETHER + SLACK
    assert caught.value.sent
    assert server.requests == 1


def test_an_answer_that_drips_over_a_secure_connection_ends(
    serve: Callable[..., RawServer],
    make_client: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = certified(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    server = serve(DRIPS["body"], context)
    port = server.address.partition(":")[2]
    client = make_client(endpoint=f"https://localhost:{port}", timeout=TIMEOUT)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="too long altogether") as caught:
        get(client)
    assert time.monotonic() - began < ALTOGETHER + SLACK
    assert caught.value.sent


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_drips_ends_as_well(
    serve: Callable[..., RawServer],
    make_client: Make,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    server = serve(DRIPS["headers"])
    monkeypatch.setenv(f"{scheme}_proxy", f"http://{server.address}")
    began = time.monotonic()
    with pytest.raises(Unavailable):
        get(make_client(endpoint=f"{scheme}://amazon.invalid", timeout=TIMEOUT))
    assert time.monotonic() - began < ALTOGETHER + SLACK
    assert server.requests == 1


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found\r\nLocation: /x", b"500 No"])
@pytest.mark.parametrize("framing", [b"", b"Content-Length: 99999999999\r\n"])
def test_an_answer_that_grows_ends(
    serve: Callable[..., RawServer],
    make_client: Make,
    monkeypatch: pytest.MonkeyPatch,
    status: bytes,
    framing: bytes,
) -> None:
    def script(came: socket.socket) -> None:
        came.sendall(b"HTTP/1.1 " + status + b"\r\n" + framing + b"\r\n")
        while True:
            came.sendall(b" " * 65_536)

    monkeypatch.setattr(gateway, "LARGEST_ANSWER", 1_000_000)
    server = serve(script)
    with pytest.raises(Unavailable, match="larger than") as caught:
        get(make_client(endpoint=f"http://{server.address}", timeout=(5, 5)))
    assert caught.value.sent


def test_what_is_small_when_packed_counts_unpacked(
    serve: Callable[..., RawServer], make_client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(b" " * 5_000_000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    monkeypatch.setattr(gateway, "LARGEST_ANSWER", 1_000_000)
    server = serve(lambda came: came.sendall(head + packed))
    with pytest.raises(Unavailable, match="larger than"):
        get(make_client(endpoint=f"http://{server.address}", timeout=(5, 5)))


@pytest.mark.parametrize("encoding", [b"gzip, gzip", b"deflate", b"br", b"zstd", b"gzip,gzip,gzip"])
def test_what_is_packed_as_was_not_asked_for_is_not_unpacked(
    serve: Callable[..., RawServer], make_client: Make, encoding: bytes
) -> None:
    """Ten kilobytes that are packed twice are ten gigabytes."""
    packed = gzip.compress(gzip.compress(b" " * 5_000_000))
    head = HEAD + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(packed))
    server = serve(lambda came: came.sendall(head + packed))
    with pytest.raises(Unavailable) as caught:
        get(make_client(endpoint=f"http://{server.address}", timeout=(5, 5)))
    assert caught.value.sent


@pytest.mark.parametrize("damage", ["cut", "damaged"])
def test_packed_answers_come_whole_or_not_at_all(
    serve: Callable[..., RawServer], make_client: Make, damage: str
) -> None:
    packed = gzip.compress(b'{"a": 1}' + b" " * 1000)
    packed = packed[:-12] if damage == "cut" else b"\x1f\x8b" + b"x" * 40
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    server = serve(lambda came: came.sendall(head + packed))
    with pytest.raises(Unavailable):
        get(make_client(endpoint=f"http://{server.address}", timeout=(5, 5)))


@pytest.mark.parametrize("part", [b"{},", b"[],", b'{"a":1},', b"[[[{}]]],", b"1,"])
def test_an_answer_of_many_small_parts_fills_no_memory(
    serve: Callable[..., RawServer], make_client: Make, part: bytes
) -> None:
    """Fifty kilobytes on the wire were a gigabyte here."""
    body = b'{"a":[' + part * (gateway.LARGEST_ANSWER // len(part) - 10) + b"1]}"
    packed = gzip.compress(body)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    server = serve(lambda came: came.sendall(head + packed))
    client = make_client(endpoint=f"http://{server.address}", timeout=(5, 5))
    with pytest.raises(Unavailable, match="not JSON"):
        get(client)


def test_login_with_amazon_has_its_bounds(serve: Callable[..., RawServer]) -> None:
    server = serve(DRIPS["body"])
    began = time.monotonic()
    with pytest.raises(Unavailable):
        request_token(
            f"http://{server.address}",
            client_id="c",
            client_secret="s",
            refresh_token="r",
            timeout=TIMEOUT,
        )
    assert time.monotonic() - began < sum(TIMEOUT) + SLACK


def test_the_second_try_has_what_the_first_left(
    serve: Callable[..., RawServer], make_client: Make
) -> None:
    """The first is refused late, the second drips: together they take no longer than one call."""

    def script(came: socket.socket) -> None:
        if server.requests > 1:
            return DRIPS["body"](came)
        for _ in range(8):
            time.sleep(DRIP)
            came.sendall(b"HTTP/1.1 401 No\r\n"[_ * 2 : _ * 2 + 2])
        refused = b'{"errors": [{"code": "Unauthorized"}]}'
        came.sendall(b"\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(refused) + refused)
        return None

    server = serve(script)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="altogether"):
        get(make_client(endpoint=f"http://{server.address}", timeout=TIMEOUT))
    assert server.requests == 2
    assert time.monotonic() - began < ALTOGETHER + SLACK


# --- Documents ----------------------------------------------------------------------------------

HERE = "http://127.0.0.1"
QUICK = documents.Pace(timeout=TIMEOUT, seconds=0.4, per_second=1000, at_most=5)


def test_a_document_that_drips_is_given_up(serve: Callable[..., RawServer]) -> None:
    server = serve(DRIPS["body"])  # twenty bytes a second
    began = time.monotonic()
    with pytest.raises(Unavailable, match="too long"):
        documents.download(
            f"http://{server.address}/d",
            gzipped=False,
            into=io.BytesIO(),
            endpoint=HERE,
            pace=QUICK,
        )
    assert time.monotonic() - began < 0.4 + SLACK


def test_a_large_document_has_the_time_that_it_needs(serve: Callable[..., RawServer]) -> None:
    def script(came: socket.socket) -> None:
        came.sendall(HEAD + b"Content-Length: 3000\r\n\r\n")
        for _ in range(20):
            came.sendall(b"a" * 150)
            time.sleep(DRIP)  # three thousand bytes a second

    into = io.BytesIO()
    documents.download(
        f"http://{serve(script).address}/d", gzipped=False, into=into, endpoint=HERE, pace=QUICK
    )
    assert len(into.read()) == 3000


def test_no_document_has_more_time_than_the_most(serve: Callable[..., RawServer]) -> None:
    def script(came: socket.socket) -> None:
        came.sendall(HEAD + b"Content-Length: 999999\r\n\r\n")
        while True:
            came.sendall(b"a" * 150)
            time.sleep(DRIP)

    pace = documents.Pace(timeout=TIMEOUT, seconds=0.4, per_second=1000, at_most=0.6)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="too long"):
        documents.download(
            f"http://{serve(script).address}/d",
            gzipped=False,
            into=io.BytesIO(),
            endpoint=HERE,
            pace=pace,
        )
    assert time.monotonic() - began < 0.6 + SLACK


def test_an_upload_that_nobody_takes_ends(serve: Callable[..., RawServer]) -> None:
    server = serve(lambda came: time.sleep(5))
    file = io.BytesIO(b"x" * 50_000_000)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        documents.upload(f"http://{server.address}/d", file, "text/plain", QUICK, endpoint=HERE)
    assert time.monotonic() - began < sum(TIMEOUT) + SLACK
    assert caught.value.sent


# --- Too late -----------------------------------------------------------------------------------


def test_connecting_counts(
    serve: Callable[..., RawServer], make_client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in time before it connected is too late after it: not a byte leaves."""
    slow = Slow()
    connect = sessions._Connection.connect

    def slowly(connection: Any) -> None:
        connect(connection)
        slow.ahead += 10

    monkeypatch.setattr(sessions._Connection, "connect", slowly)
    server = serve(dripping(HEAD + b"Content-Length: 2\r\n\r\n", b"{}"))
    with clock.stood_in_for(slow, seed=1):
        client = make_client(endpoint=f"http://{server.address}")
        with pytest.raises(TooLate):
            get(client.not_after(clock.monotonic() + 5))
        assert server.requests == 0


def test_no_time_left_before_the_request_means_that_nothing_left() -> None:
    bounds = Bounds("getOrder", 0, largest=1)
    with pytest.raises(Unavailable, match="altogether") as caught:
        bounds.look()
    assert not caught.value.sent


class Slow(clock.HostClock):
    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def certified(folder: Path) -> ssl.SSLContext:
    """A server's context for localhost, whose certificate is in ``cert.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
