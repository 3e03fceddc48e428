"""Oscar's dashboard of orders with Amazon's side: a column and a filter, and a part of the page.

``django_amazon_sync.oscar_dashboard.orders.OrdersConfig`` stands in INSTALLED_APPS instead of
Oscar's own; a shop with a configuration of its own mixes in ``AmazonOrdersMixin``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.views import View
from oscar.apps.dashboard.orders.apps import OrdersDashboardConfig

__all__ = ["AmazonOrdersMixin", "OrdersConfig"]


if TYPE_CHECKING:

    class DashboardConfig(AppConfig):
        """What a configuration of the dashboard has that this is mixed into."""

        order_list_view: type[View]
        order_detail_view: type[View]
        shipping_address_view: type[View]
else:
    DashboardConfig = object


class AmazonOrdersMixin(DashboardConfig):
    """Before a configuration of the dashboard's orders: its own views, with Amazon's side."""

    def ready(self) -> None:
        super().ready()
        from django_amazon_sync.oscar_dashboard import order_views  # models are there only now

        self.order_list_view = order_views.with_column(self.order_list_view)
        self.order_detail_view = order_views.with_part(self.order_detail_view)
        address_view = self.shipping_address_view
        self.shipping_address_view = order_views.with_note(address_view)


class OrdersConfig(AmazonOrdersMixin, OrdersDashboardConfig):  # type: ignore[misc]  # without types
    """Oscar's own dashboard of orders, with Amazon's side."""
