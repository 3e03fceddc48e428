"""A shop that sends by courier, and by lorry within Germany."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from oscar.apps.shipping.methods import Base, FixedPrice
from oscar.apps.shipping.repository import Repository as OscarsRepository

if TYPE_CHECKING:
    from oscar.apps.basket.models import Basket
    from oscar.apps.order.models import ShippingAddress


class Courier(FixedPrice):
    code = "courier"
    name = "Courier"
    charge_excl_tax = charge_incl_tax = Decimal("4.90")


class Lorry(Courier):
    code = "lorry"
    name = "Lorry"


class Repository(OscarsRepository):
    def get_available_shipping_methods(
        self, basket: Basket, shipping_addr: ShippingAddress | None = None, **kwargs: Any
    ) -> list[Base]:
        within = shipping_addr is not None and shipping_addr.country.code == "DE"
        return [Courier(), Lorry()] if within else [Courier()]
