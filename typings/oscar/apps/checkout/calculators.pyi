from oscar.apps.basket.models import Basket
from oscar.core.prices import Price

class OrderTotalCalculator:
    def calculate(self, basket: Basket, shipping_charge: Price) -> Price: ...
