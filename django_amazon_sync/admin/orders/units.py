"""It holds these units: staff say so of an order whose lines nobody can read."""

from __future__ import annotations

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import visible_accounts
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.amazon.orders import SKU_LENGTH
from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.orders.units import may_be_named, name_units

NAME = "django_amazon_sync_order_units"
PAGE = f"admin:{NAME}"

#: More units of one SKU are a slip of the keys.
MOST = 10_000


class UnitsForm(forms.Form):
    """One line for each SKU: the SKU, a blank, and how many."""

    units = forms.CharField(
        label=_("Units"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 60}),
        help_text=_(
            "One line for each SKU of Amazon's: the SKU, a blank, the number. No line at all says "
            "that the order holds nothing."
        ),
    )

    def clean_units(self) -> dict[str, int]:
        """The number of each SKU."""
        held: dict[str, int] = {}
        for line in filter(str.strip, self.cleaned_data["units"].splitlines()):
            sku, _blank, number = line.strip().rpartition(" ")
            sku = sku.strip()
            wrong = len(sku) > SKU_LENGTH or not number.isascii() or not number.isdigit()
            if not sku or wrong or len(number) > len(str(MOST)) or int(number) > MOST:
                text = gettext("“%(line)s” is not a SKU and a number.") % {"line": line}
                raise ValidationError(text)
            held[sku] = held.get(sku, 0) + int(number)
        return held


class UnitsPages(ScreenPart[AmazonOrder]):
    """The page where staff say which units an order holds, beside those of orders."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(partial(page, site=self.admin_site))
        return [path("<int:pk>/units/", view, name=NAME), *super().get_urls()]


def page(request: HttpRequest, pk: int, site: admin.AdminSite) -> HttpResponse:
    """Ask which units the order holds, and write them down."""
    if not request.user.has_perm("django_amazon_sync.replay_amazonorder"):
        raise PermissionDenied
    orders = AmazonOrder.objects.filter(account__in=visible_accounts(request))
    order = get_object_or_404(orders.select_related("account").defer("document"), pk=pk)
    back = reverse("admin:django_amazon_sync_amazonorder_change", args=[order.pk])
    form = UnitsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if name_units(order, configured_shop(), form.cleaned_data["units"]):
            messages.success(request, gettext("The order holds these units now."))
        else:
            messages.warning(request, gettext("Its units are known already."))
        return redirect(back)
    context = {
        **site.each_context(request),
        "opts": AmazonOrder._meta,
        "title": gettext("Which units order %(number)s holds") % {"number": order.number},
        "order": order,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "django_amazon_sync/admin/order_units.html", context)


def link_to_units(order: AmazonOrder) -> str:
    """The button to the page, where a person may know better what the order holds."""
    if not may_be_named(order):
        return ""
    url = reverse(PAGE, args=[order.pk])
    return format_html('<a class="button" href="{}">{}</a>', url, gettext("It holds these units"))
