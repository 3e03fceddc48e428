from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models
from oscar.apps.address.abstract_models import AbstractAddress, AbstractShippingAddress
from oscar.apps.order.abstract_models import AbstractOrder
from oscar.models.fields import AutoSlugField

# As Oscar has it where a fork defines Order itself and imports the rest with a star.
__all__ = [
    "BillingAddress",
    "Line",
    "LinePrice",
    "OrderDiscount",
    "OrderLineDiscount",
    "OrderNote",
    "OrderStatusChange",
    "ShippingAddress",
    "ShippingEvent",
    "ShippingEventQuantity",
    "ShippingEventType",
    "Surcharge",
]

class Order(AbstractOrder): ...

class OrderNote(models.Model):
    order = models.ForeignKey("order.Order", on_delete=models.CASCADE, related_name="notes")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True)
    note_type = models.CharField(max_length=128, blank=True)
    message = models.TextField()
    date_created = models.DateTimeField(auto_now_add=True)

class OrderStatusChange(models.Model):
    order = models.ForeignKey(
        "order.Order", on_delete=models.CASCADE, related_name="status_changes"
    )
    old_status = models.CharField(max_length=100, blank=True)
    new_status = models.CharField(max_length=100, blank=True)

class ShippingAddress(AbstractShippingAddress): ...
class BillingAddress(AbstractAddress): ...

class Line(models.Model):
    order = models.ForeignKey("order.Order", on_delete=models.CASCADE, related_name="lines")
    partner = models.ForeignKey(
        "partner.Partner",
        related_name="order_lines",
        blank=True,
        null=True,
        on_delete=models.SET_NULL,
    )
    partner_name = models.CharField(max_length=128, blank=True)
    partner_sku = models.CharField(max_length=128)
    partner_line_reference = models.CharField(max_length=128, blank=True)
    partner_line_notes = models.TextField(blank=True)
    stockrecord = models.ForeignKey(
        "partner.StockRecord", on_delete=models.SET_NULL, blank=True, null=True
    )
    product = models.ForeignKey(
        "catalogue.Product", on_delete=models.SET_NULL, blank=True, null=True
    )
    title = models.CharField(max_length=255)
    upc = models.CharField(max_length=128, blank=True, null=True)
    quantity = models.PositiveIntegerField(default=1)
    line_price_incl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    line_price_excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    line_price_before_discounts_incl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    line_price_before_discounts_excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    unit_price_incl_tax = models.DecimalField(
        decimal_places=2, max_digits=12, blank=True, null=True
    )
    unit_price_excl_tax = models.DecimalField(
        decimal_places=2, max_digits=12, blank=True, null=True
    )
    tax_code = models.CharField(max_length=64, blank=True, null=True)
    status = models.CharField(max_length=255, blank=True)
    num_allocated = models.PositiveIntegerField()

    def consume_allocation(self, quantity: int) -> None: ...
    def cancel_allocation(self, quantity: int) -> None: ...

class LinePrice(models.Model):
    order = models.ForeignKey("order.Order", on_delete=models.CASCADE, related_name="line_prices")
    line = models.ForeignKey("order.Line", on_delete=models.CASCADE, related_name="prices")
    quantity = models.PositiveIntegerField(default=1)
    price_incl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    price_excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    tax_code = models.CharField(max_length=64, blank=True, null=True)

class ShippingEvent(models.Model):
    order = models.ForeignKey(
        "order.Order", on_delete=models.CASCADE, related_name="shipping_events"
    )
    lines = models.ManyToManyField(
        "order.Line", related_name="shipping_events", through="ShippingEventQuantity"
    )
    event_type = models.ForeignKey("order.ShippingEventType", on_delete=models.CASCADE)
    notes = models.TextField(blank=True)
    date_created = models.DateTimeField(auto_now_add=True)

class ShippingEventQuantity(models.Model):
    event = models.ForeignKey(
        "order.ShippingEvent", on_delete=models.CASCADE, related_name="line_quantities"
    )
    line = models.ForeignKey(
        "order.Line", on_delete=models.CASCADE, related_name="shipping_event_quantities"
    )
    quantity = models.PositiveIntegerField()

class ShippingEventType(models.Model):
    name = models.CharField(max_length=255, unique=True)
    code = AutoSlugField(max_length=128, unique=True)

class OrderDiscount(models.Model):
    BASKET: ClassVar[str]
    SHIPPING: ClassVar[str]

    order = models.ForeignKey("order.Order", on_delete=models.CASCADE, related_name="discounts")
    category = models.CharField(max_length=64)
    offer_name = models.CharField(max_length=128)
    frequency = models.PositiveIntegerField(null=True)
    amount = models.DecimalField(decimal_places=2, max_digits=12)

class OrderLineDiscount(models.Model):
    line = models.ForeignKey("order.Line", on_delete=models.CASCADE, related_name="discounts")
    order_discount = models.ForeignKey(
        "order.OrderDiscount", on_delete=models.CASCADE, related_name="discount_lines"
    )
    is_incl_tax = models.BooleanField()
    amount = models.DecimalField(decimal_places=2, max_digits=12)

class Surcharge(models.Model):
    order = models.ForeignKey("order.Order", on_delete=models.CASCADE, related_name="surcharges")
    name = models.CharField(max_length=128)
    code = models.CharField(max_length=128)
    incl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
