"""One thing at a time: what goes wrong with one order is that order's alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

from django_amazon_sync.errors import AmazonSyncError, Unexpected

T = TypeVar("T")


def apart(act: Callable[[], T]) -> T:
    """Do this in a transaction of its own. Raises AmazonSyncError, whatever went wrong."""
    try:
        with transaction.atomic():
            return act()
    except AmazonSyncError:
        raise
    except Exception as fault:
        raise Unexpected.from_fault(fault) from fault
