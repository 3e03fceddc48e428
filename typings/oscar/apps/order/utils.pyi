from django.contrib.auth.models import User
from oscar.apps.basket.models import Basket
from oscar.apps.order.models import BillingAddress, Order, ShippingAddress
from oscar.apps.shipping.methods import Base
from oscar.core.prices import Price

class OrderCreator:
    def place_order(
        self,
        basket: Basket,
        total: Price,
        shipping_method: Base,
        shipping_charge: Price,
        user: User | None = None,
        shipping_address: ShippingAddress | None = None,
        billing_address: BillingAddress | None = None,
        order_number: str | None = None,
        status: str | None = None,
        *,
        guest_email: str = "",
    ) -> Order: ...
