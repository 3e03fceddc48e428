from decimal import Decimal

from django.db import models
from oscar.models.fields import AutoSlugField

class SourceType(models.Model):
    name = models.CharField(max_length=128)
    code = AutoSlugField(max_length=128, unique=True)

class Source(models.Model):
    order = models.ForeignKey("order.Order", on_delete=models.CASCADE, related_name="sources")
    source_type = models.ForeignKey(
        "payment.SourceType", on_delete=models.CASCADE, related_name="sources"
    )
    currency = models.CharField(max_length=12)
    amount_allocated = models.DecimalField(decimal_places=2, max_digits=12)
    amount_debited = models.DecimalField(decimal_places=2, max_digits=12)
    amount_refunded = models.DecimalField(decimal_places=2, max_digits=12)
    reference = models.CharField(max_length=255, blank=True)

    def allocate(self, amount: Decimal, reference: str = "", status: str = "") -> None: ...
    def debit(
        self, amount: Decimal | None = None, reference: str = "", status: str = ""
    ) -> None: ...
    def refund(self, amount: Decimal, reference: str = "", status: str = "") -> None: ...
    @property
    def balance(self) -> Decimal: ...

class Transaction(models.Model):
    source = models.ForeignKey(
        "payment.Source", on_delete=models.CASCADE, related_name="transactions"
    )
    txn_type = models.CharField(max_length=128, blank=True)
    amount = models.DecimalField(decimal_places=2, max_digits=12)
    reference = models.CharField(max_length=128, blank=True)
