"""The cron key of an account: random, long, and kept as its SHA-256 only."""

from __future__ import annotations

import secrets
from hashlib import sha256

from django.utils.crypto import constant_time_compare

from django_amazon_sync.models import SellerAccount

#: The header that a key comes in; in the address it would stand in log files.
HEADER = "X-Cron-Key"


def new_key(account: SellerAccount) -> str:
    """A key for this account, which voids the one before; it is nowhere else."""
    key = secrets.token_urlsafe(32)
    _keep(account, hash_of(key))
    return key


def switch_off(account: SellerAccount) -> None:
    """No key opens this account's addresses any more."""
    _keep(account, "")


def account_of(pk: int, key: str) -> SellerAccount | None:
    """The account that this key opens; it takes as long where there is none, or none with a key."""
    account = SellerAccount.objects.defer("refresh_token").filter(pk=pk).first()
    stored = account.cron_key_hash if account is not None else ""
    opens = constant_time_compare(hash_of(key), stored or hash_of("no key opens this"))
    return account if opens and stored else None


def hash_of(key: str) -> str:
    """What is kept of a key: it is random and long, so one round is enough."""
    return sha256(key.encode()).hexdigest()


def _keep(account: SellerAccount, hashed: str) -> None:
    account.cron_key_hash = hashed
    SellerAccount.objects.filter(pk=account.pk).update(cron_key_hash=hashed)
