"""The tab Amazon of a product in Oscar's dashboard, and the runs that are asked for there.

Oscar's page of a product is one large form, so the tab leads to a page of its own that looks the
same. Staff see all accounts, a partner's people those of their partner; who is neither sees none.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views import View
from django_tables2 import Column

from django_amazon_sync.admin.common.access import scopes_of, within_scopes
from django_amazon_sync.admin.products.page import LOOK, ProductPage
from django_amazon_sync.admin.reports import progress
from django_amazon_sync.admin.shop_products import cells
from django_amazon_sync.models import SyncRun

#: Lines of a run on one page.
LINES = 100


def with_column(view: Any) -> type[View]:
    """The list of products, whichever it is, with a column of Amazon's side."""

    class Table(view.table_class):  # type: ignore[misc]  # the shop's own
        amazon = Column(verbose_name="Amazon", accessor="pk", orderable=False)
        cells: ClassVar[dict[Any, str]] = {}

        class Meta(view.table_class.Meta):  # type: ignore[misc]  # the shop's own
            pass

        def render_amazon(self, record: Any) -> str:
            return self.cells.get(record.pk, "") or "–"

    class ProductListView(view):  # type: ignore[misc]  # the shop's own
        table_class = Table

        def get_table(self, **kwargs: Any) -> Any:
            table = super().get_table(**kwargs)
            products = [row.record for row in table.paginated_rows]
            table.cells = cells(self.request, products, page_of)
            return table

    return ProductListView


def page_of(pk: Any) -> str:
    """The tab of this product."""
    return reverse(ProductTab.NAMES["product"], args=[pk])


def with_tab(view: Any) -> type[View]:
    """The page of a product, whichever it is, with a tab more."""

    class ProductUpdateView(view):  # type: ignore[misc]  # the shop's own
        template_name = "django_amazon_sync/oscar/product_update.html"

        def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(**kwargs)
            product = context.get("product")
            sees = self.request.user.has_perm(f"django_amazon_sync.{LOOK}")
            if sees and product is not None and product.pk:
                context["amazon_tab"] = reverse("dashboard:amazon-product", args=[product.pk])
            return context

    return ProductUpdateView


def check_belongs(request: HttpRequest) -> None:
    """Raises PermissionDenied for who is neither staff nor of a partner."""
    if not getattr(request.user, "is_staff", False) and scopes_of(request) is None:
        raise PermissionDenied


class ProductTab(ProductPage):
    """The Amazon page of a product within Oscar's dashboard."""

    template_name = "django_amazon_sync/oscar/product.html"
    ask_template = "django_amazon_sync/oscar/ask_first.html"

    NAMES = {"product": "dashboard:amazon-product", "run_state": "dashboard:amazon-run-state"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        check_belongs(request)
        return super().dispatch(request, *args, **kwargs)

    def report_url(self, run: SyncRun) -> str:
        return reverse("dashboard:amazon-run", args=[run.pk])


def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a run is, and all that it says."""
    run = _run(request, pk)
    lines = Paginator(run.lines.order_by("-pk"), LINES).get_page(request.GET.get("page"))
    state_url = reverse("dashboard:amazon-run-state", args=[run.pk])
    context = {
        "run": run,
        "panel": progress.panel(run, state_url),
        "lines": [progress.line_in_words(line) for line in lines],
        "page": lines,
    }
    return render(request, "django_amazon_sync/oscar/run.html", context)


def run_state(request: HttpRequest, pk: int) -> JsonResponse:
    """How far a run is, for a page that is open."""
    return progress.answer(_run(request, pk))


def _run(request: HttpRequest, pk: int) -> SyncRun:
    """The run, if whoever asks may see it."""
    check_belongs(request)
    if not request.user.has_perm("django_amazon_sync.view_syncrun"):
        raise PermissionDenied
    runs = within_scopes(SyncRun.objects.select_related("account"), request, "account")
    return get_object_or_404(runs.defer("account__refresh_token"), pk=pk)
