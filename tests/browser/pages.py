"""Every page of ours, and what may not be found wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from django_amazon_sync.models import Listing, SellerAccount
from tests import factories
from tests.admin import rows

#: What axe calls serious or critical; the lesser kinds are matters of taste.
SERIOUS = {"serious", "critical"}


#: Parts of Django's own admin that are the same on every page of every app.
OF_DJANGO = {"exclude": [[".breadcrumbs"], ["#changelist-search"]]}


def pages() -> Iterator[str]:
    """The list of each of our models, the page of a row, the form of a new one, and the others."""
    for model in rows.OURS:
        name = f"admin:django_amazon_sync_{model._meta.model_name}"
        first = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[first])
        screen = admin.site._registry[model]
        for pattern in screen.get_urls():
            own = str(getattr(pattern, "name", ""))
            if own.startswith("django_amazon_sync_") and not own.endswith(("_changelist", "_add")):
                try:
                    yield reverse(f"admin:{own}")  # those that need no argument
                except NoReverseMatch:
                    continue
        if model.__name__ in ("Application", "SellerAccount"):
            yield reverse(f"{name}_add")
    yield from of_one_thing()


def of_one_thing() -> Iterator[str]:
    """The pages that are about one account, product, listing or article."""
    account = SellerAccount.objects.defer("refresh_token")[0]
    listing = Listing.objects.all()[0]
    product = factories.stock_record(listing.sku.sku).product
    for name, about in (
        ("connect_region", "eu"),
        ("connect_check", account.pk),
        ("cron_key", account.pk),
        ("product", product.pk),
        ("listing_take_over", listing.pk),
        ("help", "order-not-imported"),
    ):
        yield reverse(f"admin:django_amazon_sync_{name}", args=[about])
