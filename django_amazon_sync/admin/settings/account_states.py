"""What staff do with the state of accounts: release, observe, pause, deactivate, and back.

Releasing and deactivating say first what they do, in numbers. Where other offers are let on by then
than the page was about, it comes again. Pausing is at once: it stops a loss.
"""

from __future__ import annotations

from itertools import chain

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common import ask_first, next_steps
from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.admin.common.formatting import by_store, count_name, link, moment
from django_amazon_sync.admin.common.seen import mark, mark_of_all
from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.models import AccountState, Listing, Presence, SellerAccount, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts import connect, release_checks
from django_amazon_sync.sync.export.switched_off import on_sale
from django_amazon_sync.sync.runs.bulk import in_pages

Accounts = QuerySet[SellerAccount]


class ChangesState(ScreenPart[SellerAccount]):
    """The actions; each needs the permission to release accounts."""

    @admin.action(description=_("Release: let it write to Amazon"), permissions=["release"])
    def release(self, request: HttpRequest, queryset: Accounts) -> HttpResponse | None:
        question = Question(
            _("Release: let it write to Amazon"), _("Release"), [_released(row) for row in queryset]
        )
        if page := self._ask(request, question):
            return page
        for account, part in zip(queryset, question.parts, strict=True):
            if part.stops:
                continue
            try:
                connect.release(account)
            except AmazonSyncError as error:
                messages.error(request, str(error))
            else:
                _say_state(request, account)
        return None

    @admin.action(description=_("Pause: stop all writes at once"), permissions=["release"])
    def pause(self, request: HttpRequest, queryset: Accounts) -> None:
        for account in queryset:
            connect.pause(account, gettext("Paused by %(user)s.") % {"user": request.user})
            _say_state(request, account)

    @admin.action(description=_("Observe: read and report only"), permissions=["release"])
    def observe(self, request: HttpRequest, queryset: Accounts) -> None:
        for account in queryset:
            account.move(AccountState.OBSERVING, state_reason="")
            _say_state(request, account)

    @admin.action(description=_("Deactivate: do nothing with it"), permissions=["release"])
    def deactivate(self, request: HttpRequest, queryset: Accounts) -> HttpResponse | None:
        question = Question(
            _("Deactivate: do nothing with it"),
            _("Deactivate"),
            [_deactivated(row) for row in queryset],
        )
        if page := self._ask(request, question):
            return page
        reason = gettext("Deactivated by %(user)s.") % {"user": request.user}
        for account in queryset:
            account.move(AccountState.DISCONNECTED, state_reason=reason, deactivated=True)
            _say_state(request, account)
        return None

    @admin.action(description=_("Take the deactivation back"), permissions=["release"])
    def activate(self, request: HttpRequest, queryset: Accounts) -> None:
        """Its token is still here; what Amazon disconnected needs a new one."""
        for account in queryset:
            if account.deactivated:
                account.move(AccountState.OBSERVING, state_reason="")
            _say_state(request, account)

    def _ask(self, request: HttpRequest, question: Question) -> HttpResponse | None:
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return ask_first.page(request, question, context)


def _released(account: SellerAccount) -> Part:
    """What releasing it does: what the last look at the difference found leaves from then on."""
    if stop := _not_releasable(account):
        return Part(str(account), stops=[stop])
    stops = [lack.translated() for lack in release_checks.what_lacks(account, configured_shop())]
    sentences: list[str] = []
    if look := release_checks.last_difference(account):
        counts = ", ".join(f"{count_name(name)} {number}" for name, number in look.counted)
        text = gettext("An export on %(moment)s showed what it would send: %(counts)s.")
        words = {"moment": moment(look.finished_at), "counts": counts or gettext("nothing")}
        shown = link(look, gettext("All that it showed"))
        sentences.append(format_html("{} {}", text % words, shown))
    numbers = on_sale(account)
    if total := sum(numbers.values()):
        text = ngettext(
            "%(number)d offer is on sale on Amazon: %(stores)s.",
            "%(number)d offers are on sale on Amazon: %(stores)s.",
            total,
        )
        sentences.append(text % {"number": total, "stores": by_store(numbers)})
    sentences.append(gettext("From then on what changes in the shop goes to Amazon by itself."))
    about = mark(_offers_of(account), look.pk if look else None, account.synchronise_all)
    return Part(str(account), sentences, stops, about)


def _not_releasable(account: SellerAccount) -> str:
    """Why there is nothing to release in the account's state; empty where there is."""
    if account.deactivated:
        return gettext("It is deactivated: take that back first; no new token is needed.")
    if account.state == AccountState.DISCONNECTED:
        return gettext("Amazon does not accept the account's credentials: connect it again.")
    if account.writes_from(conf.get("DEPLOYMENT")):
        return gettext("It is released already.")
    return ""


def _deactivated(account: SellerAccount) -> Part:
    numbers = on_sale(account)
    total = sum(numbers.values())
    text = ngettext(
        "%(number)d offer stays on sale on Amazon as it is, whatever is sold here: %(stores)s.",
        "%(number)d offers stay on sale on Amazon as they are, whatever is sold here: %(stores)s.",
        total,
    )
    stay = [text % {"number": total, "stores": by_store(numbers)}] if total else []
    return Part(
        str(account),
        [
            *stay,
            gettext("No order comes in, so what Amazon sells is not taken from the shop's stock."),
            gettext(
                "It can be taken back, without a new token: it only observes then, and is released "
                "anew."
            ),
        ],
        about=mark(_offers_of(account)),
    )


def _offers_of(account: SellerAccount) -> str:
    """A mark of which SKUs the account sells as which offers, and of where; not of how many are
    left of each."""
    skus = SellerSku.objects.filter(account=account).values_list("pk", "offer_pk", "synchronise")
    there = Listing.objects.filter(
        marketplace__account=account, presence=Presence.PRESENT
    ).values_list("pk", "marketplace")
    return mark_of_all(chain(in_pages(skus), [account.pk], in_pages(there)))


def _say_state(request: HttpRequest, account: SellerAccount) -> None:
    text = gettext("%(account)s is %(state)s.") % {
        "account": account,
        "state": account.get_state_display(),
    }
    messages.info(request, f"{text} {next_steps.of_account(account)}")
