"""The cron key of an account: made, shown once, replaced, switched off."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from django_amazon_sync.admin.common.access import visible_accounts
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.models import DEFAULT_PERIODS, SellerAccount
from django_amazon_sync.sync.accounts import cron_key

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PAGE = "admin:django_amazon_sync_cron_key"


class CronKeyPages(ScreenPart[SellerAccount]):
    """The page of the key, beside those of accounts."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(never_cache(partial(page, site=self.admin_site)))
        name = "django_amazon_sync_cron_key"
        return [path("<int:pk>/cron-key/", view, name=name), *super().get_urls()]


def page(request: HttpRequest, pk: int, site: admin.AdminSite) -> HttpResponse:
    """What the key is for; a new one is in this answer and nowhere else."""
    if not request.user.has_perm("django_amazon_sync.change_selleraccount"):
        raise PermissionDenied
    account = get_object_or_404(visible_accounts(request), pk=pk)
    key = ""
    if request.method == "POST":
        if "off" in request.POST:
            cron_key.switch_off(account)
            text = gettext("The cron key of %(account)s is off.") % {"account": account}
            messages.success(request, text)
            return redirect(PAGE, account.pk)
        key = cron_key.new_key(account)
    context = {
        **site.each_context(request),
        "opts": SellerAccount._meta,
        "title": gettext("Cron key of %(account)s") % {"account": account},
        "account_url": change_url(account),
        "is_on": bool(account.cron_key_hash),
        "key": key,
        "header": cron_key.HEADER,
        "addresses": _addresses(request, account),
    }
    return TemplateResponse(request, "django_amazon_sync/admin/cron_key.html", context)


def cron_key_of(account: SellerAccount) -> str:
    """Whether there is a key, and the way to its page."""
    return format_html(
        '{} <a href="{}">{}</a>',
        gettext("On.") if account.cron_key_hash else gettext("Off."),
        reverse(PAGE, args=[account.pk]),
        gettext("Addresses that start jobs"),
    )


def _addresses(request: HttpRequest, account: SellerAccount) -> list[tuple[StrOrPromise, str]]:
    """Each job's address; none where the project has not included ours."""
    try:
        return [
            (job.label, request.build_absolute_uri(
                reverse("django_amazon_sync:cron", args=[account.pk, job.value])))
            for job in DEFAULT_PERIODS
        ]  # fmt: skip
    except NoReverseMatch:
        return []
