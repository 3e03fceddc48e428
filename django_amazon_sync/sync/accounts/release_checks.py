"""What an account lacks before it may be released: all of it at once."""

from __future__ import annotations

from collections.abc import Callable

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Job, RunState, SellerAccount, SyncRun
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.accounts.connect import this_deployment

#: Of so many looks the newest at everything counts; the others may be at a few SKUs or one store.
LOOKED_THROUGH = 100


def what_lacks(account: SellerAccount, shop: Shop) -> list[Message]:
    """Why staff cannot release the account from here yet: each reason, the first to mend first."""
    checks: tuple[Callable[[SellerAccount, Shop], Message | None], ...] = (
        _deployment, _shipping, _payment, _difference,
    )  # fmt: skip
    return [lack for check in checks if (lack := check(account, shop)) is not None]


def last_difference(account: SellerAccount) -> SyncRun | None:
    """The newest run that showed what an export of all would send, and sent nothing."""
    looks = SyncRun.objects.filter(
        account=account, job=Job.EXPORT, dry_run=True, state=RunState.DONE
    )
    newest = looks.order_by("-pk")[:LOOKED_THROUGH]
    return next((run for run in newest if not any(run.options.values())), None)


def _deployment(account: SellerAccount, shop: Shop) -> Message | None:
    try:
        this_deployment()
    except ConfigurationError as fault:
        return Message(Code.CONFIGURATION, words=str(fault))
    return None


def _shipping(account: SellerAccount, shop: Shop) -> Message | None:
    """An order wants a method for each of Amazon's service levels, and one default serves all."""
    if not account.import_orders or account.default_shipping_method:
        return None
    return None if account.shipping_mappings.exists() else Message(Code.CHOOSE_SHIPPING)


def _payment(account: SellerAccount, shop: Shop) -> Message | None:
    if not account.import_orders or account.default_payment_method:
        return None
    return None if account.payment_mappings.exists() else Message(Code.CHOOSE_PAYMENT)


def _difference(account: SellerAccount, shop: Shop) -> Message | None:
    return None if last_difference(account) else Message(Code.LOOK_FIRST)
