"""A shop whose prices are net."""

from typing import Any

from django.http import HttpRequest
from oscar.apps.partner.strategy import UK
from oscar.apps.partner.strategy import Selector as OscarsSelector


class Selector(OscarsSelector):
    def strategy(self, request: HttpRequest | None = None, user: Any = None, **kwargs: Any) -> UK:
        return UK(request)
