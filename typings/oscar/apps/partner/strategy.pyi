from decimal import Decimal
from typing import NamedTuple

from django.http import HttpRequest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner import availability, prices
from oscar.apps.partner.availability import Available as Available
from oscar.apps.partner.models import StockRecord
from oscar.apps.partner.prices import FixedPrice as FixedPrice

class PurchaseInfo(NamedTuple):
    price: prices.Base
    availability: availability.Base
    stockrecord: StockRecord | None

class Selector:
    def strategy(self, request: HttpRequest | None = None) -> Base: ...

class Base:
    def __init__(self, request: HttpRequest | None = None) -> None: ...
    def fetch_for_product(
        self, product: Product, stockrecord: StockRecord | None = None
    ) -> PurchaseInfo: ...

class Structured(Base): ...

class NoTax:
    def pricing_policy(self, product: Product, stockrecord: StockRecord) -> prices.Base: ...

class FixedRateTax:
    rate: Decimal
    exponent: Decimal
    def pricing_policy(self, product: Product, stockrecord: StockRecord) -> prices.Base: ...
    def get_rate(self, product: Product, stockrecord: StockRecord) -> Decimal: ...
    def get_exponent(self, stockrecord: StockRecord) -> Decimal: ...

class DeferredTax:
    def pricing_policy(self, product: Product, stockrecord: StockRecord) -> prices.Base: ...

class Default(NoTax, Structured): ...
class UK(FixedRateTax, Structured): ...
class US(DeferredTax, Structured): ...
