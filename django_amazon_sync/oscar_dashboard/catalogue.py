"""Oscar's dashboard of products: a column Amazon in the list, the tab Amazon on each product.

Instead of Oscar's own in INSTALLED_APPS:
``django_amazon_sync.oscar_dashboard.catalogue.CatalogueConfig``. A shop with a dashboard of its own
mixes ``AmazonCatalogueMixin`` into its configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path
from oscar.apps.dashboard.catalogue.apps import CatalogueDashboardConfig

__all__ = ["AmazonCatalogueMixin", "CatalogueConfig"]


class AmazonCatalogueMixin:
    """Before a configuration of the dashboard's products: their tab, and the page behind it."""

    product_list_view: Any
    product_createupdate_view: Any
    permissions_map: dict[str, Any]
    post_process_urls: Callable[[list[Any]], list[Any]]

    def ready(self) -> None:
        super().ready()  # type: ignore[misc]  # of the configuration that it is mixed into
        from django_amazon_sync.oscar_dashboard import product_views  # models are there only now

        self.product_list_view = product_views.with_column(self.product_list_view)
        self.product_createupdate_view = product_views.with_tab(self.product_createupdate_view)

    def configure_permissions(self) -> None:
        """Who may see a product sees its tab; what they see there is up to our own permissions."""
        super().configure_permissions()  # type: ignore[misc]  # as above
        as_product = self.permissions_map["catalogue-product"]
        self.permissions_map |= dict.fromkeys(("amazon-product", "amazon-run"), as_product)
        self.permissions_map["amazon-run-state"] = as_product

    def get_urls(self) -> list[Any]:
        from django_amazon_sync.oscar_dashboard import product_views as views

        ours = [
            path("products/<int:pk>/amazon/", views.ProductTab.as_view(), name="amazon-product"),
            path("amazon/runs/<int:pk>/", views.run_page, name="amazon-run"),
            path("amazon/runs/<int:pk>/state.json", views.run_state, name="amazon-run-state"),
        ]
        theirs = super().get_urls()  # type: ignore[misc]  # as above
        return [*self.post_process_urls(ours), *theirs]


class CatalogueConfig(
    AmazonCatalogueMixin,
    CatalogueDashboardConfig,  # type: ignore[misc]  # Oscar has no types
):
    """Oscar's own dashboard of products, with the tab Amazon."""
