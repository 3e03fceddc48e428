"""What all workers share of the way to Amazon: access tokens and rate buckets."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from django_amazon_sync import conf
from django_amazon_sync.amazon.limits import BucketStore, Plan, take
from django_amazon_sync.amazon.lwa import Token, request_token
from django_amazon_sync.errors import ConfigurationError, Unavailable
from django_amazon_sync.models import AccessToken, RateBucket, SellerAccount
from django_amazon_sync.sync import leases

#: A token is renewed this long before it expires.
MARGIN = timedelta(seconds=60)

#: How long a worker waits for another one that is renewing the token.
RENEWAL = 10.0


class DatabaseTokens:
    """The access tokens of an account in encrypted rows; one renewal at a time over all workers."""

    def __init__(self, account: SellerAccount) -> None:
        self._account = account
        self._read: dict[str, AccessToken] = {}

    def token(self, scope: str = "") -> str:
        """A token that is valid for another minute. Raises Disconnected, Unavailable."""
        read = self._read.get(scope)
        if read is not None and read.expires_at > timezone.now() + MARGIN:
            return read.token
        return self._stored(scope) or self._renewed(scope, rejected="")

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        """Another token than the one that Amazon rejected. Raises Disconnected, Unavailable."""
        self._read.pop(scope, None)
        return self._renewed(scope, rejected=rejected_token)

    def _stored(self, scope: str, rejected: str = "") -> str:
        row = AccessToken.objects.filter(account=self._account, scope=scope).first()
        if row is None or row.expires_at <= timezone.now() + MARGIN or row.token == rejected:
            return ""
        self._read[scope] = row
        return row.token

    def _renewed(self, scope: str, *, rejected: str) -> str:
        """The token that this worker, or another one meanwhile, has got."""
        give_up = time.monotonic() + RENEWAL
        while not (held := leases.take(f"token of account {self._account.pk} {scope}")):
            if token := self._stored(scope, rejected):
                return token
            if time.monotonic() > give_up:
                raise Unavailable(
                    "token", "Another worker has been renewing the token for long.", sent=False
                )
            time.sleep(0.1)
        try:
            if token := self._stored(scope, rejected):
                return token
            renewed = ask_for_token(self._account, scope)
            held.check()
            AccessToken.objects.update_or_create(
                account=self._account,
                scope=scope,
                defaults={
                    "token": renewed.access_token,
                    "expires_at": timezone.now() + timedelta(seconds=renewed.expires_in),
                },
            )
            return renewed.access_token
        finally:
            held.release()


class MemoryTokens:
    """The tokens of an account that is being connected and has no row yet."""

    def __init__(self, account: SellerAccount) -> None:
        self._account = account
        self._tokens: dict[str, str] = {}

    def token(self, scope: str = "") -> str:
        if scope not in self._tokens:
            self._tokens[scope] = ask_for_token(self._account, scope).access_token
        return self._tokens[scope]

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        self._tokens.pop(scope, None)
        return self.token(scope)


def ask_for_token(account: SellerAccount, scope: str) -> Token:
    """A new token from Login with Amazon; a scope asks in the application's own name."""
    return request_token(
        conf.get("LWA_ENDPOINT"),
        client_id=account.application.client_id,
        client_secret=account.application.client_secret,
        refresh_token="" if scope else account.refresh_token,
        scope=scope,
    )


class DatabaseBuckets:
    """Rate buckets in rows; a call is taken under the row's lock."""

    def take(self, key: str, plan: Plan, now: float) -> float:
        """Seconds to wait; 0.0 means that the call was taken."""
        with transaction.atomic():
            locked = RateBucket.objects.select_for_update()
            bucket = locked.filter(key=key).first()
            if bucket is None:
                RateBucket.objects.get_or_create(key=key)
                bucket = locked.get(key=key)
            plan = Plan(bucket.rate or plan.rate, plan.burst)
            wait, bucket.full_at = take(bucket.full_at, plan, now)
            bucket.save(update_fields=["full_at"])  # also what a new rate made of it
        return wait

    def learn(self, key: str, rate: float) -> None:
        """Keep the rate that Amazon named for this bucket, in calls per second."""
        RateBucket.objects.update_or_create(key=key, defaults={"rate": rate})


class RedisBuckets:
    """Rate buckets in Redis 6 or newer; one atomic script, by Redis's own clock."""

    _TAKE = """
    local rate = tonumber(redis.call('GET', KEYS[2]) or ARGV[1])
    local burst = tonumber(ARGV[2])
    local clock = redis.call('TIME')
    local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
    local step = 1 / rate
    local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
    if full > now + step * burst then full = now end
    local wait = full - now - step * (burst - 1)
    if wait <= 0.000001 then
        full = full + step
        wait = 0
    end
    redis.call('SET', KEYS[1], string.format('%.6f', full), 'EX', math.ceil(step * burst) + 60)
    return string.format('%.6f', wait)
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
        self._script = self._redis.register_script(self._TAKE)

    def take(self, key: str, plan: Plan, now: float) -> float:
        """Seconds to wait; 0.0 means that the call was taken."""
        keys = [f"amazon-sync:full:{key}", f"amazon-sync:rate:{key}"]
        try:
            return float(self._script(keys=keys, args=[plan.rate, plan.burst]))
        except self._fault as fault:
            raise _no_redis() from fault

    def learn(self, key: str, rate: float) -> None:
        """Keep the rate that Amazon named for this bucket, for a day."""
        try:
            self._redis.set(f"amazon-sync:rate:{key}", rate, ex=86_400)
        except self._fault as fault:
            raise _no_redis() from fault


def _no_redis() -> Unavailable:
    return Unavailable(
        "rate limiter",
        "Redis does not answer, and without its buckets nothing is sent; start it, or remove "
        "AMAZON_SYNC['REDIS_URL'].",
        sent=False,
    )


def buckets() -> BucketStore:
    """The store that the settings name: Redis where there is one, else the database."""
    url = conf.get("REDIS_URL")
    return RedisBuckets(url) if url else DatabaseBuckets()
