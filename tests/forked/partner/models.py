"""A shop that keeps two pieces of everything for its counter."""

from oscar.apps.partner.abstract_models import AbstractStockRecord


class StockRecord(AbstractStockRecord):  # type: ignore[misc]  # Oscar has no types
    @property
    def net_stock_level(self) -> int:
        stock: int = super().net_stock_level
        return max(stock - 2, 0)


from oscar.apps.partner.models import *  # noqa: E402, F403  (Oscar's way to fork: ours come first)
