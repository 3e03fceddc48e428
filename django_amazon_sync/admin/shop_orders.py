"""Amazon's side of the shop's own orders: a column, a filter and a link for the shop's own lists.

For a ModelAdmin of the shop's orders, whatever their model, mix in ``AmazonOrderAdminMixin``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import SEES_ORDERS, within_scopes
from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.sync.privacy import views

if TYPE_CHECKING:  # it is mixed into one
    Base = admin.ModelAdmin[Any]
else:
    Base = object

__all__ = ["AmazonOrderAdminMixin"]

#: The choices of the filter, and whether each wants orders of Amazon's.
CHOICES = (("yes", _("from Amazon")), ("no", _("not from Amazon")))


class ListedOrder(Protocol):
    """An order of the shop in a list, whatever its model, with Amazon's side of it."""

    pk: object
    amazon_row: AmazonOrder | None
    on_amazon: str


def amazon_orders(request: HttpRequest) -> QuerySet[AmazonOrder]:
    """Amazon's orders of those accounts that whoever asks sees."""
    return within_scopes(AmazonOrder.objects.all(), request, "account").defer("document")


def look_up(request: HttpRequest, orders: Iterable[ListedOrder]) -> None:
    """Let each order of the shop carry its ``amazon_row`` (or None) and ``on_amazon``, what a
    list shows of it; one query for all of them.
    """
    listed = list(orders)
    rows = amazon_orders(request).filter(shop_order_pk__in=[str(order.pk) for order in listed])
    rows = rows.select_related("account").defer("document", "account__refresh_token")
    known = {row.shop_order_pk: row for row in rows} if listed else {}
    for order in listed:
        order.amazon_row = known.get(str(order.pk))
        order.on_amazon = _cell(request, order.amazon_row)


def note_seen(request: HttpRequest, orders: Iterable[ListedOrder], where: views.Where) -> None:
    """Write down that whoever asks sees the buyers of those orders that came from Amazon."""
    rows = [row for order in orders if (row := order.amazon_row) and row.erased_at is None]
    for account in {row.account for row in rows}:
        its = [row.number for row in rows if row.account == account]
        views.note(request.user, account, its, where)


def chosen(request: HttpRequest, orders: QuerySet[Any], choice: str) -> QuerySet[Any]:
    """The shop's orders that came from Amazon, or the others; all of them without a choice."""
    if choice not in dict(CHOICES):
        return orders
    own = amazon_orders(request).filter(shop_order_pk=Cast(OuterRef("pk"), CharField()))
    return orders.filter(Exists(own) if choice == "yes" else ~Exists(own))


def page_of(row: AmazonOrder) -> str:
    """Our page of an Amazon order; empty where the project has no admin."""
    try:
        return change_url(row)
    except NoReverseMatch:
        return ""


def _cell(request: HttpRequest, row: AmazonOrder | None) -> str:
    """Amazon's id, and for those who may see the order a link to it, with its state."""
    if row is None:
        return ""
    url = page_of(row)
    if not (url and request.user.has_perm(SEES_ORDERS)):
        return row.number
    return format_html('<a href="{}">{}</a> {}', url, row.number, row.state_in_words)


class FromAmazonFilter(admin.SimpleListFilter):
    """Whether an order of the shop came from Amazon."""

    title = "Amazon"
    parameter_name = "amazon_order"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return CHOICES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return chosen(request, queryset, self.value() or "")


class AmazonOrderAdminMixin(Base):
    """Before the ModelAdmin of the shop's orders: a column and a filter in its list, the Amazon
    order on its page. A list costs one query more, however long it is.
    """

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), "amazon_order"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [*super().get_list_filter(request), FromAmazonFilter]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        look_up(request, changelist.result_list)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        order = super().get_object(request, object_id, from_field)
        if order is not None:
            look_up(request, [order])
            note_seen(request, [order], views.Where.SHOP)
        return order

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "amazon_order"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The admin's own, and a part for Amazon where they name their fields."""
        shown = list(super().get_fieldsets(request, obj))
        if "amazon_order" in flatten_fieldsets(shown):
            return shown
        return [*shown, ("Amazon", {"fields": ["amazon_order"]})]

    @admin.display(description=_("Amazon order"))
    def amazon_order(self, order: Any) -> str:
        return getattr(order, "on_amazon", "")
