"""Two shops as people write them: one that keeps everything, one that keeps next to nothing."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Vendor(models.Model):
    code = models.CharField(max_length=20, unique=True)

    def __str__(self) -> str:
        return self.code


class Department(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """What the rich shop sells; ``on_hand`` falls below zero where more is sold than there is."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="EUR")
    on_hand = models.IntegerField(null=True)
    barcode = models.CharField(max_length=14, blank=True)
    number = models.BigIntegerField(null=True)
    active = models.BooleanField(default=True)
    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE)
    department = models.ForeignKey(Department, null=True, on_delete=models.SET_NULL)
    source = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return self.code


class Carrier(models.Model):
    name = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """An order with a column for all that Amazon says of it."""

    class State(models.TextChoices):
        NEW = "new", "New"
        PACKED = "packed", "Packed"
        VOID = "void", "Cancelled"

    class Payment(models.TextChoices):
        CARD = "card", "By card"
        AMAZON = "amazon", "At Amazon"

    reference = models.CharField(max_length=32, unique=True)
    source = models.CharField(max_length=10)
    ordered = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    delivery = models.CharField(max_length=10, choices=[("post", "By post"), ("van", "Our van")])
    payment = models.CharField(max_length=10, choices=Payment.choices)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    postage = models.DecimalField(max_digits=10, decimal_places=2)
    extra = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)
    customer = models.CharField(max_length=60)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,  # this app has no migrations, so its tables come before the users'
    )
    email = models.EmailField()
    street = models.CharField(max_length=100)
    postcode = models.CharField(max_length=12)
    city = models.CharField(max_length=60)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=20, blank=True)
    remarks = models.TextField(blank=True)
    sent = models.DateTimeField(null=True)
    carrier = models.ForeignKey(Carrier, null=True, on_delete=models.SET_NULL)
    tracking = models.CharField(max_length=40, blank=True)
    tax_by = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.reference


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    item = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL)
    amazon_id = models.CharField(max_length=30)
    sku = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    quantity = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    greeting = models.TextField(blank=True)
    tax_by = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.sku


class Parcel(models.Model):
    """What leaves in one piece; the rich shop may send an order in several."""

    sent = models.DateTimeField(null=True)
    carrier = models.ForeignKey(Carrier, null=True, on_delete=models.SET_NULL)
    tracking = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.tracking


class ParcelLine(models.Model):
    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE)
    units = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.units} of {self.line}"


class Thing(models.Model):
    """What the bare shop sells, in euros; its stock cannot be below zero."""

    sku = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.sku


class Sale(models.Model):
    """An order of which nothing is kept but its number."""

    number = models.CharField(max_length=19, primary_key=True)

    def __str__(self) -> str:
        return self.number


class SoldThing(models.Model):
    sale = models.ForeignKey(Sale, on_delete=models.CASCADE)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.SET_NULL)
    amazon_id = models.CharField(max_length=30)
    sku = models.CharField(max_length=40)
    quantity = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.sku
