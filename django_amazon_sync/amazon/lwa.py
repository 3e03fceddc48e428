"""Login with Amazon: authorisations, and access tokens for refresh tokens.

See docs/amazon.md#one-token-host and Amazon's page "Website authorization workflow".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import requests

from django_amazon_sync import clock
from django_amazon_sync.amazon import faults, sessions
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.client import USER_AGENT
from django_amazon_sync.amazon.reading import obj, parsed, text, whole
from django_amazon_sync.data import JsonObject
from django_amazon_sync.errors import AmazonError, Disconnected, Throttled, Unavailable

OPERATION = "Login with Amazon"

LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer: a token has two or three thousand."""

# What staff do (docs/amazon.md#invalid_grant-ends-an-authorisation).
_REMEDIES = {
    "invalid_grant": "the refresh token is revoked, has expired or belongs to another client id; "
    "authorise the account again.",
    "invalid_client": "the client id or the client secret is wrong; the client id starts with "
    "amzn1.application-oa2-client, the application id (amzn1.sp.solution) is another.",
    "invalid_scope": "the application may not use this scope; check its status and roles.",
}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the seconds that it is good for."""

    access_token: str = field(repr=False)
    expires_in: int


def request_token(
    lwa_endpoint: str,
    *,
    client_id: str,
    client_secret: str,
    refresh_token: str = "",
    scope: str = "",
    timeout: tuple[float, float] = (5, 30),
) -> Token:
    """A new access token: for a seller by ``refresh_token``, or grantless by ``scope``.

    Raises Disconnected where the credentials are not accepted, Throttled or Unavailable where
    Amazon cannot answer now.
    """
    form = {"client_id": client_id, "client_secret": client_secret}
    if refresh_token:
        form |= {"grant_type": "refresh_token", "refresh_token": refresh_token}
    else:
        form |= {"grant_type": "client_credentials", "scope": scope}
    body = _answer(lwa_endpoint, form, timeout)
    token, expires_in = text(body.get("access_token")), whole(body.get("expires_in"))
    if not token or not expires_in:
        raise Unavailable(
            OPERATION, "the answer holds no token; it will be tried again.", status=200
        )
    return Token(token, expires_in)


def consent_url(
    seller_central: str, *, application_id: str, state: str, redirect_uri: str, draft: bool
) -> str:
    """Where a seller authorises an application; Amazon sends the browser back to us."""
    asked = {"application_id": application_id, "state": state, "redirect_uri": redirect_uri}
    if draft:
        asked["version"] = "beta"
    return f"{seller_central.rstrip('/')}/apps/authorize/consent?{urlencode(asked)}"


def exchange_code(
    lwa_endpoint: str,
    *,
    client_id: str,
    client_secret: str,
    code: str,
    redirect_uri: str,
    timeout: tuple[float, float] = (5, 30),
) -> str:
    """The refresh token for the code with which a seller comes back.

    A code is good once, for five minutes (docs/amazon.md#a-code-lives-five-minutes).

    Raises Disconnected where the code or the credentials are not accepted, Throttled or Unavailable
    where Amazon cannot answer now.
    """
    form = {
        "client_id": client_id,
        "client_secret": client_secret,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
    }
    refresh_token = text(_answer(lwa_endpoint, form, timeout).get("refresh_token"))
    if not refresh_token:
        raise Unavailable(
            OPERATION, "the answer holds no refresh token; authorise once more.", status=200
        )
    return refresh_token


def _answer(lwa_endpoint: str, form: dict[str, str], timeout: tuple[float, float]) -> JsonObject:
    """What Login with Amazon answers to this form. Raises AmazonError."""
    headers = {
        "user-agent": USER_AGENT,
        "accept": "application/json",
        "accept-encoding": sessions.ENCODINGS,
    }
    request = requests.Request("POST", lwa_endpoint, headers, data=form)
    bounds = Bounds(OPERATION, sum(timeout), largest=LARGEST_ANSWER)
    reply = faults.exchange(request, timeout, bounds)
    body = _body(reply)
    if reply.status != 200:
        raise _refusal(reply, body, form["grant_type"])
    return body


def _body(reply: faults.Reply) -> JsonObject:
    try:
        return obj(parsed(reply.content))
    except ValueError:
        return {}


def _refusal(reply: faults.Reply, body: JsonObject, grant: str) -> AmazonError:
    """The error for Login with Amazon's own form of it: ``error`` and ``error_description``."""
    status, code = reply.status, text(body.get("error"))
    request_id = reply.headers.get(faults.REQUEST_ID, "")
    if status == 429:
        return Throttled(
            OPERATION,
            "too many tokens were asked for; it goes on by itself.",
            retry_at=clock.now() + timedelta(minutes=1),
            status=status,
            request_id=request_id,
        )
    # docs/amazon.md#few-token-errors-pass
    outage = status >= 500 or code in ("server_error", "temporarily_unavailable")
    if outage or not code or status < 400:
        return Unavailable(
            OPERATION,
            "no usable answer, as in an outage; it will be tried again.",
            status=status,
            amazon_code=code,
            request_id=request_id,
        )
    if grant == "authorization_code" and code == "invalid_grant":
        code_remedy = "the authorisation has expired or was used already; authorise once more."
        return Disconnected(
            OPERATION, code_remedy, status=status, amazon_code=code, request_id=request_id
        )
    remedy = _REMEDIES.get(code, "the application's set-up is not accepted; check its credentials.")
    return Disconnected(OPERATION, remedy, status=status, amazon_code=code, request_id=request_id)
