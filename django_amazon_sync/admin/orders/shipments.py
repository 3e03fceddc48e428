"""Shipments of the shop and their confirmation to Amazon."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_amazon_sync.admin.common import help_links, next_steps
from django_amazon_sync.admin.common.base import AccountFilter, NoAddDelete, Screen
from django_amazon_sync.admin.common.formatting import link, moment_alone
from django_amazon_sync.admin.common.help_articles import explained
from django_amazon_sync.admin.common.queue_runs import ask, whole
from django_amazon_sync.admin.common.words import words
from django_amazon_sync.models import Job, Shipment, ShipmentState
from django_amazon_sync.sync.orders import confirm_shipments

#: What staff may fill in or mend, and in which states: later Amazon has it.
MENDED = ("carrier", "carrier_name", "tracking")
MENDABLE = (ShipmentState.WAITING, ShipmentState.REFUSED, ShipmentState.UNSEEN)


class AccountOfOrderFilter(AccountFilter):
    path = "order__account"


@admin.register(Shipment)
class ShipmentAdmin(NoAddDelete, Screen[Shipment]):
    account_path = "order__account"
    reads_with = ("order__account",)
    encrypted = ("order__document", "order__account__refresh_token")
    list_display = (
        "__str__", "state", "why", "carrier", "tracking", "shipped_at", "ship_by", "account",
    )  # fmt: skip
    list_filter = ("state", AccountOfOrderFilter)
    search_fields = ("order__number", "tracking")
    search_help_text = _("Amazon order id or tracking number")
    ordering = ("-pk",)
    actions = ("send_again", "take_as_done")
    fields = (
        "order_link", "reference", "shop_pk", "state", "whole_reason", "what_next", *MENDED,
        "shipped_at", "ship_by", "shown_items", "sent_at", "seen_at",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Shipment | None = None) -> list[str]:
        mendable = obj is not None and obj.state in MENDABLE
        return [name for name in self.fields if not (mendable and name in MENDED)]

    @admin.display(description=_("account"), ordering="order__account__name")
    def account(self, shipment: Shipment) -> str:
        return str(shipment.order.account)

    @admin.display(description=_("order"))
    def order_link(self, shipment: Shipment) -> str:
        return link(shipment.order)

    @admin.display(description=_("ship by"), ordering="order__ship_by")
    def ship_by(self, shipment: Shipment) -> str:
        return moment_alone(shipment.order.ship_by)

    @admin.display(description=_("what happens next"))
    def what_next(self, shipment: Shipment) -> str:
        return explained(next_steps.of_shipment(shipment), help_links.of_shipment(shipment))

    @admin.display(description=_("items"))
    def shown_items(self, shipment: Shipment) -> str:
        return ", ".join(words(item) for item in shipment.items)

    @admin.action(
        description=_("Send again what is refused or not seen on Amazon"), permissions=["confirm"]
    )
    def send_again(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> None:
        chosen = list(queryset.filter(state__in=confirm_shipments.SENT_AGAIN))
        number = confirm_shipments.try_again(chosen)
        text = ngettext("%(number)d shipment goes again.", "%(number)d shipments go again.", number)
        wanted = whole(shipment.order.account for shipment in chosen)
        ask(request, Job.CONFIRM_SHIPMENTS, wanted, done=text % {"number": number})

    @admin.action(
        description=_("Take as done: nothing more is sent of them"), permissions=["confirm"]
    )
    def take_as_done(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> None:
        chosen = queryset.filter(state__in=confirm_shipments.TAKEN_AS_DONE)
        number = confirm_shipments.take_as_done(chosen)
        text = ngettext(
            "%(number)d shipment is taken as done.",
            "%(number)d shipments are taken as done.",
            number,
        )
        self.message_user(request, text % {"number": number})
