"""Erasing buyers' data of single orders, when somebody asks for it; and who saw them before."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.access import SEES_BUYERS
from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.common.seen import mark_of_all
from django_amazon_sync.models import AmazonOrder, SellerAccount
from django_amazon_sync.sync.privacy import due, erase, views

Orders = QuerySet[AmazonOrder]

#: Somebody waits for the page; more go by the command, or when their time is over.
MOST_AT_ONCE = 100


class ErasesOrders(ScreenPart[AmazonOrder]):
    """The action, and a row for whoever opens a page that shows a buyer."""

    @admin.action(description=_("Erase the buyer's data now"), permissions=["erase"])
    def erase(self, request: HttpRequest, queryset: Orders) -> HttpResponse | None:
        by_account = _by_account(queryset)
        asked = sum(map(len, by_account.values()))
        too_many = asked > MOST_AT_ONCE
        question = Question(
            _("Erase the buyer's data now"),
            _("Erase"),
            [_part(account, orders, too_many=too_many) for account, orders in by_account.items()],
        )
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        if page := ask_first.page(request, question, context):
            return page
        user = cast(User, request.user)
        numbers = {
            account: [order.number for order in orders] for account, orders in by_account.items()
        }
        erased = 0
        for account, its in numbers.items():
            done = erase.erase_orders(account, its, user=user, by=user.get_username())
            erased += done.counts.get("orders", 0) if done else 0
        _say(request, erased, asked)
        return None

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: AmazonOrder | None = None,
    ) -> HttpResponse:
        """Write down who opens the page where it shows the buyer, before it does."""
        if obj is not None and obj.erased_at is None and request.user.has_perm(SEES_BUYERS):
            views.note(request.user, obj.account, [obj.number], views.Where.ORDER)
        return super().render_change_form(request, context, add, change, form_url, obj)


def _by_account(chosen: Orders) -> dict[SellerAccount, list[AmazonOrder]]:
    found: dict[SellerAccount, list[AmazonOrder]] = {}
    for order in chosen.order_by("account", "number")[: MOST_AT_ONCE + 1]:
        found.setdefault(order.account, []).append(order)
    return found


def _part(account: SellerAccount, orders: list[AmazonOrder], *, too_many: bool) -> Part:
    """What is erased of the chosen orders of one account, and what stays."""
    pks = [order.pk for order in orders]
    goes = dict(erase.erasable(account).filter(pk__in=pks).values_list("pk", "number"))
    stays = [order.number for order in orders if order.pk not in goes]
    stops = []
    if too_many:
        text = gettext("Choose at most %(number)d orders, or use the command.")
        stops.append(text % {"number": MOST_AT_ONCE})
    elif not goes:
        stops.append(gettext("None of them can be erased: they are still to be sent, or erased."))
    sentences = [_what_goes(list(goes.values()))] if goes else []
    if unknown := _of_unknown_status(account, goes):
        text = gettext(
            "Amazon does not say whether these were sent: %(orders)s. Where one still has to be, "
            "its address will be in Seller Central only."
        )
        sentences.append(text % {"orders": brief(", ".join(unknown))})
    if stays:
        text = gettext("These stay, as they are still to be sent, or erased already: %(orders)s.")
        sentences.append(text % {"orders": brief(", ".join(stays))})
    return Part(str(account), sentences, stops, about=mark_of_all(sorted(goes)))


def _what_goes(numbers: list[str]) -> str:
    text = ngettext(
        "Name, address, phone, e-mail and messages of the buyer of %(number)d order go for good, "
        "here and in the shop: %(orders)s. Number, total, taxes and country stay.",
        "Names, addresses, phones, e-mails and messages of the buyers of %(number)d orders go for "
        "good, here and in the shop: %(orders)s. Numbers, totals, taxes and countries stay.",
        len(numbers),
    )
    return text % {"number": len(numbers), "orders": brief(", ".join(numbers))}


def _of_unknown_status(account: SellerAccount, goes: dict[int, str]) -> list[str]:
    """The numbers of those of these orders of which it is not known whether they were sent."""
    unknown = erase.erasable(account).filter(pk__in=goes).exclude(due.not_needed())
    return sorted(unknown.values_list("number", flat=True))


def _say(request: HttpRequest, erased: int, asked: int) -> None:
    text = ngettext(
        "The buyer's data of %(number)d order are erased.",
        "The buyers' data of %(number)d orders are erased.",
        erased,
    )
    level = messages.SUCCESS if erased == asked else messages.WARNING
    messages.add_message(request, level, text % {"number": erased})
