"""A shop that sends by courier, and by lorry within Germany."""

from decimal import Decimal
from typing import Any

from oscar.apps.shipping.methods import FixedPrice
from oscar.apps.shipping.repository import Repository as OscarsRepository


class Courier(FixedPrice):  # type: ignore[misc]  # Oscar has no types
    code = "courier"
    name = "Courier"
    charge_excl_tax = charge_incl_tax = Decimal("4.90")


class Lorry(Courier):
    code = "lorry"
    name = "Lorry"


class Repository(OscarsRepository):  # type: ignore[misc]  # Oscar has no types
    def get_available_shipping_methods(
        self, basket: Any, shipping_addr: Any = None, **kwargs: Any
    ) -> list[Any]:
        within = shipping_addr is not None and shipping_addr.country.code == "DE"
        return [Courier(), Lorry()] if within else [Courier()]
