"""The store behind the pre-signed addresses: where feeds are uploaded and reports downloaded.

It stands apart from the API, as at Amazon: no access token opens it, its errors are XML, and
an address holds for one method, one document, one content type and five minutes.
"""

import gzip
import hashlib
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from .answers import Json
from .server import Incoming, Reply
from .world import Document, World

PATH = "-documents"
UPLOAD, DOWNLOAD = "upload", "download"
"""What calls to the store are called in the log and by faults."""

DAY = 24 * 3600
URL_LIFETIME = 300
UNUSED_LIFETIME = 2 * DAY
KEPT = 28 * DAY


class StoreRefused(Exception):
    """An answer of the store in XML: status, code word and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def new_document(world: World, seller_id: str, content_type: str) -> Document:
    """A document without content, to be uploaded."""
    name = world.unique("document")
    document = Document(f"amzn1.tortuga.4.{name[:36]}", seller_id, content_type, world.now())
    world.documents[document.document_id] = document
    return document


def keep_document(world: World, seller_id: str, content: bytes, content_type: str) -> Document:
    """A document that Amazon made, downloaded as gzip."""
    document = new_document(world, seller_id, content_type)
    document.packed, document.gzipped, document.used = packed(content), True, True
    return document


def packed(content: bytes) -> bytes:
    """The gzip of a content, the same for the same content."""
    return gzip.compress(content, compresslevel=1, mtime=0)


def content_of(document: Document) -> bytes:
    """What a document holds."""
    return gzip.decompress(document.packed or packed(b""))


def find_document(world: World, document_id: str, seller_id: str) -> Document | None:
    """A seller's document, unless it is none of theirs or has grown too old."""
    document = world.documents.get(document_id)
    if document is None or document.seller_id != seller_id:
        return None
    lifetime = KEPT if document.used else UNUSED_LIFETIME
    return document if world.now() - document.created <= lifetime else None


def address(
    world: World, base_url: str, document: Document, method: str, encoding: str = ""
) -> str:
    """A pre-signed address; ``encoding`` is shown as Content-Encoding by a download."""
    made = str(world.now())
    query: Json = {"X-Amz-Date": made, "X-Amz-Expires": URL_LIFETIME}
    if encoding:
        query["encoding"] = encoding
    signature = _signature(world, method, document, made, encoding)
    path = f"{PATH}/{document.document_id}"
    return f"{base_url}/{path}?{urlencode({**query, 'X-Amz-Signature': signature})}"


def _signature(world: World, method: str, document: Document, made: str, encoding: str) -> str:
    """Over all that may not be changed; a content type is signed for an upload only."""
    content_type = document.content_type if method == "PUT" else ""
    signed = [world.seed, method, document.document_id, content_type, made, encoding]
    return hashlib.sha256(repr(signed).encode()).hexdigest()


def owner_of(world: World, incoming: Incoming) -> str:
    """The seller whose document is asked for, "" if there is no such document."""
    document = world.documents.get(incoming.segments[-1])
    return document.seller_id if document else ""


def serve(world: World, incoming: Incoming) -> Reply:
    """Answer an upload or a download."""
    try:
        document = _opened(world, incoming)
        if incoming.method == "PUT":
            return _upload(world, document, incoming)
        return _download(document, incoming)
    except StoreRefused as refused:
        return refusal(refused.status, refused.code, refused.message)


def refusal(status: int, code: str, message: str) -> Reply:
    """An error as the store words it."""
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
    return Reply(status, content, {"Content-Type": "application/xml"})


def _opened(world: World, incoming: Incoming) -> Document:
    """The document that an address opens. Raises StoreRefused."""
    given = {name: values[0] for name, values in incoming.query.items()}
    document = world.documents.get(incoming.segments[-1])
    if incoming.method not in ("GET", "PUT"):
        raise StoreRefused(405, "MethodNotAllowed", "The method is not allowed.")
    if document is None:
        raise StoreRefused(403, "AccessDenied", "Access Denied")
    made, encoding = given.get("X-Amz-Date", ""), given.get("encoding", "")
    if incoming.headers.get("x-amz-access-token"):
        text = "There were headers present in the request which were not signed"
        raise StoreRefused(403, "AccessDenied", text)
    right = _signature(world, incoming.method, document, made, encoding)
    wrong_type = incoming.method == "PUT" and _type_of(incoming) != document.content_type
    if given.get("X-Amz-Signature") != right or wrong_type:
        text = "The request signature we calculated does not match the signature you provided."
        raise StoreRefused(403, "SignatureDoesNotMatch", text)
    if world.now() - float(made) > URL_LIFETIME:
        raise StoreRefused(403, "AccessDenied", "Request has expired")
    return document


def _type_of(incoming: Incoming) -> str:
    return str(incoming.headers.get("Content-Type", ""))


def _upload(world: World, document: Document, incoming: Incoming) -> Reply:
    if incoming.headers.get("Content-Length") is None:  # chunked, too
        text = "You must provide the Content-Length HTTP header."
        raise StoreRefused(411, "MissingContentLength", text)
    document.packed = packed(incoming.raw_body)
    world.changes += 1
    etag = hashlib.md5(incoming.raw_body, usedforsecurity=False).hexdigest()
    return Reply(200, b"", {"ETag": f'"{etag}"'})


def _download(document: Document, incoming: Incoming) -> Reply:
    if document.packed is None:
        raise StoreRefused(404, "NoSuchKey", "The specified key does not exist.")
    headers = {"Content-Type": document.content_type}
    if "encoding" in incoming.query:
        headers["Content-Encoding"] = incoming.query["encoding"][0]
    return Reply(200, document.packed if document.gzipped else content_of(document), headers)
