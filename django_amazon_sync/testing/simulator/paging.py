"""Page tokens: opaque, bound to the request that they continue, and mortal."""

import base64
import hashlib
import json
from typing import Any

from .answers import Json, Request, invalid

TOKEN_PARAMETERS = ("pageToken", "paginationToken")


def _fingerprint(request: Request) -> str:
    """What a token is bound to: operation, seller and every other parameter."""
    rest = {name: values for name, values in request.query.items() if name not in TOKEN_PARAMETERS}
    bound = [request.operation, request.seller.seller_id, list(request.path), rest]
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()[:16]


def make_token(request: Request, position: Any) -> str:
    """A token that continues this request at a position (any JSON value)."""
    content = {"for": _fingerprint(request), "at": position, "made": request.now}
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def read_token(request: Request, text: str, lifetime: float) -> Any:
    """The position of a token; 400 if it is broken, expired, or of another request."""
    try:
        content: Json = json.loads(base64.urlsafe_b64decode(text.encode()))
        expired = request.now - content["made"] > lifetime
        matches = content["for"] == _fingerprint(request)
    except (ValueError, KeyError, TypeError):
        raise invalid("The page token is malformed.") from None
    if expired:
        raise invalid("The page token has expired.")
    if not matches:
        raise invalid("The page token does not belong to these request parameters.")
    return content["at"]
