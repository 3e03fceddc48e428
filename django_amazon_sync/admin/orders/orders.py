"""Amazon orders: their state and its reason, their lines and shipments, and the buyer's data."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_amazon_sync import clock
from django_amazon_sync.admin.common import ask_first, help_links, next_steps
from django_amazon_sync.admin.common.access import SEES_BUYERS
from django_amazon_sync.admin.common.base import (
    AccountFilter,
    ReadOnly,
    RowsInline,
    Screen,
    WordFilter,
    marketplace_name,
)
from django_amazon_sync.admin.common.conditions import to_ship
from django_amazon_sync.admin.common.formatting import document, link, list_link
from django_amazon_sync.admin.common.help_articles import explained
from django_amazon_sync.admin.common.queue_runs import Wanted, ask, whole
from django_amazon_sync.admin.common.seen import compared, mark, say_left_out, with_mark
from django_amazon_sync.admin.common.sent_numbers import sent_for_order
from django_amazon_sync.admin.orders.erasing import ErasesOrders
from django_amazon_sync.admin.orders.search import NAME, STATUS_WORDS, SearchPage
from django_amazon_sync.admin.orders.units import UnitsPages, link_to_units
from django_amazon_sync.amazon.orders import read_order
from django_amazon_sync.data import Money
from django_amazon_sync.errors import ConfigurationError, Misplaced, Unreadable
from django_amazon_sync.messages import Code, shown
from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    AmazonOrderLine,
    Job,
    OrderMappings,
    OrderState,
    RunLine,
    Shipment,
)
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.shops.packing import packing_notes
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.sync.orders import placing
from django_amazon_sync.sync.orders.mappings import MAPPING_CODES

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec as Fieldsets
    from django_stubs_ext import StrOrPromise

Orders = QuerySet[AmazonOrder]


class LineInline(ReadOnly, RowsInline[AmazonOrderLine, AmazonOrder]):
    model = AmazonOrderLine
    account_path = "order__account"
    reads_with = ("order",)
    encrypted = ("order__document",)
    fields = ("sku", "asin", "title", "quantity", "shipped", "held")
    readonly_fields = ("held",)

    @admin.display(description=_("held from sale"))
    def held(self, line: AmazonOrderLine) -> int:
        """Units that Amazon sold and the shop has not taken."""
        order = line.order
        holds = order.takes_stock and order.state in HOLDING_STATES
        return line.quantity if holds and line.offer_pk else 0


class ShipmentInline(ReadOnly, RowsInline[Shipment, AmazonOrder]):
    model = Shipment
    account_path = "order__account"
    reads_with = ("order",)
    encrypted = ("order__document",)
    fields = ("reference", "state", "whole_reason", "carrier", "tracking", "shipped_at")
    readonly_fields = ("whole_reason",)
    show_change_link = True

    @admin.display(description=_("reason"))
    def whole_reason(self, shipment: Shipment) -> str:
        return shown(shipment.reason)


class StatusFilter(WordFilter):
    title = _("Amazon's status")
    parameter_name = column = "status"
    words = STATUS_WORDS


class FulfilledByFilter(WordFilter):
    title = _("fulfilled by")
    parameter_name = column = "fulfilled_by"
    words = {"MERCHANT": _("merchant"), "AMAZON": "Amazon"}


class ShipByFilter(admin.SimpleListFilter):
    """What the merchant has to ship now."""

    title = _("ship by")
    parameter_name = "ship_by"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [("near", _("within a day, or overdue")), ("all", _("not shipped yet"))]

    def queryset(self, request: HttpRequest, queryset: Orders) -> Orders:
        if self.value() == "all":
            return queryset.filter(to_ship())
        return attention.near(queryset, clock.now()) if self.value() == "near" else queryset


@admin.register(AmazonOrder)
class OrderAdmin(UnitsPages, ErasesOrders, ReadOnly, Screen[AmazonOrder]):
    change_list_template = "django_amazon_sync/admin/orders.html"
    change_form_template = "django_amazon_sync/admin/order.html"
    reads_with = ("account",)
    encrypted = ("document", "account__refresh_token")
    list_display = (
        "number", "listed_state", "why", "total_shown", "store", "ordered_at", "ship_by",
        "status_shown", "account",
    )  # fmt: skip
    list_filter = (
        "state", AccountFilter, StatusFilter, FulfilledByFilter, "cancellation_requested",
        "ship_anyway",
        ShipByFilter,
    )  # fmt: skip
    found_by = ("number",)
    search_fields = ("number", "=shop_order_pk", "lines__sku", "lines__asin")
    search_help_text = _("Amazon order id, SKU, ASIN or the shop's order")
    ordering = ("-ordered_at", "-pk")
    actions = ("replay", "place_as_it_is", "look_again", "ship_anyway", "erase")
    inlines = (LineInline, ShipmentInline)
    readonly_fields = (
        "shown_state", "store", "whole_reason", "what_next", "shop_order", "total_shown",
        "difference_shown", "status_shown", "fulfilled_by_shown",
        "happened", "buyer", "amazons_document", "paid_by",
    )  # fmt: skip
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "number", "account", "shown_state", "whole_reason", "what_next", "shop_order",
                    "erased_at",
                )
            },
        ),
        (
            _("On Amazon"),
            {
                "fields": (
                    "store", "channel", "status_shown", "fulfilled_by_shown", "service_level",
                    "paid_by", "ordered_at", "updated_at", "ship_by", "deliver_by", "total_shown",
                    "difference_shown", "cancellation_requested",
                )
            },
        ),
        (_("In the shop"), {"fields": ("takes_stock", "placed_at", "ship_anyway", "happened")}),
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: AmazonOrder | None = None) -> Fieldsets:
        shown = super().get_fieldsets(request, obj)
        if not request.user.has_perm(SEES_BUYERS):
            return shown
        return [
            *shown,
            (_("Buyer"), {"fields": ("buyer",)}),
            (
                _("Amazon's document"),
                {"fields": ("amazons_document",), "classes": ("collapse",)},
            ),
        ]

    # --- What the pages show ---------------------------------------------------------------------

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: AmazonOrder | None = None,
    ) -> HttpResponse:
        """With the numbers that it moved."""
        if obj is not None:
            context["sent"] = sent_for_order(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, order: AmazonOrder) -> str:
        return order.state_in_words

    @admin.display(description=_("state"), ordering="state")
    def listed_state(self, order: AmazonOrder) -> str:
        return with_mark(order.state_in_words, order.pk, *_decided_on(order))

    @admin.display(description=_("marketplace"), ordering="marketplace")
    def store(self, order: AmazonOrder) -> str:
        return marketplace_name(order.marketplace)

    @admin.display(description=_("Amazon's status"), ordering="status")
    def status_shown(self, order: AmazonOrder) -> str:
        return str(STATUS_WORDS.get(order.status, order.status))

    @admin.display(description=_("fulfilled by"), ordering="fulfilled_by")
    def fulfilled_by_shown(self, order: AmazonOrder) -> str:
        return str(FulfilledByFilter.words.get(order.fulfilled_by, order.fulfilled_by))

    @admin.display(description=_("total"), ordering="total")
    def total_shown(self, order: AmazonOrder) -> str:
        return _amount(order, order.total)

    @admin.display(description=_("unexplained difference"))
    def difference_shown(self, order: AmazonOrder) -> str:
        """What no reading of Amazon's amounts explains of its grand total."""
        return _amount(order, order.difference) if order.difference else ""

    @admin.display(description=_("what happens next"))
    def what_next(self, order: AmazonOrder) -> str:
        told = explained(next_steps.of_order(order), help_links.of_order(order))
        if button := link_to_units(order):
            return format_html("{} {}", told, button)
        if order.state != OrderState.QUARANTINED or order.reason_code not in MAPPING_CODES:
            return told
        mappings = OrderMappings(pk=order.account_id)
        return format_html("{} {}", told, link(mappings, _("Order mappings of the account")))

    @admin.display(description=_("payment methods"))
    def paid_by(self, order: AmazonOrder) -> str:
        """As Amazon names them; it may name none."""
        return ", ".join(order.payment_methods)

    @admin.display(description=_("order in the shop"))
    def shop_order(self, order: AmazonOrder) -> str:
        if not order.shop_order_pk:
            return ""
        url = _shop_url(order)
        name = _("Order %(pk)s") % {"pk": order.shop_order_pk}
        return format_html('<a href="{}">{}</a>', url, name) if url else str(name)

    @admin.display(description=_("what happened"))
    def happened(self, order: AmazonOrder) -> str:
        text = _("Its lines in all runs")
        return list_link(RunLine, text, q=order.number, account=order.account_id)

    @admin.display(description=_("buyer"))
    def buyer(self, order: AmazonOrder) -> str:
        """Who bought and where it goes, for those with the permission to see it."""
        try:
            data = read_order(order.document)
        except (ConfigurationError, Misplaced, Unreadable) as error:
            return str(error)
        context = {"order": data, "notes": packing_notes(data)}
        return render_to_string("django_amazon_sync/admin/buyer.html", context)

    @admin.display(description=_("as Amazon gave it"))
    def amazons_document(self, order: AmazonOrder) -> str:
        try:
            return document(order.document)
        except (ConfigurationError, Misplaced) as error:
            return str(error)

    # --- Pages of their own ----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        prefix = "django_amazon_sync_amazonorder"
        return [
            path("search/", wrap(self.search), name=f"{prefix}_search"),
            path("<int:pk>/shop/", wrap(self.in_the_shop), name=f"{prefix}_shop"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        url = reverse(NAME) if self.has_import_permission(request) else ""
        return super().changelist_view(request, {**(extra_context or {}), "search_url": url})

    def search(self, request: HttpRequest) -> HttpResponse:
        """Amazon's orders as they are there now."""
        return SearchPage(request, self.admin_site).answer()

    def in_the_shop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lead on to the shop's own page of an order."""
        order = self.get_queryset(request).filter(pk=pk).first()
        if not self.has_view_permission(request, order):
            raise PermissionDenied
        if order is None or not (url := _shop_url(order)):
            raise Http404
        return redirect(url)

    # --- Actions ---------------------------------------------------------------------------------

    @admin.action(
        description=_("Place in the shop: replay quarantined and older orders"),
        permissions=["replay"],
    )
    def replay(self, request: HttpRequest, queryset: Orders) -> None:
        older = Q(state=OrderState.RECORDED, reason_code=Code.BEFORE_CUT_OVER)
        chosen = list(queryset.filter(Q(state=OrderState.QUARANTINED) | older))
        number = placing.replay(chosen)
        text = ngettext("%(number)d order waits again.", "%(number)d orders wait again.", number)
        wanted = whole(order.account for order in chosen)
        ask(request, Job.IMPORT_ORDERS, wanted, done=text % {"number": number})

    @admin.action(
        description=_("Place as it is, though Amazon names no total or status"),
        permissions=["replay"],
    )
    def place_as_it_is(self, request: HttpRequest, queryset: Orders) -> HttpResponse | None:
        seen = self._seen(
            request,
            queryset.filter(reason_code__in=placing.PLACED_AS_IT_IS),
            _("Place as it is, though Amazon names no total or status"),
        )
        if not isinstance(seen, list):
            return seen
        number = placing.place_as_it_is(seen)
        text = ngettext("%(number)d order waits again.", "%(number)d orders wait again.", number)
        wanted = whole(order.account for order in seen)
        ask(request, Job.IMPORT_ORDERS, wanted, done=text % {"number": number})
        return None

    @admin.action(description=_("Ask Amazon for them again"), permissions=["import"])
    def look_again(self, request: HttpRequest, queryset: Orders) -> None:
        wanted: list[Wanted] = [(order.account, {"order": order.number}) for order in queryset]
        ask(request, Job.IMPORT_ORDERS, wanted)

    @admin.action(
        description=_("Ship anyway, though the buyer asks to cancel"), permissions=["confirm"]
    )
    def ship_anyway(self, request: HttpRequest, queryset: Orders) -> HttpResponse | None:
        seen = self._seen(
            request,
            queryset.filter(cancellation_requested=True, ship_anyway=False),
            _("Ship anyway, though the buyer asks to cancel"),
        )
        if not isinstance(seen, list):
            return seen
        AmazonOrder.objects.filter(pk__in=[order.pk for order in seen]).update(ship_anyway=True)
        text = ngettext("%(number)d order ships.", "%(number)d orders ship.", len(seen))
        wanted = whole(order.account for order in seen)
        ask(request, Job.CONFIRM_SHIPMENTS, wanted, done=text % {"number": len(seen)})
        return None

    def _seen(
        self, request: HttpRequest, chosen: Orders, title: StrOrPromise
    ) -> list[AmazonOrder] | HttpResponse:
        """Those of the chosen that are as the list showed them, or the page about the others."""
        orders = list(chosen)
        marked = ((order.pk, order.number, mark(*_decided_on(order))) for order in orders)
        found = compared(request, marked)
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        if page := ask_first.page_of_unseen(request, found, title, _("Do it"), context):
            return page
        say_left_out(request, found.others.values())
        return [order for order in orders if order.pk not in found.others]


def _decided_on(order: AmazonOrder) -> tuple[object, ...]:
    """What the list shows of an order that staff decide on."""
    return order.state, order.reason_code, order.status, order.cancellation_requested


def _shop_url(order: AmazonOrder) -> str:
    """Where staff look at the order in the shop, if it is there and has such a page."""
    try:
        return configured_shop().order_url(order.shop_order_pk) if order.shop_order_pk else ""
    except ConfigurationError:
        return ""  # a system check says what is wrong


def _amount(order: AmazonOrder, amount: Decimal | None) -> str:
    """An amount in whole minor units, or exact where it is not."""
    if amount is None:
        return ""
    exact = Money(amount, order.currency)
    rounded = exact.rounded()
    return str(rounded if rounded.amount == amount else exact)
