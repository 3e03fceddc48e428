"""Login with Amazon, in good and bad days."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from django_amazon_sync.amazon.lwa import Token, consent_url, exchange_code, request_token
from django_amazon_sync.errors import (
    AmazonError,
    ConfigurationError,
    Disconnected,
    Throttled,
    Unavailable,
)

from .conftest import Reply, ScriptedServer

CREDENTIALS = {"client_id": "amzn1.application-oa2-client.1", "client_secret": "amzn1.oa2-cs.v1.s"}
GOOD = Reply.of(200, {"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600})


def ask(server: ScriptedServer, **more: Any) -> Token:
    endpoint = f"{server.endpoint}/auth/o2/token"
    return request_token(endpoint, **CREDENTIALS, timeout=(1, 1), **more)


def test_a_token_for_a_seller(server: ScriptedServer) -> None:
    server.answers(GOOD)
    assert ask(server, refresh_token="Atzr|r") == Token("Atza|x", 3600)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/auth/o2/token")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(seen.body.decode())) == CREDENTIALS | {
        "grant_type": "refresh_token",
        "refresh_token": "Atzr|r",
    }


def test_a_grantless_token(server: ScriptedServer) -> None:
    server.answers(GOOD)
    ask(server, scope="sellingpartnerapi::notifications")
    assert dict(parse_qsl(server.seen[0].body.decode())) == CREDENTIALS | {
        "grant_type": "client_credentials",
        "scope": "sellingpartnerapi::notifications",
    }


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (400, "invalid_grant", "authorise the account again"),
        (401, "invalid_client", "client secret is wrong"),
        (400, "invalid_scope", "scope"),
        (400, "unauthorized_client", "set-up"),
        (403, "access_denied", "set-up"),
    ],
)
def test_refused_credentials_name_the_remedy(
    server: ScriptedServer, status: int, code: str, remedy: str
) -> None:
    server.answers(Reply.of(status, {"error": code, "error_description": "no"}))
    with pytest.raises(Disconnected, match=remedy) as caught:
        ask(server, refresh_token="Atzr|r")
    assert (caught.value.status, caught.value.amazon_code) == (status, code)
    for secret in ("Atzr|r", CREDENTIALS["client_secret"]):
        assert secret not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply.of(500, {"error": "server_error"}),
        Reply.of(400, {"error": "temporarily_unavailable"}),
        Reply(503, b"<html></html>"),
        Reply(400, b"<html></html>"),
        Reply(302, b"", {"Location": "/"}),
        Reply(200, b""),
        Reply(200, b'"token"'),
        Reply.of(200, {"access_token": "", "expires_in": 3600}),
        Reply.of(200, {"access_token": "Atza|x"}),
        Reply.of(200, {"access_token": "Atza|x", "expires_in": 0}),
        Reply(200, GOOD.body, cut=9),
    ],
)
def test_an_outage_is_no_refusal(server: ScriptedServer, reply: Reply) -> None:
    server.answers(reply)
    with pytest.raises(Unavailable):
        ask(server, refresh_token="Atzr|r")


def test_too_often(server: ScriptedServer) -> None:
    server.answers(Reply.of(429, {"error": "slow_down"}))
    with pytest.raises(Throttled) as caught:
        ask(server, refresh_token="Atzr|r")
    assert caught.value.retry_at > datetime.now(UTC)


def test_nothing_listens() -> None:
    with pytest.raises(Unavailable) as caught:
        request_token("http://127.0.0.1:1/", **CREDENTIALS, timeout=(1, 1))
    assert not caught.value.sent
    assert isinstance(caught.value, AmazonError)


def test_an_endpoint_that_is_no_web_address_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="LWA_ENDPOINT"):
        request_token("nowhere", **CREDENTIALS, timeout=(1, 1))


def test_a_token_does_not_show() -> None:
    assert "Atza" not in repr(Token("Atza|x", 3600))


# --- The website workflow ------------------------------------------------------------------------

BACK = "https://shop.example.com/back/"


def exchange(server: ScriptedServer) -> str:
    endpoint = f"{server.endpoint}/auth/o2/token"
    return exchange_code(endpoint, **CREDENTIALS, code="c", redirect_uri=BACK, timeout=(1, 1))


def test_a_code_becomes_a_refresh_token(server: ScriptedServer) -> None:
    server.answers(Reply.of(200, {"access_token": "Atza|x", "refresh_token": "Atzr|r"}))
    assert exchange(server) == "Atzr|r"
    assert dict(parse_qsl(server.seen[0].body.decode())) == CREDENTIALS | {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": BACK,
    }


def test_an_old_code_says_to_authorise_once_more(server: ScriptedServer) -> None:
    server.answers(Reply.of(400, {"error": "invalid_grant", "error_description": "code"}))
    with pytest.raises(Disconnected, match="authorise once more"):
        exchange(server)


def test_an_answer_without_a_refresh_token_is_none(server: ScriptedServer) -> None:
    server.answers(GOOD)
    with pytest.raises(Unavailable, match="no refresh token"):
        exchange(server)


@pytest.mark.parametrize("draft", [True, False])
def test_where_a_seller_authorises(draft: bool) -> None:
    url = consent_url(
        "https://sellercentral.amazon.de/",
        application_id="amzn1.sp.solution.1",
        state="s+t",
        redirect_uri=BACK,
        draft=draft,
    )
    address, _, query = url.partition("?")
    assert address == "https://sellercentral.amazon.de/apps/authorize/consent"
    asked = {"application_id": "amzn1.sp.solution.1", "state": "s+t", "redirect_uri": BACK}
    assert dict(parse_qsl(query)) == asked | ({"version": "beta"} if draft else {})
