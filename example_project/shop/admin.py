"""The Django admin's list of the shop's orders, with Amazon's side."""

from django.contrib import admin
from oscar.apps.order.admin import OrderAdmin
from oscar.core.loading import get_model

from django_amazon_sync.admin.shop_orders import AmazonOrderAdminMixin

Order = get_model("order", "Order")

admin.site.unregister(Order)


@admin.register(Order)
class ShopOrderAdmin(AmazonOrderAdminMixin, OrderAdmin):  # type: ignore[misc]  # without types
    """Oscar's own, with a column and a filter for Amazon."""
