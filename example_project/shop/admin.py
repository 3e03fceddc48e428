"""The Django admin's lists of the shop's orders and products, with Amazon's side."""

from django.contrib import admin
from oscar.apps.catalogue.admin import ProductAdmin
from oscar.apps.order.admin import OrderAdmin
from oscar.core.loading import get_model

from django_amazon_sync.admin.shop_orders import AmazonOrderAdminMixin
from django_amazon_sync.admin.shop_products import AmazonProductAdminMixin

Order, Product = get_model("order", "Order"), get_model("catalogue", "Product")

admin.site.unregister([Order, Product])


@admin.register(Order)
class ShopOrderAdmin(AmazonOrderAdminMixin, OrderAdmin):  # type: ignore[misc]  # without types
    """Oscar's own, with a column and a filter for Amazon."""


@admin.register(Product)
class ShopProductAdmin(AmazonProductAdminMixin, ProductAdmin):  # type: ignore[misc]  # without types
    """Oscar's own, with a column and actions for Amazon."""
