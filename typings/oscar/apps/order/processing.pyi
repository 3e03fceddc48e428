from collections.abc import Iterable

from django.contrib.auth.models import User
from oscar.apps.order.models import Line, Order, ShippingEvent, ShippingEventType

class EventHandler:
    def __init__(self, user: User | None = None) -> None: ...
    def handle_shipping_event(
        self,
        order: Order,
        event_type: ShippingEventType,
        lines: Iterable[Line],
        line_quantities: Iterable[int],
        *,
        reference: str = "",
    ) -> ShippingEvent: ...
    def cancel_stock_allocations(
        self,
        order: Order,
        lines: Iterable[Line] | None = None,
        line_quantities: Iterable[int] | None = None,
    ) -> None: ...
