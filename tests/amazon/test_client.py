"""What comes back from Amazon, in every shape that it has been seen in."""

import gzip
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.amazon import sessions
from django_amazon_sync.amazon.client import USER_AGENT, Client, iso
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.errors import (
    AmazonError,
    ConfigurationError,
    Disconnected,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)

from .conftest import Reply, ScriptedServer, Tokens

Make = Callable[..., Client]
PAGE = b"<html><body>Service Unavailable</body></html>"


def errors(code: str, message: str = "Amazon's words", details: str = "") -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message, "details": details}]}


def get(client: Client, operation: str = "getOrder", **more: Any) -> Any:
    return client.call(operation, "GET", "/orders/2026-01-01/orders/1", **more)


def test_a_good_answer_tells_its_facts(server: ScriptedServer, client: Client) -> None:
    server.answers(
        Reply.of(200, {"order": {}}, x_amzn_RequestId="r-1", x_amzn_RateLimit_Limit="0.25")
    )
    answer = get(client)
    assert (answer.body, answer.status, answer.request_id, answer.rate) == (
        {"order": {}},
        200,
        "r-1",
        0.25,
    )
    assert answer.date is not None
    assert answer.date.utcoffset() == timedelta(0)


def test_the_request_is_as_amazon_asks(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {}))
    when = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    get(client, query={"a": ["x", "y z"], "after": when, "size": 5, "left": None})
    client.call("patchListingsItem", "PATCH", "/x", body={"title": "Köln"})
    first, second = server.seen
    assert first.path == (
        "/orders/2026-01-01/orders/1?a=x%2Cy%20z&after=2026-01-02T03%3A04%3A05.678Z&size=5"
    )
    assert first.headers["x-amz-access-token"] == "Atza|first"
    assert first.headers["user-agent"] == USER_AGENT
    assert "content-type" not in first.headers
    assert first.body == b""
    assert second.headers["content-type"] == "application/json"
    assert json.loads(second.body) == {"title": "Köln"}
    assert "authorization" not in first.headers


def test_the_user_agent_names_app_version_and_language() -> None:
    name, _, rest = USER_AGENT.partition(" ")
    assert name.startswith("django-amazon-sync/")
    assert rest.startswith("(Language=Python/3.")
    assert len(USER_AGENT) < 500


def test_iso_has_milliseconds_only_where_there_are_some() -> None:
    east = datetime.fromisoformat("2026-01-02T01:00:00+02:00")
    assert iso(east) == "2026-01-01T23:00:00Z"


def test_the_region_fills_the_endpoint(server: ScriptedServer, make_client: Make) -> None:
    server.answers(Reply.of(200, {}))
    get(make_client(endpoint=server.endpoint + "/{region}"))
    assert server.seen[0].path.startswith("/eu/orders/")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(200, b"null"),
        Reply(200, b'"text"'),
        Reply(200, b"[]"),
        Reply(200, PAGE),
        Reply(200, b'{"orders": NaN}'),
        Reply(200, b"\xff\xfe\xff"),
        Reply(200, b"[" * 100_000),
        Reply(200, b'{"orders": [1, 2, 3]}', cut=9),
        Reply(200, gzip.compress(b'{"orders": []}')[:-12], {"Content-Encoding": "gzip"}),
        Reply(200, b"no gzip", {"Content-Encoding": "gzip"}),
        Reply(204, b""),
        Reply(302, b"", {"Location": "/elsewhere"}),
        Reply(400, PAGE),
        Reply(403, PAGE),
        Reply(404, PAGE),
        Reply(404, b"{}"),
        Reply(500, b""),
        Reply(500, json.dumps(errors("InternalFailure")).encode()),
        Reply(503, PAGE),
    ],
)
def test_no_usable_answer_is_unavailable_and_never_empty(
    server: ScriptedServer, client: Client, reply: Reply
) -> None:
    server.answers(reply)
    with pytest.raises(Unavailable) as caught:
        get(client)
    assert caught.value.sent
    assert len(server.seen) == 1


def test_an_empty_answer_counts_where_a_204_is_expected(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply(204, b""))
    assert get(client, empty_status=204).body == {}
    server.answers(Reply(200, b""))
    with pytest.raises(Unavailable):
        get(client, empty_status=204)


def test_a_gzipped_answer_is_read(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply(200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"}))
    assert get(client).body == {"a": 1}


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


bodies = st.binary(max_size=40) | st.sampled_from(["{}", '{"errors": [{}]}', "[]", "1"]).map(
    str.encode
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=st.integers(200, 599).filter(lambda code: code not in (204, 304)), body=bodies)
def test_any_answer_is_an_object_or_a_typed_error(
    server: ScriptedServer, make_client: Make, status: int, body: bytes
) -> None:
    server.answers(Reply(status, body))
    try:
        answer = get(make_client())
    except AmazonError as error:
        assert status >= 300 or isinstance(error, Unavailable)  # noqa: PT017 - either is right
    else:
        assert status < 300
        assert json.loads(body) == answer.body


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
    assert (raised.details, raised.request_id) == ("Look elsewhere.", "r-9")
    assert "The order is gone." in str(raised)


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


@pytest.mark.parametrize(
    ("status", "details"),
    [
        (401, ""),
        (401, "The access token you provided has expired."),
        (403, "The access token you provided has expired."),
        (403, "The access token you provided is revoked, malformed or invalid."),
    ],
)
def test_a_refused_token_is_refreshed_once(
    server: ScriptedServer, client: Client, tokens: Tokens, status: int, details: str
) -> None:
    expired = Reply.of(status, errors("Unauthorized", details=details))
    server.answers(expired, Reply.of(200, {"order": {}}))
    assert get(client).body == {"order": {}}
    assert tokens.refreshed == ["Atza|first"]
    assert [seen.headers["x-amz-access-token"] for seen in server.seen] == [
        "Atza|first",
        "Atza|second",
    ]
    server.answers(expired)
    with pytest.raises(Disconnected, match="authorise the account again"):
        get(client)
    assert len(server.seen) == 4


def test_a_grantless_call_uses_its_scope(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {}))
    get(client, scope="::notifications")
    assert server.seen[0].headers["x-amz-access-token"] == "Atza|first::notifications"


def test_a_429_says_when_to_come_back(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(429, errors("QuotaExceeded")))
    before = datetime.now(UTC)
    with pytest.raises(Throttled) as caught:
        get(client, "searchOrders")
    pause = (caught.value.retry_at - before).total_seconds()
    assert 178 < pause < 225  # 1 / 0.0056, and up to a quarter more
    with pytest.raises(Throttled) as caught:
        get(client, "patchListingsItem")
    assert (caught.value.retry_at - before).total_seconds() >= 1


def test_a_learnt_rate_shortens_the_pause(server: ScriptedServer, client: Client) -> None:
    server.answers(
        Reply.of(200, {}, x_amzn_RateLimit_Limit="0.5"), Reply.of(429, errors("QuotaExceeded"))
    )
    get(client, "searchOrders")
    before = datetime.now(UTC)
    with pytest.raises(Throttled) as caught:
        get(client, "searchOrders")
    assert (caught.value.retry_at - before).total_seconds() < 3


@pytest.mark.parametrize("odd", ["", "many", "0", "-1", "nan", "inf"])
def test_an_odd_rate_header_is_passed_over(
    server: ScriptedServer, client: Client, odd: str
) -> None:
    server.answers(Reply.of(200, {}, x_amzn_RateLimit_Limit=odd))
    assert get(client).rate is None


def test_a_short_wait_is_slept_and_told(server: ScriptedServer, make_client: Make) -> None:
    server.answers(Reply.of(200, {}))
    waits: list[tuple[str, float]] = []
    client = make_client(on_wait=lambda operation, wait: waits.append((operation, wait)))
    begin = time.monotonic()
    for _ in range(5):  # one less than the burst at once, then 5 a second
        get(client, "patchListingsItem")
    assert 0.1 < time.monotonic() - begin < 2
    assert {operation for operation, _ in waits} == {"patchListingsItem"}
    assert 0 < waits[0][1] <= 0.2


def test_a_long_wait_is_throttled_before_anything_is_sent(
    server: ScriptedServer, make_client: Make
) -> None:
    server.answers(Reply.of(200, {}))
    client = make_client(patience=0.05)
    for _ in range(19):
        get(client, "searchOrders")
    with pytest.raises(Throttled) as caught:
        get(client, "searchOrders")
    assert len(server.seen) == 19
    assert caught.value.status == 0
    assert caught.value.retry_at - datetime.now(UTC) > timedelta(minutes=2)


def test_two_clients_of_one_account_share_their_buckets(
    server: ScriptedServer, make_client: Make
) -> None:
    server.answers(Reply.of(200, {}))
    store = MemoryBuckets()
    one, two = (make_client(limiter=Limiter(store, "A1"), patience=0) for _ in range(2))
    other = make_client(limiter=Limiter(store, "A2"), patience=0)
    for client in [one, two] * 9:
        get(client, "searchOrders")
    get(one, "searchOrders")
    with pytest.raises(Throttled):
        get(two, "searchOrders")
    get(other, "searchOrders")


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_time_is_amazons_not_the_hosts(
    server: ScriptedServer, client: Client, minutes: int
) -> None:
    amazon_now = datetime.now(UTC) + timedelta(minutes=minutes)
    date = f"{amazon_now:%a, %d %b %Y %H:%M:%S} GMT"
    server.answers(Reply.of(200, {}, Date=date))
    assert abs(client.now() - amazon_now) < timedelta(seconds=3)  # asks for the time first
    assert [seen.method for seen in server.seen] == ["GET"]
    assert "x-amz-access-token" not in server.seen[0].headers
    get(client)
    client.now()
    assert len(server.seen) == 2


def test_an_answer_without_a_date_leaves_the_clock_alone(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {}, Date="yesterday"))
    assert get(client).date is None
    assert client.clock_offset == timedelta(0)


def test_nothing_secret_is_shown(
    server: ScriptedServer,
    client: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "django_amazon_sync.amazon")
    server.answers(Reply.of(200, {"buyer": "Ada Example"}, x_amzn_RequestId="r-7"))
    shown = repr(get(client, body={"name": "Ada Example"})) + repr(client) + caplog.text
    server.answers(Reply(200, b"", cut=0))
    with pytest.raises(Unavailable) as caught:
        get(client)
    shown += repr(caught.value) + str(caught.value) + caplog.text
    assert "r-7" in caplog.text
    assert "Atza" not in shown
    assert "Ada" not in shown
    assert caught.value.__cause__ is None


def test_netrc_and_cookies_are_left_out(
    server: ScriptedServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(Reply.of(200, {}, Set_Cookie="session=1; Path=/"))
    get(client)
    get(client)
    assert all("authorization" not in seen.headers for seen in server.seen)
    assert all("cookie" not in seen.headers for seen in server.seen)


def test_a_session_belongs_to_one_thread_and_one_process() -> None:
    mine = sessions.session()
    assert sessions.session() is mine
    theirs = []
    thread = threading.Thread(target=lambda: theirs.append(sessions.session()))
    thread.start()
    thread.join()
    assert theirs[0] is not mine
    child = os.fork()
    if child == 0:
        os._exit(0 if sessions.session() is not mine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_many_threads_get_their_own_answers(server: ScriptedServer, make_client: Make) -> None:
    server.answers(Reply.of(200, {}))
    client = make_client(patience=0)
    failures: list[AmazonError] = []

    def ask() -> None:
        try:
            get(client, "getOrder")
        except AmazonError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 29  # the burst of getOrder but one, whatever the race
    assert len(failures) == 11
    assert all(isinstance(failure, Throttled) for failure in failures)
