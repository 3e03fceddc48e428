from django.db import models

class AbstractStockRecord(models.Model):
    product = models.ForeignKey(
        "catalogue.Product", on_delete=models.CASCADE, related_name="stockrecords"
    )
    partner = models.ForeignKey(
        "partner.Partner", on_delete=models.CASCADE, related_name="stockrecords"
    )
    partner_sku = models.CharField(max_length=128)
    price_currency = models.CharField(max_length=12)
    price = models.DecimalField(decimal_places=2, max_digits=12, blank=True, null=True)
    num_in_stock = models.PositiveIntegerField(blank=True, null=True)
    num_allocated = models.IntegerField(blank=True, null=True)
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    @property
    def net_stock_level(self) -> int: ...
    @property
    def can_track_allocations(self) -> bool: ...
    def allocate(self, quantity: int) -> None: ...
    def consume_allocation(self, quantity: int) -> None: ...
    def cancel_allocation(self, quantity: int) -> None: ...
