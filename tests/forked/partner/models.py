"""A shop that keeps two pieces of everything for its counter."""

from oscar.apps.partner.abstract_models import AbstractStockRecord


class StockRecord(AbstractStockRecord):
    @property
    def net_stock_level(self) -> int:
        return max(super().net_stock_level - 2, 0)


from oscar.apps.partner.models import *  # noqa: E402, F403  (Oscar's way to fork: ours come first)
