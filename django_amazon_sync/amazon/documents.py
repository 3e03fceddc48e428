"""Documents of feeds and reports: files that go to and come from an address signed in advance.

The address (Amazon's "pre-signed URL") is good for five minutes, and whoever holds it can read the
document: it stands in no error, log or ``repr``. Nothing of the SP-API goes along, neither token
nor header (docs/amazon.md#document-addresses-live-five-minutes). Where it may be is in
addresses.py; ``endpoint`` is that of the client which was told it. What comes is never quoted.
"""

from __future__ import annotations

import logging
import re
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from itertools import chain
from os import SEEK_END
from typing import BinaryIO

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import HTTPError

from django_amazon_sync.amazon import faults, sessions
from django_amazon_sync.amazon.addresses import Places
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.amazon.reading import text
from django_amazon_sync.errors import Unavailable, Unreadable

LARGEST = 2 * 1024**3
"""Bytes of an unpacked document: a report of a million listings of two thousand characters each."""
# A table in which every row is the same but for its SKU shrinks to a hundred-and-fiftieth; what
# shrinks more than this was made to fill a disk.
_LARGEST_EXPANSION = 200
_EXPANSION_COUNTS_FROM = 32 * 1024**2
_BYTES_PER_READ = 64 * 1024
_PIECE = 256 * 1024
_GZIP = b"\x1f\x8b"
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_LARGEST_REFUSAL = 64 * 1024

_UPLOAD, _DOWNLOAD = "document upload", "document download"


@dataclass(frozen=True, slots=True)
class Pace:
    """What one document may take: seconds to connect and for each silence, then for all of it.

    A document may be large and the way slow, so that what comes or goes wins time, a second for
    each ``per_second`` bytes.
    """

    timeout: tuple[float, float] = (5, 60)
    seconds: float = 120
    per_second: float = 64 * 1024
    at_most: float = 3600


ORDINARY = Pace()
"""Half a megabit a second: two hundred packed megabytes, the report of millions of listings, in
less than an hour. What is slower than that would not be here before the next report is due."""


def upload(
    url: str, file: BinaryIO, content_type: str, pace: Pace = ORDINARY, *, endpoint: str
) -> None:
    """Put the whole file where Amazon said; ``content_type`` as it was told to Amazon before.

    The type is part of the address's signature. Uploading again is harmless: a document does
    nothing before a feed names it. Raises Unavailable, and ValueError for an empty file.
    """
    if not file.seek(0, SEEK_END):
        raise ValueError("An empty document cannot be uploaded.")
    file.seek(0)  # requests reads the length that is left, so that nothing goes in chunks
    request = requests.Request("PUT", url, {"content-type": content_type}, data=file)
    with _exchange(_UPLOAD, request, _LARGEST_REFUSAL, pace, endpoint):
        pass


def fetch(client: Client, answer: Answer, into: BinaryIO, largest: int | None = None) -> str:
    """Download the document that getFeedDocument or getReportDocument answered with.

    Returns its charset as ``download`` does. Raises Unavailable and Unreadable.
    """
    url = text(answer.body.get("url")) or answer.lacks("a document's address")
    packed = text(answer.body.get("compressionAlgorithm"))
    if packed not in ("", "GZIP"):
        raise Unreadable(f"{answer.operation}: the document is packed, and not by GZIP.")
    endpoint = client.endpoint
    return download(url, gzipped=bool(packed), into=into, endpoint=endpoint, largest=largest)


def download(
    url: str,
    *,
    gzipped: bool,
    into: BinaryIO,
    endpoint: str,
    largest: int | None = None,
    pace: Pace = ORDINARY,
) -> str:
    """Put the whole document, unpacked, in place of what ``into`` held, and go to its start.

    Returns the charset of its Content-Type in lower case, empty where none is named. Raises
    Unavailable where the document did not come whole, Unreadable where it is not gzip, or larger
    than ``largest`` (LARGEST), or expands as no report does; ``into`` is then of no use.
    """
    into.seek(0)
    into.truncate()
    request = requests.Request("GET", url, {"accept-encoding": "identity"})
    largest = largest or LARGEST
    with _exchange(_DOWNLOAD, request, largest, pace, endpoint) as response:
        for piece in _unpacked(_chunks(response), gzipped, largest):
            into.write(piece)
        charset = _charset(response.headers.get("content-type", ""))
    into.seek(0)
    return charset


def _charset(content_type: str) -> str:
    """What a Content-Type names; empty also where it cannot be read: it is a hint only."""
    headers = Message()
    headers["content-type"] = content_type
    try:
        return str(headers.get_content_charset(""))
    except ValueError:  # charset*9999…: more digits than Python makes a number of
        return ""


# --- The wire --------------------------------------------------------------------------------


@contextmanager
def _exchange(
    operation: str, request: requests.Request, largest: int, pace: Pace, endpoint: str
) -> Iterator[requests.Response]:
    """The answer, its body still on the way; anything but a success is Unavailable."""
    bounds = Bounds(
        operation,
        pace.seconds,
        largest=2 * largest,  # the lengths of chunks come on top
        per_second=pace.per_second,
        at_most=pace.at_most,
        places=Places(operation, endpoint),
    )
    try:
        with ExitStack() as stack:
            with _unlogged():
                response = stack.enter_context(sessions.exchange(request, pace.timeout, bounds))
            if response.status_code != 200:
                raise _refusal(operation, response)
            yield response
    # Errors go on without their cause: that holds the request, and with it the address.
    except (InvalidSchema, InvalidURL, MissingSchema):
        said = "Amazon named no web address for the document; it will be tried again."
        raise Unavailable(operation, said, sent=False) from None
    except requests.RequestException as fault:
        raise faults.unreachable(operation, fault) from None
    except HTTPError as fault:
        raise _broken(operation, type(fault).__name__) from None


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it is on the wire; where it is cut, urllib3 raises an error of its own."""
    headers = response.headers
    if "content-length" not in headers and headers.get("transfer-encoding") != "chunked":
        # What ends when the connection does may be half a document.
        raise _broken(_DOWNLOAD, "no length")
    while chunk := response.raw.read(_BYTES_PER_READ, decode_content=False):
        yield chunk


# The store's words for what it refuses; any others are not quoted, as anybody may have answered.
_CODES = re.compile(
    rb"<Code>(AccessDenied|AccountProblem|ExpiredToken|InternalError|InvalidRequest|InvalidToken"
    rb"|MissingContentLength|EntityTooLarge|NoSuchBucket|NoSuchKey|PermanentRedirect|RequestTimeout"
    rb"|RequestTimeTooSkewed|ServiceUnavailable|SignatureDoesNotMatch|SlowDown)</Code>"
)


def _broken(operation: str, kind: str) -> Unavailable:
    said = "the connection broke before the whole document was here; it will be tried again."
    return Unavailable(operation, f"{said} [{kind}]")


def _refusal(operation: str, response: requests.Response) -> Unavailable:
    """What a status other than 200 means; the store says why in XML, as a ``Code``."""
    start = response.raw.read(4096, decode_content=False)
    code = _CODES.search(start)
    if response.status_code == 403:
        said = "the document's address is no longer good; a new one is asked for next time."
    else:
        said = "the store of Amazon's documents refused; it will be tried again."
    return Unavailable(
        operation,
        said,
        status=response.status_code,
        amazon_code=code[1].decode() if code else "",
    )


_silence = threading.local()


@contextmanager
def _unlogged() -> Iterator[None]:
    """Meanwhile urllib3 logs nothing of this thread: its lines for developers hold the address."""
    _silence.on = True
    try:
        yield
    finally:
        _silence.on = False


def _may_be_logged(record: logging.LogRecord) -> bool:
    return not getattr(_silence, "on", False)


logging.getLogger("urllib3.connectionpool").addFilter(_may_be_logged)


# --- Unpacking -------------------------------------------------------------------------------


def _unpacked(chunks: Iterator[bytes], gzipped: bool, largest: int) -> Iterator[bytes]:
    """The document's bytes; gzip is known by its first two, which begin no table and no JSON."""
    first = next(chunks, b"")
    packed = first.startswith(_GZIP)
    if gzipped and not packed:
        raise Unreadable("Amazon's document should be packed by gzip and is not.")
    whole = chain([first], chunks)
    size = 0
    for piece in _inflated(whole) if packed else whole:
        size += len(piece)
        if size > largest:
            raise Unreadable(f"Amazon's document is larger than {largest:,} bytes.")
        yield piece


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The contents of a gzip file, which may have several members, one after the other."""
    taken = given = 0
    member = zlib.decompressobj(_GZIP_ONLY)
    for rest in chunks:
        taken += len(rest)
        unread = True
        while unread:
            if member.eof:  # what follows is another member, or padding
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                member = zlib.decompressobj(_GZIP_ONLY)
            piece = _inflate(member, rest)
            given += len(piece)
            if given > max(_EXPANSION_COUNTS_FROM, taken * _LARGEST_EXPANSION):
                raise Unreadable("Amazon's document expands as no report does; it was not read.")
            yield piece
            rest = member.unused_data if member.eof else member.unconsumed_tail
            unread = bool(rest) or len(piece) == _PIECE
    if not member.eof:
        raise _broken(_DOWNLOAD, "gzip without an end")


def _inflate(member: zlib._Decompress, packed: bytes) -> bytes:
    try:
        return member.decompress(packed, _PIECE)
    except zlib.error:
        raise Unreadable("Amazon's document is a damaged gzip file.") from None
