"""What an answer that is no success means, and what may have been sent."""

import socket
from collections.abc import Callable

import pytest

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.errors import (
    AmazonError,
    ConfigurationError,
    Disconnected,
    NotFound,
    Rejected,
    Unauthorized,
    Unavailable,
)

from .conftest import Reply, ScriptedServer, Tokens, errors, get

Make = Callable[..., Client]


def test_a_connection_that_was_never_made_was_not_sent(make_client: Make) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        client = make_client(endpoint=f"http://127.0.0.1:{unheard.getsockname()[1]}")
        with pytest.raises(Unavailable, match="no connection") as caught:
            get(client)
    assert not caught.value.sent


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_a_dead_name_and_a_dead_proxy_are_not_sent_either(
    make_client: Make, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(Unavailable, match="no connection") as caught:
        get(make_client(endpoint="http://nowhere.invalid"))
    assert not caught.value.sent


@pytest.mark.parametrize("endpoint", ["", "nowhere", "ftp://example.com", "http://", "http://[x"])
def test_an_endpoint_that_is_no_web_address_names_the_setting(
    make_client: Make, endpoint: str
) -> None:
    with pytest.raises(ConfigurationError, match="ENDPOINT"):
        get(make_client(endpoint=endpoint))


def test_silence_after_the_request_may_have_had_an_effect(make_client: Make) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(Unavailable, match="in time") as caught:
            get(make_client(endpoint=endpoint, timeout=(1, 0.1)))
    assert caught.value.sent


def test_plain_speech_on_a_secure_port_is_unavailable(
    server: ScriptedServer, make_client: Make
) -> None:
    server.answers(Reply.of(200, {}))
    with pytest.raises(Unavailable, match="secure connection"):
        get(make_client(endpoint=server.endpoint.replace("http:", "https:")))


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (404, NotFound), (413, Rejected), (415, Rejected)]
)
def test_a_refusal_carries_amazons_words(
    server: ScriptedServer, client: Client, status: int, error: type[AmazonError]
) -> None:
    said = errors("InvalidInput", "The order is gone.", "Look elsewhere.")
    server.answers(Reply.of(status, said, x_amzn_RequestId="r-9"))
    with pytest.raises(error) as caught:
        get(client)
    raised = caught.value
    assert (raised.operation, raised.status, raised.amazon_code) == (
        "getOrder",
        status,
        "InvalidInput",
    )
    assert raised.request_id == "r-9"
    assert "The order is gone." in str(raised)


def test_of_a_refusal_about_orders_no_details_are_told(
    server: ScriptedServer, client: Client
) -> None:
    """They quote what was refused."""
    server.answers(Reply.of(400, errors("InvalidInput", "No.", "Ann Other, 1 High Street")))
    with pytest.raises(Rejected) as caught:
        get(client)
    assert "High Street" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Not ann@example.com,\n you", "Not … you"),
        (f"Token {'x' * 64} is old.", "Token … is old."),
        ("word " * 400, ("word " * 100)),
    ],
)
def test_amazons_words_are_one_short_line_without_addresses_and_tokens(
    server: ScriptedServer, client: Client, said: str, told: str
) -> None:
    server.answers(Reply.of(400, errors("C" * 200, said, said)))
    with pytest.raises(Rejected) as caught:
        client.call("getListingsItem", "GET", "/listings/2021-08-01/items/A/B")
    assert caught.value.message == f"Amazon refused the request: {told}"
    assert caught.value.details == told
    assert caught.value.amazon_code == "C" * 60


@pytest.mark.parametrize(
    ("details", "error", "remedy"),
    [
        ("The LWA secret token you provided has expired.", Disconnected, "make a new one"),
        ("Marketplaces [A1PA] are not valid for region", Unauthorized, "region EU"),
        ("Access token is missing in the request header.", Unauthorized, "proxy"),
        ("", Unauthorized, "the role Inventory and Order Tracking"),
    ],
)
def test_a_403_means_what_its_details_say(
    server: ScriptedServer,
    client: Client,
    tokens: Tokens,
    details: str,
    error: type[AmazonError],
    remedy: str,
) -> None:
    said = errors("Unauthorized", "Access to requested resource is denied.", details)
    server.answers(Reply.of(403, said))
    with pytest.raises(error, match=remedy) as caught:
        get(client)
    assert type(caught.value) is error
    assert tokens.refreshed == []


def test_a_bare_list_of_errors_is_read_as_well(server: ScriptedServer, client: Client) -> None:
    refused = [{"code": "Unauthorized", "message": "Access is denied.", "details": ""}]
    server.answers(Reply.of(403, refused))
    with pytest.raises(Unauthorized, match="Product Listing"):
        client.call("getListingsRestrictions", "GET", "/listings/2021-08-01/restrictions")
