"""One seller account's line to the Selling Partner API.

A call waits for its turn, sends one request, and comes back with a JSON object or a typed error;
silence (docs/amazon.md#an-empty-answer-is-a-fault), HTML and half a document are never taken for an
answer.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn, Protocol, TypeAlias
from urllib.parse import quote, urlencode

import requests

from django_amazon_sync import __version__, clock
from django_amazon_sync.amazon import faults, sessions
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.limits import Limiter
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.amazon.reading import header_moment, parsed
from django_amazon_sync.data import Json, JsonObject
from django_amazon_sync.errors import AmazonError, Throttled, Unavailable

logger = logging.getLogger("django_amazon_sync.amazon")

# The form that Amazon asks for (docs/amazon.md#user-agents-name-a-language).
USER_AGENT = (
    f"django-amazon-sync/{__version__} "
    f"(Language=Python/{platform.python_version()}; Platform={platform.system() or 'unknown'})"
)

LARGEST_ANSWER = 32 * 1024**2
"""Bytes of an answer: a page of a hundred orders or of twenty listings has a few millions."""

_PRODUCT_TYPES = "/definitions/2020-09-01/productTypes"

Parameter: TypeAlias = str | int | datetime | Sequence[str] | None
Query: TypeAlias = Mapping[str, Parameter]


class OnEnd(Protocol):
    """Hears how each call ended; see ``Client``."""

    def __call__(
        self, operation: str, error: AmazonError | None, marketplaces: tuple[str, ...]
    ) -> None: ...


class TokenSource(Protocol):
    """Where access tokens come from and are kept.

    ``scope`` is empty for calls in a seller's name, else the scope of a grantless call. Both raise
    Disconnected where Login with Amazon refuses, and Unavailable where it does not answer.
    """

    def token(self, scope: str = "") -> str:
        """An access token that should still be good."""
        ...

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        """Another token, as Amazon takes ``rejected_token`` for expired or revoked."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; ``date`` is Amazon's clock (aware UTC), ``rate`` calls per second."""

    operation: str
    body: JsonObject = field(repr=False)
    status: int
    request_id: str
    date: datetime | None
    rate: float | None

    def array(self, key: str) -> list[Json]:
        """The array that this answer is about; raises Unavailable where it is missing."""
        value = self.body.get(key)
        return value if isinstance(value, list) else self.lacks(key)

    def object(self, key: str) -> JsonObject:
        """The object that this answer is about; raises Unavailable where it is missing."""
        value = self.body.get(key)
        return value if isinstance(value, dict) else self.lacks(key)

    def lacks(self, what: str) -> NoReturn:
        """Raise Unavailable: an answer without ``what`` never means that there is none."""
        raise Unavailable(
            self.operation,
            f"Amazon answered without {what}; it will be tried again.",
            status=self.status,
            request_id=self.request_id,
        )


class _AmazonClock:
    """How far Amazon's clock is ahead, for a client and those that were made of it."""

    offset: timedelta | None = None


class Client:
    """Calls Amazon for one seller account in one region; safe across threads.

    ``endpoint`` may hold ``{region}``. ``patience`` is how many seconds a call may sleep for its
    turn before it raises Throttled, ``timeout`` the seconds for connecting and for each silence;
    ``on_wait(operation, seconds)`` is told before each sleep, ``on_end(operation, error,
    marketplaces)`` of how each call ended, with None where it went well, and of which marketplaces
    (ids) it was.

    A call takes no longer than two tries that are answered at the last moment, and its sleep:
    the token, both tries and a body that drips are all of one time.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        region: str,
        seller_id: str,
        tokens: TokenSource,
        limiter: Limiter,
        patience: float = 3.0,
        timeout: tuple[float, float] = (5, 30),
        on_wait: Callable[[str, float], None] | None = None,
        on_end: OnEnd | None = None,
    ) -> None:
        self.endpoint = endpoint.replace("{region}", region).rstrip("/")
        self.region = region
        self.seller_id = seller_id
        self._tokens = tokens
        self.limiter = limiter
        self._patience = patience
        self._timeout = timeout
        self._altogether = 2 * sum(timeout)
        self._on_wait = on_wait
        self._on_end = on_end
        self._marketplace = ""
        self._clock = _AmazonClock()
        self._not_after = math.inf

    def __repr__(self) -> str:
        return f"<Client {self.seller_id} {self.region}>"

    def not_after(self, moment: float) -> Client:
        """This client for what must not leave late: from ``moment`` on it raises TooLate instead.

        ``moment`` is one of ``clock.monotonic()``. It is looked at right before the first byte of
        each request: after the token, after the turn, and before the second try.
        """
        bound = copy.copy(self)
        bound._not_after = min(moment, self._not_after)
        return bound

    def about(self, marketplace: str) -> Client:
        """This client for calls that are about one marketplace (id) and cannot name it."""
        its = copy.copy(self)
        its._marketplace = marketplace
        return its

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        empty_status: int = 0,
        scope: str = "",
    ) -> Answer:
        """One call of one operation; ``path`` comes encoded.

        ``empty_status`` is that of a success without a body, where the operation has one.

        Raises Throttled, Unavailable (TooLate), Unauthorized (Disconnected), Rejected (NotFound),
        or ConfigurationError for an endpoint that is not a web address.
        """
        try:
            answer = self._call(operation, method, path, query, body, empty_status, scope)
        except AmazonError as error:
            if self._on_end:
                self._on_end(operation, error, self._named_in(query or body))
            raise
        if self._on_end:
            self._on_end(operation, None, self._named_in(query or body))
        return answer

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        query: Query | None,
        body: Mapping[str, object] | None = None,
        empty_status: int = 0,
        scope: str = "",
    ) -> Answer:
        request = requests.Request(method, self._url(path, query))
        if body is not None:
            request.data = json.dumps(body, allow_nan=False).encode()
        bounds = Bounds(
            operation, self._altogether, largest=LARGEST_ANSWER, not_after=self._not_after
        )
        token = self._tokens.token(scope)
        try:
            return self._send(bounds, request, token, empty_status)
        except faults.RefusedToken:
            token = self._tokens.refresh(token, scope)
        return self._send(bounds, request, token, empty_status)

    @property
    def clock_offset(self) -> timedelta:
        """How far Amazon's clock is ahead of this host's, by the last answer's Date header.

        Where no answer has come yet, Amazon is asked for something small; raises AmazonError where
        it does not answer, as a clock that is ahead of Amazon's would skip what happens meanwhile.
        """
        if self._clock.offset is None:
            self._ask_for_the_time()
        return self._clock.offset or timedelta(0)

    def _ask_for_the_time(self) -> None:
        """An ordinary call whose bucket is large; a refusal has a date too."""
        anywhere = next(code for code, at in MARKETPLACES.items() if at.region == self.region)
        query: Query = {"marketplaceIds": [anywhere], "keywords": ["CLOCK"]}
        try:
            self.call("searchDefinitionsProductTypes", "GET", _PRODUCT_TYPES, query=query)
        except AmazonError:
            if self._clock.offset is None:
                raise
        self._clock.offset = self._clock.offset or timedelta(0)

    def now(self) -> datetime:
        """Now by Amazon's clock, aware UTC; a host's own may be minutes off."""
        return clock.now() + self.clock_offset

    def _url(self, path: str, query: Query | None) -> str:
        pairs = {key: _written(value) for key, value in (query or {}).items() if value is not None}
        return f"{self.endpoint}{path}" + (f"?{urlencode(pairs, quote_via=quote)}" if pairs else "")

    def _send(
        self, bounds: Bounds, request: requests.Request, token: str, empty_status: int
    ) -> Answer:
        operation = bounds.operation
        bounds.look()
        self._wait_for_turn(bounds)
        request.headers = {
            "x-amz-access-token": token,
            "user-agent": USER_AGENT,
            "accept": "application/json",
            "accept-encoding": sessions.ENCODINGS,
        }
        if request.data:
            request.headers["content-type"] = "application/json"
        reply = faults.exchange(request, self._timeout, bounds)
        request_id = reply.headers.get(faults.REQUEST_ID, "")
        logger.debug("%s: %s, request %s", operation, reply.status, request_id)
        date = self._read_clock(reply)
        rate = self._read_rate(operation, reply)
        if reply.status >= 300:
            self._fail(operation, reply)
        silent = reply.status == empty_status and not reply.content
        body = {} if silent else _body(operation, reply)
        return Answer(operation, body, reply.status, request_id, date, rate)

    def _wait_for_turn(self, bounds: Bounds) -> None:
        """Sleep at most ``patience`` seconds for a turn; raises Throttled with the time of one."""
        operation = bounds.operation
        give_up = min(clock.monotonic() + self._patience, self._not_after)
        while wait := self.limiter.take(operation):
            if clock.monotonic() + wait > give_up:
                raise Throttled(
                    operation,
                    f"the next call is due in {math.ceil(wait)} seconds; it goes on by itself.",
                    retry_at=clock.now() + timedelta(seconds=wait),
                )
            if self._on_wait:
                self._on_wait(operation, wait)
            clock.sleep(wait)
            bounds.more_time(wait)

    def _named_in(self, asked: Mapping[str, object] | None) -> tuple[str, ...]:
        """The marketplaces that a query, or a body, names; else the one that the client is for."""
        asked = asked or {}
        named = asked.get("marketplaceIds", asked.get("marketplaceId", self._marketplace))
        if isinstance(named, str):
            return (named,) if named else ()
        return tuple(str(code) for code in named) if isinstance(named, list | tuple) else ()

    def _fail(self, operation: str, reply: faults.Reply) -> NoReturn:
        # Spread by chance, as every worker of every seller hears "too often" at the same time;
        # Amazon does not say until when (docs/amazon.md#no-time-after-which-to-retry).
        pause = max(self.limiter.interval(operation), 1.0) * _jitter()
        retry_at = clock.now() + timedelta(seconds=pause)
        faults.raise_for(operation, reply, region=self.region, retry_at=retry_at)

    def _read_clock(self, reply: faults.Reply) -> datetime | None:
        date = header_moment(reply.headers.get("Date", ""))
        if date is not None:
            self._clock.offset = date - clock.now()
        return date

    def _read_rate(self, operation: str, reply: faults.Reply) -> float | None:
        """The seller's own rate; not every answer has it.

        See docs/amazon.md#the-rate-header-is-best-effort.
        """
        try:
            rate = float(reply.headers.get("x-amzn-RateLimit-Limit", ""))
        except ValueError:
            return None
        if not (math.isfinite(rate) and rate > 0):
            return None
        self.limiter.learn(operation, rate)
        return rate


def _jitter() -> float:
    return clock.dice.uniform(1, 1.25)


def _written(value: str | int | datetime | Sequence[str]) -> str:
    """A query parameter as Amazon reads it: lists comma-delimited, times ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, str | int) else ",".join(value)


def iso(when: datetime) -> str:
    """An aware time as Amazon writes it, in UTC, whole seconds or milliseconds."""
    precision = "milliseconds" if when.microsecond else "seconds"
    return when.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _body(operation: str, reply: faults.Reply) -> JsonObject:
    """The JSON object of a successful answer; anything else is an outage in disguise."""
    facts: faults.Facts = {
        "status": reply.status,
        "request_id": reply.headers.get(faults.REQUEST_ID, ""),
    }
    try:
        body = parsed(reply.content)
    except ValueError:
        kind = "an empty body" if not reply.content else "a body that is not JSON"
        raise Unavailable(
            operation, f"Amazon answered with {kind}; it will be tried again.", **facts
        ) from None
    if not isinstance(body, dict):
        raise Unavailable(
            operation, "Amazon answered with no JSON object; it will be tried again.", **facts
        )
    return body
