"""What comes back from Amazon, in every shape that it has been seen in."""

import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync import clock
from django_amazon_sync.amazon.client import USER_AGENT, Client, iso
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.errors import AmazonError, Disconnected, Throttled, TooLate, Unavailable
from tests.examples import examples

from .conftest import Reply, ScriptedServer, Tokens, errors, get

Make = Callable[..., Client]
PAGE = b"<html><body>Service Unavailable</body></html>"


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


bodies = st.binary(max_size=40) | st.sampled_from(["{}", '{"errors": [{}]}', "[]", "1"]).map(
    str.encode
)


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert server.seen[0].headers["x-amz-access-token"] == "Atza|first"
    get(client)
    client.now()
    assert len(server.seen) == 2


def test_a_refusal_tells_the_time_as_well(server: ScriptedServer, client: Client) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    date = f"{ahead:%a, %d %b %Y %H:%M:%S} GMT"
    server.answers(Reply.of(403, errors("Unauthorized"), Date=date))
    assert abs(client.now() - ahead) < timedelta(seconds=3)


def test_where_amazon_does_not_answer_there_is_no_time(make_client: Make) -> None:
    with pytest.raises(Unavailable):
        make_client(endpoint="http://127.0.0.1:9").now()


def test_no_request_leaves_without_a_token(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {}))
    client.now()
    get(client)
    assert all(seen.headers.get("x-amz-access-token") for seen in server.seen)


def test_an_answer_without_a_date_leaves_the_clock_alone(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {}, Date="yesterday"))
    assert get(client).date is None
    assert client.clock_offset == timedelta(0)


@pytest.mark.parametrize("year", ["9999", "1971"])
def test_a_date_of_another_age_leaves_the_clock_alone(
    server: ScriptedServer, client: Client, year: str
) -> None:
    server.answers(Reply.of(200, {}, Date=f"Fri, 31 Dec {year} 23:59:59 GMT"))
    assert get(client).date is None
    assert abs(client.now() - datetime.now(UTC)) < timedelta(seconds=3)


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


# --- What must not leave late ----------------------------------------------------------------


class HandClock(clock.HostClock):
    """A clock that a test moves; sleeping moves it too."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def hand_clock() -> Iterator[HandClock]:
    stand_in = HandClock()
    with clock.stood_in_for(stand_in, seed=1):
        yield stand_in


def test_a_call_in_time_leaves_and_one_too_late_does_not(
    server: ScriptedServer, client: Client, hand_clock: HandClock
) -> None:
    server.answers(Reply.of(200, {}))
    bound = client.not_after(clock.monotonic() + 30)
    assert get(bound).body == {}
    hand_clock.sleep(30)
    with pytest.raises(TooLate) as caught:
        get(bound)
    assert not caught.value.sent
    assert len(server.seen) == 1
    assert get(client).body == {}  # the client that it was made of has no such moment
    assert bound.clock_offset == client.clock_offset


def test_the_earlier_of_two_moments_counts(client: Client) -> None:
    with pytest.raises(TooLate):
        get(client.not_after(clock.monotonic() - 1).not_after(clock.monotonic() + 60))


def test_a_second_try_does_not_leave_late(
    server: ScriptedServer, make_client: Make, hand_clock: HandClock
) -> None:
    class SlowTokens(Tokens):
        def refresh(self, rejected_token: str, scope: str = "") -> str:
            hand_clock.sleep(31)
            return super().refresh(rejected_token, scope)

    server.answers(Reply.of(401, errors("Unauthorized")), Reply.of(200, {}))
    with pytest.raises(TooLate):
        get(make_client(tokens=SlowTokens()).not_after(clock.monotonic() + 30))
    assert len(server.seen) == 1


def test_a_late_token_makes_the_call_late(
    server: ScriptedServer, make_client: Make, hand_clock: HandClock
) -> None:
    class SlowTokens(Tokens):
        def token(self, scope: str = "") -> str:
            hand_clock.sleep(31)
            return super().token(scope)

    with pytest.raises(TooLate):
        get(make_client(tokens=SlowTokens()).not_after(clock.monotonic() + 30))
    assert not server.seen


def test_waiting_for_the_turn_ends_before_it_is_too_late(
    server: ScriptedServer, make_client: Make, hand_clock: HandClock
) -> None:
    server.answers(Reply.of(200, {}))
    bound = make_client(patience=3600).not_after(clock.monotonic() + 30)
    for _ in range(19):
        get(bound, "searchOrders")
    with pytest.raises(Throttled):
        get(bound, "searchOrders")
    assert hand_clock.ahead == 0
    assert len(server.seen) == 19


def test_a_turn_that_comes_late_is_not_taken(
    server: ScriptedServer, make_client: Make, hand_clock: HandClock
) -> None:
    server.answers(Reply.of(200, {}))
    bound = make_client(
        patience=3600, on_wait=lambda operation, wait: hand_clock.sleep(30)
    ).not_after(clock.monotonic() + 30)
    for _ in range(4):
        get(bound, "patchListingsItem")
    with pytest.raises(TooLate):
        get(bound, "patchListingsItem")
    assert len(server.seen) == 4
