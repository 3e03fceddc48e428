"""The signals of this package: one that shops send, and those for strangers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.dispatch import Signal

__all__ = ["offers_changed", "offers_sold", "order_placed"]

logger = logging.getLogger("django_amazon_sync.signals")


class OrderSignal(Signal):
    """A signal about an order: what a receiver fails with may hold its buyer's data."""

    def _log_robust_failure(self, receiver: Callable[..., object], err: Exception) -> None:
        """In place of Django's own, which logs the text of the fault and its whole trace."""
        name = getattr(receiver, "__qualname__", type(receiver).__name__)
        logger.error("The receiver %s failed: %s", name, type(err).__name__)


#: Sent by a shop adapter, inside the shop's own transaction, when offers changed.
#: Arguments: ``pks``, the primary keys of the offers as strings. ``sender`` is the Shop class.
offers_changed = Signal()

#: Sent by a shop when its own customers bought offers, in the transaction of that sale or right
#: after it: what goes to zero by a sale does not wait for approval, however much it is.
#: Arguments: ``pks``, the primary keys of the offers as strings. ``sender`` is the Shop class.
offers_sold = Signal()

#: Sent after commit when an Amazon order was placed in the shop.
#: Arguments: ``order``, the AmazonOrder. ``sender`` is AmazonOrder.
order_placed = OrderSignal()
