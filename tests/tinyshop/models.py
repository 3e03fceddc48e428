"""A shop in another shape than Oscar's: articles known by a code, sales kept as documents."""

from __future__ import annotations

from django.db import models


class Article(models.Model):
    """What is sold: ``cents`` of a euro, VAT included; ``pieces`` None for what is made to order.

    Selling takes the pieces at once, below zero if need be.
    """

    code = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80)
    cents = models.IntegerField(null=True)
    pieces = models.IntegerField(null=True)
    gtin = models.CharField(max_length=14, blank=True)
    shelf = models.CharField(max_length=20, blank=True)
    hidden = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.code


class Sale(models.Model):
    """One order, its lines and its buyer in one document; ``taken`` is the stock it holds."""

    reference = models.CharField(max_length=40, primary_key=True)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    document = models.JSONField(default=dict)
    taken = models.JSONField(default=dict)
    void = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.reference
