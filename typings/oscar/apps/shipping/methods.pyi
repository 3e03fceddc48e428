from decimal import Decimal

from django.utils.functional import _StrOrPromise
from oscar.apps.basket.models import Basket
from oscar.core.prices import Price

class Base:
    code: str
    name: _StrOrPromise
    def calculate(self, basket: Basket) -> Price: ...

class FixedPrice(Base):
    def __init__(
        self, charge_excl_tax: Decimal | None = None, charge_incl_tax: Decimal | None = None
    ) -> None: ...
