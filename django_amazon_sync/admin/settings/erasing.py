"""Letting an account erase buyers' data: a person looks at the numbers before the first time."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.admin.common.formatting import list_link, moment
from django_amazon_sync.models import Erasure, SellerAccount
from django_amazon_sync.sync.privacy import due, erase

Accounts = QuerySet[SellerAccount]


class LetsErase(ScreenPart[SellerAccount]):
    """The action that lets it begin, and what the account's page says of it."""

    @admin.action(
        description=_("Erase buyers' data when their time is over"), permissions=["erase"]
    )
    def let_erase(self, request: HttpRequest, queryset: Accounts) -> HttpResponse | None:
        question = Question(
            _("Erase buyers' data when their time is over"),
            _("Let it begin"),
            [_part(account) for account in queryset],
        )
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        if page := ask_first.page(request, question, context):
            return page
        for account, part in zip(queryset, question.parts, strict=True):
            if not part.stops:
                erase.allow(account, request.user.get_username())
                text = gettext("%(account)s erases buyers' data from now on, every hour.")
                messages.success(request, text % {"account": account})
        return None

    @admin.action(description=_("Stop erasing buyers' data"), permissions=["erase"])
    def stop_erasing(self, request: HttpRequest, queryset: Accounts) -> None:
        for account in queryset:
            if erase.stop(account):
                text = gettext(
                    "%(account)s erases no buyers' data by itself any more, until somebody lets it "
                    "begin again; Amazon permits %(days)s days after the delivery."
                )
                days = conf.get("PERSONAL_DATA_DAYS")
                messages.warning(request, text % {"account": account, "days": days})
            else:
                text = gettext("%(account)s erases no buyers' data by itself.")
                messages.info(request, text % {"account": account})

    @admin.display(description=_("buyers' data"))
    def buyers_data(self, account: SellerAccount) -> str:
        days = conf.get("PERSONAL_DATA_DAYS")
        if account.erases_since is None:
            text = gettext(
                "They are kept until somebody looks at the numbers and lets the erasing begin; "
                "Amazon permits %(days)s days after the delivery."
            )
            return text % {"days": days}
        text = gettext(
            "They are erased %(days)s days after the delivery, since %(moment)s; %(user)s let it "
            "begin."
        ) % {
            "days": days,
            "moment": moment(account.erases_since),
            "user": account.erasing_allowed_by,
        }
        every = list_link(Erasure, gettext("What was erased"), account=account.pk)
        return format_html("{} {}", text, every)


def _part(account: SellerAccount) -> Part:
    """What is erased of the account to begin with."""
    if account.erases_since is not None:
        return Part(str(account), stops=[gettext("It erases buyers' data already.")])
    numbers = due.numbers(account, due.shown_limit())
    text = ngettext(
        "The buyer's data of %(number)d order go for good, here and in the shop.",
        "The buyers' data of %(number)d orders go for good, here and in the shop.",
        numbers.due,
    )
    sentences = [text % {"number": numbers.due}]
    if numbers.due:
        text = gettext("They were placed from %(first)s to %(last)s.")
        sentences.append(text % {"first": moment(numbers.first), "last": moment(numbers.last)})
    if numbers.needed:
        text = ngettext(
            "%(number)d order that is as old stays, as it may still have to be sent.",
            "%(number)d orders that are as old stay, as they may still have to be sent.",
            numbers.needed,
        )
        sentences.append(text % {"number": numbers.needed})
    text = gettext(
        "From then on each order's buyer is erased %(days)s days after the delivery. Number, "
        "state, total, taxes and country stay."
    )
    sentences.append(text % {"days": conf.get("PERSONAL_DATA_DAYS")})
    return Part(str(account), sentences, about=numbers.mark)
