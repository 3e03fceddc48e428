from oscar.apps.basket.models import Basket
from oscar.apps.order.models import ShippingAddress
from oscar.apps.shipping.methods import Base

class Repository:
    methods: tuple[Base, ...]
    def get_available_shipping_methods(
        self, basket: Basket, shipping_addr: ShippingAddress | None = None
    ) -> list[Base]: ...
