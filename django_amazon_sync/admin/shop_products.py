"""Amazon's side of the shop's own lists of products: a column, and the actions for many.

For a ModelAdmin of the shop's products, mix in ``AmazonProductAdminMixin``. Chosen products become
a query of the SKUs that they are sold under, in the accounts that whoever asks may see; from there
on it is what the list of SKUs does, so any number of products is chosen by one statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import within_scopes
from django_amazon_sync.admin.common.base import needs
from django_amazon_sync.admin.common.queue_runs import ask, by_account
from django_amazon_sync.admin.products.admin_page import AdminProductPage
from django_amazon_sync.admin.products.edit_many import EditsMany
from django_amazon_sync.admin.products.page import LOOK
from django_amazon_sync.admin.products.take_over import TakesOverMany
from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.models import Job, Listing, Presence, SellerSku
from django_amazon_sync.shops import configured_shop

if TYPE_CHECKING:  # it is mixed into one
    Base = admin.ModelAdmin[Any]
else:
    Base = object

__all__ = ["AmazonProductAdminMixin"]


class HasPk(Protocol):
    """A product of the shop, whatever its model."""

    @property
    def pk(self) -> object: ...


def skus_of(request: HttpRequest, products: QuerySet[Any]) -> QuerySet[SellerSku]:
    """The SKUs that these products and their variants are sold under.

    Raises NotSupported where the shop cannot say.
    """
    offers = configured_shop().offers_among(products)
    rows = within_scopes(SellerSku.objects.all(), request, "account")
    return rows.filter(offer_pk__in=offers)


def cells(
    request: HttpRequest, products: Iterable[HasPk], address: Callable[[object], str]
) -> dict[object, str]:
    """By pk, what a list shows of each product: the way to its Amazon page, and how many of its
    listings are there. A fixed number of queries; nothing for who may not look.
    """
    pks = {str(product.pk): product.pk for product in products}
    if not request.user.has_perm(f"django_amazon_sync.{LOOK}"):
        return {}
    try:
        offers = configured_shop().offers_of_products(pks)
    except AmazonSyncError:
        return {}
    of_offer = {offer: pk for pk, its in offers.items() for offer in its}
    listings = within_scopes(Listing.objects.all(), request, "sku__account")
    found = listings.filter(sku__offer_pk__in=set(of_offer))
    counts: dict[str, Counter[str]] = {offer: Counter() for offer in of_offer}
    for offer, presence in found.values_list("sku__offer_pk", "presence"):
        counts[offer][presence] += 1
    return {
        pks[pk]: _cell(address(pks[pk]), sum((counts[offer] for offer in its), Counter[str]()))
        for pk, its in offers.items()
    }


def _cell(url: str, counts: Counter[str]) -> str:
    states = ", ".join(
        f"{state.label}: {counts[state.value]}" for state in Presence if counts[state.value]
    )
    return format_html('<a href="{}">Amazon</a> {}', url, states)


class AmazonProductAdminMixin(EditsMany[Any], TakesOverMany[Any], Base):
    """Before the ModelAdmin of the shop's products: a column in its list, and what can be done with
    the SKUs and listings of the chosen products. A list costs two queries more, however long it is.
    """

    has_amazon_export_permission = needs("export_listing")
    has_amazon_take_over_permission = needs("take_over_listing")
    has_amazon_edit_skus_permission = needs("change_sellersku")
    has_amazon_edit_listings_permission = needs("change_listing")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours = ("amazon_export", "take_over", "edit_selected", "edit_listings")
        self.actions = [*(self.actions or ()), *ours]

    @admin.action(description=_("Export to Amazon"), permissions=["amazon_export"])
    def amazon_export(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        skus = self._skus(request, queryset)
        if skus is not None:
            ask(request, Job.EXPORT, by_account(skus))

    @admin.action(description=_("Import from Amazon"), permissions=["amazon_take_over"])
    def take_over(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        skus = self._skus(request, queryset)
        return None if skus is None else super().take_over(request, skus)

    @admin.action(
        description=format_lazy("{}: {}", _("Edit selected"), SellerSku._meta.verbose_name_plural),
        permissions=["amazon_edit_skus"],
    )
    def edit_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        skus = self._skus(request, queryset)
        return None if skus is None else super().edit_selected(request, skus)

    @admin.action(
        description=format_lazy("{}: {}", _("Edit selected"), Listing._meta.verbose_name_plural),
        permissions=["amazon_edit_listings"],
    )
    def edit_listings(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        skus = self._skus(request, queryset)
        if skus is None:
            return None
        listings = Listing.objects.filter(sku__in=skus.order_by().values("pk"))
        return super().edit_selected(request, listings)

    def edit_action(self, model: type[Model]) -> str:
        return "edit_listings" if model is Listing else "edit_selected"

    def _skus(self, request: HttpRequest, products: QuerySet[Any]) -> QuerySet[SellerSku] | None:
        """The SKUs of these products; None where the shop cannot say, which is said."""
        try:
            return skus_of(request, products)
        except AmazonSyncError as reason:
            messages.error(request, str(reason))
            return None

    # --- The column ------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), "on_amazon"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        shown = cells(request, changelist.result_list, self._page)
        for product in changelist.result_list:
            product.on_amazon = shown.get(product.pk, "")
        return changelist

    @staticmethod
    def _page(pk: object) -> str:
        return reverse(AdminProductPage.NAMES["product"], args=[pk])

    @admin.display(description="Amazon")
    def on_amazon(self, product: Any) -> str:
        return getattr(product, "on_amazon", "")
