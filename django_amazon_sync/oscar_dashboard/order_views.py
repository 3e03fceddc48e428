"""The views of the dashboard's orders, whichever they are, with Amazon's side of each order."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from django_amazon_sync.admin.common import next_steps
from django_amazon_sync.admin.common.access import SEES_ORDERS
from django_amazon_sync.admin.orders.search import STATUS_WORDS
from django_amazon_sync.admin.shop_orders import (
    CHOICES,
    chosen,
    look_up,
    note_seen,
    page_of,
)
from django_amazon_sync.sync.privacy import views


def with_column(view: Any) -> type[View]:
    """The list of orders with a column of Amazon's orders, and a filter."""

    class SearchForm(view.form_class):  # type: ignore[misc]  # the shop's own
        # Oscar shows those fields beside its search box whose name has "order" in it.
        amazon_order = forms.ChoiceField(
            label="Amazon", required=False, choices=[("", _("all orders")), *CHOICES]
        )

    class OrderListView(view):  # type: ignore[misc]  # the shop's own
        form_class = SearchForm
        template_name = "django_amazon_sync/oscar/order_list.html"

        def get_queryset(self) -> Any:
            orders = super().get_queryset()
            return chosen(self.request, orders, self._choice())

        def _choice(self) -> str:
            choice: str = getattr(self.form, "cleaned_data", {}).get("amazon_order", "")
            return choice

        def get_search_filter_descriptions(self) -> list[Any]:
            descriptions: list[Any] = super().get_search_filter_descriptions()
            return descriptions + [
                gettext("Orders %(origin)s") % {"origin": text}
                for choice, text in CHOICES
                if choice == self._choice()
            ]

        def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(**kwargs)
            if not self.is_csv_download():  # that is all orders, and none of its columns is ours
                look_up(self.request, context["orders"])
                note_seen(self.request, context["orders"], views.Where.SHOP)
            return context

        def download_selected_orders(self, request: Any, orders: Any) -> Any:
            listed = list(orders)
            look_up(request, listed)
            note_seen(request, listed, views.Where.FILE)
            return super().download_selected_orders(request, orders)

    return OrderListView


def with_part(view: Any) -> type[View]:
    """The page of an order with its Amazon order, for those who may see it."""

    class OrderDetailView(view):  # type: ignore[misc]  # the shop's own
        template_name = "django_amazon_sync/oscar/order_detail.html"

        def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(**kwargs)
            look_up(self.request, [self.object])
            note_seen(self.request, [self.object], views.Where.SHOP)
            row = self.object.amazon_row
            if row is not None and self.request.user.has_perm(SEES_ORDERS):
                context |= {
                    "amazon_order": row,
                    "amazon_order_url": page_of(row),
                    "amazon_status": STATUS_WORDS.get(row.status, row.status),
                    "amazon_next": next_steps.of_order(row),
                }
            return context

    return OrderDetailView


def with_note(view: Any) -> type[View]:
    """The form of an order's address, which shows whose it is."""

    class ShippingAddressUpdateView(view):  # type: ignore[misc]  # the shop's own
        def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(**kwargs)
            look_up(self.request, [context["order"]])
            note_seen(self.request, [context["order"]], views.Where.SHOP)
            return context

    return ShippingAddressUpdateView
