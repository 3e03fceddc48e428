"""Oscar's dashboard of products: a column Amazon in the list, the tab Amazon on each product.

Instead of Oscar's own in INSTALLED_APPS:
``django_amazon_sync.oscar_dashboard.catalogue.CatalogueConfig``. A shop with a dashboard of its own
mixes ``AmazonCatalogueMixin`` into its configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.urls import URLPattern, path
from django.views import View
from oscar.apps.dashboard.catalogue.apps import CatalogueDashboardConfig

__all__ = ["AmazonCatalogueMixin", "CatalogueConfig"]


if TYPE_CHECKING:

    class DashboardConfig(AppConfig):
        """What a configuration of the dashboard has that this is mixed into."""

        product_list_view: type[View]
        product_createupdate_view: type[View]
        permissions_map: dict[str, object]

        def configure_permissions(self) -> None: ...

        def get_urls(self) -> list[URLPattern]: ...

        def post_process_urls(self, urlpatterns: list[URLPattern]) -> list[URLPattern]: ...
else:
    DashboardConfig = object


class AmazonCatalogueMixin(DashboardConfig):
    """Before a configuration of the dashboard's products: their tab, and the page behind it."""

    def ready(self) -> None:
        super().ready()
        from django_amazon_sync.oscar_dashboard import product_views  # models are there only now

        self.product_list_view = product_views.with_column(self.product_list_view)
        self.product_createupdate_view = product_views.with_tab(self.product_createupdate_view)

    def configure_permissions(self) -> None:
        """Who may see a product sees its tab; what they see there is up to our own permissions."""
        super().configure_permissions()
        as_product = self.permissions_map["catalogue-product"]
        self.permissions_map |= dict.fromkeys(("amazon-product", "amazon-run"), as_product)
        self.permissions_map["amazon-run-state"] = as_product

    def get_urls(self) -> list[URLPattern]:
        from django_amazon_sync.admin.common.odd_requests import all_refusing
        from django_amazon_sync.oscar_dashboard import product_views as views

        ours = [
            path("products/<int:pk>/amazon/", views.ProductTab.as_view(), name="amazon-product"),
            path("amazon/runs/<int:pk>/", views.run_page, name="amazon-run"),
            path("amazon/runs/<int:pk>/state.json", views.run_state, name="amazon-run-state"),
        ]
        return [*self.post_process_urls(all_refusing(ours)), *super().get_urls()]


class CatalogueConfig(
    AmazonCatalogueMixin,
    CatalogueDashboardConfig,  # type: ignore[misc]  # Oscar has no types
):
    """Oscar's own dashboard of products, with the tab Amazon."""
