"""Oscar's dashboard of orders with Amazon's side: a column and a filter, and a part of the page.

``django_amazon_sync.oscar_dashboard.orders.OrdersConfig`` stands in INSTALLED_APPS instead of
Oscar's own; a shop with a configuration of its own mixes in ``AmazonOrdersMixin``.
"""

from __future__ import annotations

from typing import Any

from oscar.apps.dashboard.orders.apps import OrdersDashboardConfig

__all__ = ["AmazonOrdersMixin", "OrdersConfig"]


class AmazonOrdersMixin:
    """Before a configuration of the dashboard's orders: its own views, with Amazon's side."""

    order_list_view: Any
    order_detail_view: Any

    def ready(self) -> None:
        super().ready()  # type: ignore[misc]  # of the configuration
        from django_amazon_sync.oscar_dashboard import order_views  # models are there only now

        self.order_list_view = order_views.with_column(self.order_list_view)
        self.order_detail_view = order_views.with_part(self.order_detail_view)


class OrdersConfig(AmazonOrdersMixin, OrdersDashboardConfig):  # type: ignore[misc]  # without types
    """Oscar's own dashboard of orders, with Amazon's side."""
