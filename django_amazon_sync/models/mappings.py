"""What staff say of Amazon's words and the shop's: methods, service levels and carriers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.models.accounts import SellerAccount


class ShippingMapping(models.Model):
    """Which shipping method of the shop an Amazon ship service level is."""

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="shipping_mappings")
    service_level = models.CharField(_("Amazon's service level"), max_length=100)
    shop_method = models.CharField(_("shipping method"), max_length=100)

    class Meta:
        verbose_name = _("shipping method")
        verbose_name_plural = _("shipping methods")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "service_level"], name="amazon_service_level_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service_level}: {self.shop_method}"


class CarrierMapping(models.Model):
    """Which of Amazon's carriers the shop means by a name that its shipments have."""

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="carrier_mappings")
    shop_carrier = models.CharField(_("carrier in the shop"), max_length=100)
    carrier = models.CharField(_("Amazon's carrier code"), max_length=100)
    carrier_name = models.CharField(
        _("carrier's name"), max_length=100, blank=True, help_text=_("Where the code is Other.")
    )

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "shop_carrier"], name="amazon_carrier_once")
        ]

    def __str__(self) -> str:
        return f"{self.shop_carrier}: {self.carrier}"


class PaymentMapping(models.Model):
    """Which payment method of the shop one of Amazon's is."""

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="payment_mappings")
    method = models.CharField(_("Amazon's payment method"), max_length=100)
    shop_method = models.CharField(_("payment method"), max_length=100)

    class Meta:
        verbose_name = _("payment method")
        verbose_name_plural = _("payment methods")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "method"], name="amazon_payment_once")
        ]

    def __str__(self) -> str:
        return f"{self.method}: {self.shop_method}"


class OrderMappings(SellerAccount):
    """An account as its page of order mappings shows it; the row is the account's own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("order mappings")
        verbose_name_plural = _("order mappings")
