"""One exchange, and the one place where what is not a success becomes a typed error.

See docs/amazon.md#errors-have-one-form. What a 403 means is in its ``details``, as its message is
always the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn, TypedDict

import requests
from requests.exceptions import (
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ProxyError,
    SSLError,
    Timeout,
)
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from django_amazon_sync.amazon import sessions
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.reading import obj, objs, parsed, text
from django_amazon_sync.data import JsonObject
from django_amazon_sync.errors import (
    AmazonError,
    AmazonSyncError,
    ConfigurationError,
    Disconnected,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)

REQUEST_ID = "x-amzn-RequestId"

#: The length of Amazon's words, and of a code of Amazon's, that rows and lines keep.
_MOST_WORDS, _CODE_LENGTH = 500, 60

#: As far as they are looked at: so much that a token which is cut here is not among what is kept.
_MOST_READ = 500 * 65

#: What is left out of Amazon's words: e-mail addresses, and what is long enough for a token.
_PRIVATE = re.compile(r"\S+@\S+|\S{64,}")

#: Operations whose answers are full of buyers: of a refusal the message is enough.
_ABOUT_BUYERS = ("searchOrders", "getOrder")

# One of these roles must have been given to the application before the seller authorised it
# (docs/amazon.md#an-authorisation-keeps-its-roles; from "Role mappings for SP-API operations").
_LISTING = "Product Listing"
_ORDERS = "Inventory and Order Tracking, or Direct-to-Consumer Delivery"
ROLES: dict[str, str] = {
    "searchOrders": _ORDERS,
    "getOrder": _ORDERS,
    "confirmShipment": _ORDERS,
    "getInventorySummaries": "Amazon Fulfillment, or Product Listing",
    "getMarketplaceParticipations": "Product Listing, or Finance and Accounting",
}


class RefusedToken(Disconnected):
    """Amazon does not take this access token; another one may mend it, once."""


class Facts(TypedDict, total=False):
    """What every error of a call tells of it; see AmazonError."""

    status: int
    amazon_code: str
    details: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


def exchange(request: requests.Request, timeout: tuple[float, float], bounds: Bounds) -> Reply:
    """The whole answer; redirects are answers like any other.

    Raises Unavailable (TooLate), and ConfigurationError for what is not a web address.
    """
    try:
        with sessions.exchange(request, timeout, bounds) as answer:
            return Reply(answer.status_code, answer.headers, sessions.whole(answer, bounds))
    except requests.RequestException as fault:
        # Without its cause: that holds the request, and with it the token or the secret.
        raise unreachable(bounds.operation, fault) from None


def unreachable(operation: str, fault: requests.RequestException) -> AmazonSyncError:
    """What a network fault means; its text is left out, as it may hold an address's query."""
    kind, sent = type(fault).__name__, _sent(fault)
    if isinstance(fault, InvalidURL | MissingSchema | InvalidSchema):
        return ConfigurationError(
            f"{operation}: the endpoint is not a web address; correct AMAZON_SYNC['ENDPOINT'] "
            "and AMAZON_SYNC['LWA_ENDPOINT']."
        )
    if isinstance(fault, SSLError):
        message = "the secure connection failed; check the host's certificates, clock and proxy."
    elif not sent:
        message = "no connection to Amazon; check network, proxy and the setting of the endpoint."
    elif isinstance(fault, Timeout):
        message = "Amazon did not answer in time; it will be tried again."
    else:
        message = "the connection broke before the whole answer was here; it will be tried again."
    return Unavailable(operation, f"{message} [{kind}]", sent=sent)


def _sent(fault: requests.RequestException) -> bool:
    """False only where no connection could be made, so that Amazon cannot have acted."""
    if isinstance(fault, ConnectTimeout | ProxyError):
        return False
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    return not isinstance(reason, NewConnectionError | ConnectTimeoutError)


def raise_for(operation: str, reply: Reply, *, region: str, retry_at: datetime) -> NoReturn:
    """Raise the error that a status of 300 or more stands for.

    ``retry_at`` is when a throttled call may be made again, aware UTC.
    """
    status = reply.status
    first = _first_error(reply)
    code = text(first.get("code"), _CODE_LENGTH)
    message, details = _said(first.get("message")), _said(first.get("details"))
    facts: Facts = {
        "status": status,
        "amazon_code": code,
        "details": "" if operation in _ABOUT_BUYERS else details,
        "request_id": reply.headers.get(REQUEST_ID, "")[:_CODE_LENGTH],
    }
    if status == 429:
        said = "Amazon's rate limit for this call is used up; it goes on by itself later."
        raise Throttled(
            operation, said, retry_at=retry_at, status=status, request_id=facts["request_id"]
        )
    if not first or status >= 500 or status < 400:
        raise Unavailable(operation, _outage(status, bool(first)), **facts)
    if status in (401, 403):
        raise _no_access(operation, details, region, facts)
    error = NotFound if status == 404 else Rejected
    raise error(operation, f"Amazon refused the request: {message or code}", **facts)


def _said(value: object) -> str:
    """Amazon's words on one line, bounded: they quote what they refuse
    (docs/amazon.md#errors-quote-what-they-refuse)."""
    words = " ".join(text(value, _MOST_READ).split())
    return _PRIVATE.sub("…", words)[:_MOST_WORDS]


def _first_error(reply: Reply) -> JsonObject:
    """The first of Amazon's ``errors``; empty where the body is not Amazon's normal form.

    One operation gives the bare list (docs/amazon.md#restrictions-refuse-with-a-bare-list), an
    outage a page (docs/amazon.md#outages-answer-in-html).
    """
    try:
        body = parsed(reply.content)
    except ValueError:
        return {}
    errors = body if isinstance(body, list) else obj(body).get("errors")
    return next(iter(objs(errors)), {})


def _outage(status: int, in_normal_form: bool) -> str:
    if 300 <= status < 400:
        return "the answer points elsewhere; check the setting of the endpoint."
    if in_normal_form:
        return "Amazon has a fault of its own; it will be tried again."
    return "the answer is not Amazon's normal form, as in an outage; it will be tried again."


def _no_access(operation: str, details: str, region: str, facts: Facts) -> AmazonError:
    """What a 401 or 403 means, by the words of its details.

    See docs/amazon.md#an-expired-secret-comes-as-403, docs/amazon.md#an-expired-token-comes-as-403,
    docs/amazon.md#tokens-of-a-wrong-region-are-named and, where there are no words,
    docs/amazon.md#a-missing-role-looks-like-a-wrong-path.
    """
    said = details.lower()
    if "lwa secret" in said:
        return Disconnected(
            operation,
            "the client secret has expired; make a new one in Seller Central "
            "and enter it in the application.",
            **facts,
        )
    if "not valid for region" in said:
        return Unauthorized(
            operation,
            f"a marketplace does not belong to the region {region.upper()} of this account; "
            "remove it here and add it to an account of its own region.",
            **facts,
        )
    if "missing in the request header" in said:
        return Unauthorized(
            operation,
            "the access token did not reach Amazon; "
            "let the proxy pass the header x-amz-access-token.",
            **facts,
        )
    if "access token" in said or facts["status"] == 401:
        return RefusedToken(
            operation, "Amazon refuses a fresh access token; authorise the account again.", **facts
        )
    return Unauthorized(
        operation,
        "Amazon denies access: the seller account is inactive, or the application lacks the role "
        f"{ROLES.get(operation, _LISTING)}; give it the role, then authorise it again.",
        **facts,
    )
