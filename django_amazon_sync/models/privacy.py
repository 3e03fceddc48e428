"""Buyers' data after their time: what was erased, who saw what, and what tax law wants kept.

Evidence of the first two names no buyer.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.models.accounts import SellerAccount
from django_amazon_sync.models.fields import EncryptedJSONField, JsonColumn


class Erasure(models.Model):
    """Buyers' data of an account that were erased at one time; never deleted.

    ``counts`` say what was found and erased: orders, shop_orders, run_lines ... ``orders`` are
    their numbers where somebody asked for single ones.
    """

    class Why(models.TextChoices):
        DUE = "due", _("its time was over")
        ORDERS = "orders", _("asked for, of orders")
        ACCOUNT = "account", _("asked for, of the whole account")

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="erasures", verbose_name=_("account")
    )
    why = models.CharField(_("why"), max_length=10, choices=Why.choices)
    at = models.DateTimeField(_("at"), default=clock.now, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    by = models.CharField(
        _("by"), max_length=255, blank=True, help_text=_("Stays when the user is deleted.")
    )
    orders: JsonColumn[list[str]] = models.JSONField(_("orders"), default=list, blank=True)
    counts: JsonColumn[dict[str, int]] = models.JSONField(_("counts"), default=dict, blank=True)

    class Meta:
        verbose_name = _("erasure of buyers' data")
        verbose_name_plural = _("erasures of buyers' data")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(why__in=("due", "orders", "account")), name="amazon_erasure_why"
            )
        ]
        permissions: ClassVar = [("erase_personal_data", _("Can erase buyers' data"))]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_why_display()}"


class PersonalDataView(models.Model):
    """Somebody saw a buyer's data: who, when, of which order, and where."""

    class Where(models.TextChoices):
        ORDER = "order", _("page of the order")
        SEARCH = "search", _("search on Amazon")
        SHOP = "shop", _("page of the shop's order")
        FILE = "file", _("file of the shop's orders")
        TAX = "tax", _("page of what is kept for tax")

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="+", verbose_name=_("account")
    )
    order_number = models.CharField(_("order"), max_length=50)
    where = models.CharField(_("where"), max_length=10, choices=Where.choices)
    at = models.DateTimeField(_("at"), default=clock.now, editable=False, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    by = models.CharField(
        _("by"), max_length=255, blank=True, help_text=_("Stays when the user is deleted.")
    )

    class Meta:
        verbose_name = _("view of buyers' data")
        verbose_name_plural = _("views of buyers' data")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(where__in=("order", "search", "shop", "file", "tax")),
                name="amazon_view_where",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["order_number"], name="amazon_view_of_order")]

    def __str__(self) -> str:
        return f"{self.by}: {self.order_number}"


class TaxRecord(models.Model):
    """Whom an order was sold to, kept for tax law where ``TAX_DATA_DAYS`` says so, after the rest
    of the buyer was erased; it goes by itself when its time is over."""

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="tax_records", verbose_name=_("account")
    )
    order_number = models.CharField(_("order"), max_length=50)
    party = EncryptedJSONField(
        _("sold to"),
        help_text=_("As Amazon named them."),
        bound_to=("account_id", "order_number"),
    )
    sold_at = models.DateTimeField(_("ordered at"), editable=False)
    kept_until = models.DateTimeField(_("kept until"), editable=False, db_index=True)

    class Meta:
        verbose_name = _("buyer kept for tax")
        verbose_name_plural = _("buyers kept for tax")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "order_number"], name="amazon_tax_of_order")
        ]

    def __str__(self) -> str:
        return self.order_number
