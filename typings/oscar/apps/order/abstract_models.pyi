from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from django.contrib.auth.models import User
from django.contrib.sites.models import Site
from django.db import models
from django.db.models import QuerySet
from oscar.apps.order.models import OrderDiscount

class AbstractOrder(models.Model):
    #: The statuses that may follow each status.
    pipeline: ClassVar[dict[str, Iterable[str]]]

    number = models.CharField(max_length=128, unique=True)
    site = models.ForeignKey(Site, null=True, on_delete=models.SET_NULL)
    basket = models.ForeignKey("basket.Basket", null=True, blank=True, on_delete=models.SET_NULL)
    user = models.ForeignKey(
        User, related_name="orders", null=True, blank=True, on_delete=models.SET_NULL
    )
    billing_address = models.ForeignKey(
        "order.BillingAddress", null=True, blank=True, on_delete=models.SET_NULL
    )
    currency = models.CharField(max_length=12)
    total_incl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    total_excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    shipping_incl_tax = models.DecimalField(decimal_places=2, max_digits=12, default=0)
    shipping_excl_tax = models.DecimalField(decimal_places=2, max_digits=12, default=0)
    shipping_address = models.ForeignKey(
        "order.ShippingAddress", null=True, blank=True, on_delete=models.SET_NULL
    )
    shipping_method = models.CharField(max_length=128, blank=True)
    shipping_code = models.CharField(blank=True, max_length=128, default="")
    status = models.CharField(max_length=100, blank=True)
    guest_email = models.EmailField(blank=True)
    date_placed = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True

    @classmethod
    def all_statuses(cls) -> list[str]: ...
    def set_status(self, new_status: str) -> None: ...
    @property
    def basket_total_incl_tax(self) -> Decimal: ...
    @property
    def basket_total_excl_tax(self) -> Decimal: ...
    @property
    def total_discount_incl_tax(self) -> Decimal: ...
    @property
    def surcharge_incl_tax(self) -> Decimal: ...
    @property
    def shipping_before_discounts_incl_tax(self) -> Decimal: ...
    @property
    def basket_discounts(self) -> QuerySet[OrderDiscount]: ...
    @property
    def shipping_discounts(self) -> QuerySet[OrderDiscount]: ...
    @property
    def shipping_status(self) -> str: ...
