"""What all workers share of the way to Amazon: access tokens and rate buckets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.limits import (
    CLOCKS,
    BucketStore,
    Level,
    Plan,
    at_new_rate,
    level_of,
    take,
)
from django_amazon_sync.amazon.lwa import Token, request_token
from django_amazon_sync.errors import ConfigurationError, Misplaced, Unavailable
from django_amazon_sync.models import AccessToken, RateBucket, SellerAccount
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.database_clock import read_at

logger = logging.getLogger("django_amazon_sync.errors")

#: A token is renewed this long before it expires.
MARGIN = timedelta(seconds=60)

#: How long a worker waits for another one that is renewing the token.
RENEWAL = 10.0


class DatabaseTokens:
    """The access tokens of an account in encrypted rows; one renewal at a time over all workers."""

    def __init__(self, account: SellerAccount, timeout: tuple[float, float] = (5, 30)) -> None:
        self._account = account
        self._timeout = timeout
        self._read: dict[str, AccessToken] = {}

    def token(self, scope: str = "") -> str:
        """A token that is valid for another minute. Raises Disconnected, Unavailable."""
        read = self._read.get(scope)
        if read is not None and read.expires_at > clock.now() + MARGIN:
            return read.token
        return self._stored(scope) or self._renewed(scope, rejected="")

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        """Another token than the one that Amazon rejected. Raises Disconnected, Unavailable."""
        self._read.pop(scope, None)
        return self._renewed(scope, rejected=rejected_token)

    def _stored(self, scope: str, rejected: str = "") -> str:
        row = AccessToken.objects.filter(account=self._account, scope=scope).first()
        if row is None or row.expires_at <= clock.now() + MARGIN:
            return ""
        try:
            token = row.token
        except Misplaced as fault:
            logger.warning("%s", fault)
            return ""  # a new one costs one question
        if token == rejected:
            return ""
        self._read[scope] = row
        return token

    def _renewed(self, scope: str, *, rejected: str) -> str:
        """The token that this worker, or another one meanwhile, has got."""
        give_up = clock.monotonic() + RENEWAL
        while not (held := leases.take(f"token of account {self._account.pk} {scope}")):
            if token := self._stored(scope, rejected):
                return token
            if clock.monotonic() > give_up:
                raise Unavailable(
                    "token", "Another worker has been renewing the token for too long.", sent=False
                )
            clock.sleep(0.1)
        try:
            if token := self._stored(scope, rejected):
                return token
            self._read_credentials()
            renewed = ask_for_token(self._account, scope, self._timeout)
            held.check()
            self._keep(renewed, scope)
            return renewed.access_token
        finally:
            held.release()

    def _read_credentials(self) -> None:
        """Take those that the account has now: a run may be older than what staff entered since."""
        now = SellerAccount.objects.select_related("application").get(pk=self._account.pk)
        self._account.refresh_token = now.refresh_token
        self._account.application = now.application

    def _keep(self, renewed: Token, scope: str) -> None:
        """Keep the token for all, unless it is of credentials that staff replaced meanwhile."""
        with transaction.atomic():
            locked = SellerAccount.objects.select_for_update().select_related("application")
            if Credentials.of(locked.get(pk=self._account.pk)) != Credentials.of(self._account):
                return
            AccessToken.objects.update_or_create(
                account=self._account,
                scope=scope,
                defaults={
                    "token": renewed.access_token,
                    "expires_at": clock.now() + timedelta(seconds=renewed.expires_in),
                },
            )


@dataclass(frozen=True)
class Credentials:
    """What Amazon gave the seller: LWA client id and secret, and the refresh token."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @classmethod
    def of(cls, account: SellerAccount) -> Credentials:
        application = account.application
        return cls(application.client_id, application.client_secret, account.refresh_token)


class MemoryTokens:
    """The tokens of an account that is being connected and has no row yet."""

    def __init__(self, account: SellerAccount, timeout: tuple[float, float] = (5, 30)) -> None:
        self._account = account
        self._timeout = timeout
        self._tokens: dict[str, str] = {}

    def token(self, scope: str = "") -> str:
        if scope not in self._tokens:
            renewed = ask_for_token(self._account, scope, self._timeout)
            self._tokens[scope] = renewed.access_token
        return self._tokens[scope]

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        self._tokens.pop(scope, None)
        return self.token(scope)


def ask_for_token(
    account: SellerAccount, scope: str, timeout: tuple[float, float] = (5, 30)
) -> Token:
    """A new token from Login with Amazon; a scope asks in the application's own name."""
    return request_token(
        conf.get("LWA_ENDPOINT"),
        client_id=account.application.client_id,
        client_secret=account.application.client_secret,
        refresh_token="" if scope else account.refresh_token,
        scope=scope,
        timeout=timeout,
    )


class DatabaseBuckets:
    """Rate buckets in rows, by the database's clock; a call is taken under the row's lock."""

    def take(self, key: str, plan: Plan) -> float:
        """Seconds to wait; 0.0 means that the call was taken."""
        with transaction.atomic():
            bucket, now = _locked(key)
            plan = Plan(bucket.rate or plan.rate, plan.burst)
            wait, full_at = take(bucket.full_at, plan, now)
            if full_at != bucket.full_at:
                RateBucket.objects.filter(pk=key).update(full_at=full_at)
        return wait

    def learn(self, key: str, plan: Plan, rate: float) -> None:
        """Keep the rate that Amazon named for this bucket, in calls per second."""
        if RateBucket.objects.filter(pk=key, rate=rate).exists():
            return  # as nearly every job hears it again: nothing is locked or written for that
        with transaction.atomic():
            bucket, now = _locked(key)
            full_at = at_new_rate(bucket.full_at, bucket.rate or plan.rate, rate, now)
            RateBucket.objects.filter(pk=key).update(rate=rate, full_at=full_at)

    def peek(self, keys: Iterable[str]) -> Mapping[str, Level]:
        """How these buckets stand; one query."""
        found = RateBucket.objects.filter(pk__in=list(keys)).annotate(now=read_at())
        return {
            bucket.key: level_of(bucket.full_at, bucket.rate, bucket.now.timestamp())
            for bucket in found
        }


def _locked(key: str) -> tuple[RateBucket, float]:
    """The bucket's row, made where it is missing, and now by the database's clock; nobody else
    takes from it meanwhile."""
    locked = RateBucket.objects.select_for_update().annotate(now=read_at())
    bucket = locked.filter(key=key).first()
    if bucket is None:
        RateBucket.objects.get_or_create(key=key)
        bucket = locked.get(key=key)
    return bucket, bucket.now.timestamp()


class RedisBuckets:
    """Rate buckets in Redis 6 or newer; atomic scripts, by Redis's own clock.

    Where another clock stands in for the stores', that one counts here too.
    """

    _NOW = """
    local clock = redis.call('TIME')
    local now = tonumber(ARGV[1]) or tonumber(clock[1]) + tonumber(clock[2]) / 1000000
    """

    _TAKE = """
    local rate = tonumber(redis.call('GET', KEYS[2]) or ARGV[2])
    local burst = tonumber(ARGV[3])
    local step = 1 / rate
    local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
    if full > now + step * burst + tonumber(ARGV[4]) then full = now end
    local wait = full - now - step * (burst - 1)
    if wait <= 0.00001 then
        full = full + step
        wait = 0
    end
    redis.call('SET', KEYS[1], string.format('%.6f', full), 'EX', math.ceil(step * burst) + 60)
    return string.format('%.6f', wait)
    """

    _LEARN = """
    local old = tonumber(redis.call('GET', KEYS[2]) or ARGV[2])
    local lacks = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') - now, 0) * old
    local wait = lacks / tonumber(ARGV[3])
    redis.call('SET', KEYS[1], string.format('%.6f', now + wait), 'EX', math.ceil(wait) + 60)
    redis.call('SET', KEYS[2], ARGV[3], 'EX', 86400)
    """

    _PEEK = """
    local found = {string.format('%.6f', now)}
    for place, key in ipairs(KEYS) do found[place + 1] = redis.call('GET', key) end
    return found
    """

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as fault:
            raise ConfigurationError(
                "AMAZON_SYNC['REDIS_URL'] needs the redis package; "
                "install django-amazon-sync[redis]."
            ) from fault
        self._fault = redis.RedisError
        self._redis = redis.Redis.from_url(url, socket_timeout=5)
        self._take = self._redis.register_script(self._NOW + self._TAKE)
        self._learn = self._redis.register_script(self._NOW + self._LEARN)
        self._peek = self._redis.register_script(self._NOW + self._PEEK)

    def take(self, key: str, plan: Plan) -> float:
        """Seconds to wait; 0.0 means that the call was taken."""
        try:
            args = [_stand_in(), plan.rate, plan.burst, CLOCKS]
            return float(self._take(keys=_redis_keys(key), args=args))
        except self._fault as fault:
            raise _no_redis() from fault

    def learn(self, key: str, plan: Plan, rate: float) -> None:
        """Keep the rate that Amazon named for this bucket, for a day."""
        try:
            self._learn(keys=_redis_keys(key), args=[_stand_in(), plan.rate, rate])
        except self._fault as fault:
            raise _no_redis() from fault

    def peek(self, keys: Iterable[str]) -> Mapping[str, Level]:
        """How these buckets stand; one call."""
        keys = list(keys)
        names = [name for key in keys for name in _redis_keys(key)]
        try:
            found = self._peek(keys=names, args=[_stand_in()])
        except self._fault as fault:
            raise _no_redis() from fault
        now, *values = [None if value is None else float(value) for value in found]
        levels = zip(keys, values[::2], values[1::2], strict=True)
        return {key: level_of(full_at or 0.0, rate, now or 0.0) for key, full_at, rate in levels}


def _stand_in() -> float | str:
    """The moment of a clock that stands in for Redis's; empty where Redis tells it."""
    moment = clock.stores_now()
    return "" if moment is None else moment.timestamp()


def _redis_keys(key: str) -> list[str]:
    return [f"amazon-sync:full:{key}", f"amazon-sync:rate:{key}"]


def _no_redis() -> Unavailable:
    return Unavailable(
        "rate limiter",
        "Redis does not answer, and without its buckets nothing is sent; start it, or remove "
        "AMAZON_SYNC['REDIS_URL'].",
        sent=False,
    )


def buckets() -> BucketStore:
    """The buckets that the settings name: in Redis where there is one, else in the database."""
    url = conf.get("REDIS_URL")
    return RedisBuckets(url) if url else DatabaseBuckets()
