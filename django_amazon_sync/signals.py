"""The signals of this package: one that shops send, and those for strangers."""

from django.dispatch import Signal

__all__ = ["offers_changed", "order_placed"]

#: Sent by a shop adapter, inside the shop's own transaction, when offers changed.
#: Arguments: ``pks``, the primary keys of the offers as strings. ``sender`` is the Shop class.
offers_changed = Signal()

#: Sent after commit when an Amazon order was placed in the shop.
#: Arguments: ``order``, the AmazonOrder. ``sender`` is AmazonOrder.
order_placed = Signal()
