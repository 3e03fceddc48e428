"""Order mappings of an account: what Amazon's orders become in the shop, on one page.

What can be chosen is the shop's own menu on the one side, and on the other Amazon's words: those
that are known, and those that this account's orders had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import (
    NoAddDelete,
    Row,
    RowForm,
    RowsInline,
    Screen,
    needs,
)
from django_amazon_sync.admin.common.formatting import list_link, table
from django_amazon_sync.admin.settings.account_forms import choose
from django_amazon_sync.amazon.carriers import CARRIERS, OTHER, spelled
from django_amazon_sync.data import Menu, MenuItem
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import (
    AmazonOrder,
    CarrierMapping,
    OrderMappings,
    OrderState,
    PaymentMapping,
    SellerAccount,
    ShippingMapping,
)
from django_amazon_sync.rules.statuses import MAPPED, impossible_steps
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.orders.mappings import MAPPING_CODES

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec as Fieldsets

#: Amazon's words as its model names them (orders_2026-01-01.json); others are offered once seen.
SERVICE_LEVELS = (
    "EXPEDITED", "FREE_ECONOMY", "NEXT_DAY", "PRIORITY", "SAME_DAY", "SCHEDULED", "SECOND_DAY",
    "STANDARD",
)  # fmt: skip
PAYMENT_METHODS = ("CashOnDelivery", "ConvenienceStore", "CreditCard", "Invoice", "Pix")

#: Orders of the account that are looked at for Amazon's words, the latest first.
LOOKED_AT = 2000

STATUS_NAMES = {
    "UNSHIPPED": _("Unshipped"),
    "PARTIALLY_SHIPPED": _("Partially shipped"),
    "SHIPPED": _("Shipped"),
    "CANCELLED": _("Cancelled"),
}


# --- What can be chosen ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Offered:
    """The shop's menu and Amazon's words for one account; ``menu`` is None without a shop.

    ``lacking`` are the words that orders wait for, by the reason's code.
    """

    menu: Menu | None
    levels: list[str]
    methods: list[str]
    lacking: dict[str, list[str]]

    @classmethod
    def to(cls, account: SellerAccount) -> Offered:
        """What can be chosen for this account, in a fixed number of queries."""
        try:
            menu = configured_shop().menu()
        except ConfigurationError:
            menu = None  # a system check says so; the codes are typed until then
        orders = AmazonOrder.objects.filter(account=account).order_by("-pk")
        columns: Final = ("reason_code", "service_level", "payment_methods")
        waiting = orders.filter(state=OrderState.QUARANTINED, reason_code__in=MAPPING_CODES)
        seen: list[tuple[str, str, list[str]]] = [
            *orders.values_list(*columns)[:LOOKED_AT],
            *waiting.values_list(*columns),
        ]
        shipping, payment = MAPPING_CODES
        return cls(
            menu,
            levels=_sorted({level for _code, level, _methods in seen}),
            methods=_sorted({method for _code, _level, methods in seen for method in methods}),
            lacking={
                shipping: _sorted({level for code, level, _methods in seen if code == shipping}),
                payment: _sorted(
                    {
                        method
                        for code, _level, methods in seen
                        if code == payment
                        for method in methods
                    }
                ),
            },
        )


def _sorted(words: Collection[str]) -> list[str]:
    return sorted(filter(None, words), key=str.casefold)


_KEPT = "_amazon_sync_offered"


def offered(request: HttpRequest, account: SellerAccount) -> Offered:
    """What can be chosen; looked up once a request."""
    if not hasattr(request, _KEPT):
        setattr(request, _KEPT, Offered.to(account))
    found: Offered = getattr(request, _KEPT)
    return found


# --- The account's own columns --------------------------------------------------------------------


def as_amazon_spells(carrier: str) -> str:
    """A carrier's code letter by letter; one that is not known here as it was typed."""
    return spelled(carrier) or " ".join(carrier.split())


def suggest_carriers(form: forms.BaseForm, name: str) -> None:
    """Suggest Amazon's list, which the page's template holds once."""
    if name in form.fields:
        form.fields[name].widget.attrs["list"] = "amazon-carriers"


def status_field(status: str) -> str:
    """The name of the form's field for one of Amazon's statuses."""
    return f"status_{status.lower()}"


class OrderMappingsForm(RowForm[OrderMappings]):
    """The account's choices for its orders; a status for each of Amazon's has a field."""

    #: Set on the class that is made for each request.
    offered: ClassVar[Offered]

    status_unshipped = forms.CharField(label=STATUS_NAMES["UNSHIPPED"], required=False)
    status_partially_shipped = forms.CharField(
        label=STATUS_NAMES["PARTIALLY_SHIPPED"], required=False
    )
    status_shipped = forms.CharField(label=STATUS_NAMES["SHIPPED"], required=False)
    status_cancelled = forms.CharField(label=STATUS_NAMES["CANCELLED"], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        suggest_carriers(self, "default_carrier")
        for status in MAPPED:
            if field := self.fields.get(status_field(status)):
                field.initial = self.instance.order_statuses.get(status, "")
        if menu := self.offered.menu:
            account = self.instance
            choose(self, "default_shipping_method", menu.shipping_methods,
                   account.default_shipping_method)  # fmt: skip
            choose(self, "default_payment_method", menu.payment_methods,
                   account.default_payment_method)  # fmt: skip
            choose(self, "default_category", menu.categories, account.default_category)
            for status in MAPPED:
                stored = account.order_statuses.get(status, "")
                choose(self, status_field(status), menu.statuses, stored)

    @cached_property
    def changed_data(self) -> list[str]:
        own = {status_field(status) for status in MAPPED}
        return ["order_statuses" if name in own else name for name in super().changed_data]

    def clean_default_carrier(self) -> str:
        carrier: str = self.cleaned_data["default_carrier"]
        return as_amazon_spells(carrier)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if menu := self.offered.menu:
            self._check_newcomers(menu)
            labels = {item.code: item.label for item in menu.statuses}
            steps = impossible_steps(self._mapped(), menu.flow)
            for step in {step.status: step for step in reversed(steps)}.values():
                self.add_error(
                    status_field(step.status),
                    forms.ValidationError(
                        _("In the shop “%(end)s” cannot follow “%(start)s”; choose a status that "
                          "an order can have next."),
                        params={
                            "start": labels.get(step.start, step.start),
                            "end": labels.get(step.end, step.end),
                        },
                    ),
                )  # fmt: skip
        return data

    def _check_newcomers(self, menu: Menu) -> None:
        """Refuse what this shop's adapter cannot make, and products without a category."""
        data = self.cleaned_data
        if data.get("import_customers") and not menu.customers:
            self.add_error("import_customers", _("This shop's adapter cannot create customers."))
        if data.get("relay_customers") and not data.get("import_customers"):
            text = _("This needs customers to be imported: switch that on as well.")
            self.add_error("relay_customers", text)
        if data.get("create_products") and not menu.products:
            self.add_error("create_products", _("This shop's adapter cannot create products."))
        elif data.get("create_products") and menu.categories and not data.get("default_category"):
            self.add_error("default_category", _("Choose the category of new products."))

    def _mapped(self) -> dict[str, str]:
        chosen: dict[str, str | None] = {
            status: self.cleaned_data.get(status_field(status)) for status in MAPPED
        }
        return {status: shops for status, shops in chosen.items() if shops}

    def save(self, commit: bool = True) -> OrderMappings:
        self.instance.order_statuses = self._mapped()
        return super().save(commit)


# --- The tables -----------------------------------------------------------------------------------


sees_accounts, changes_accounts = needs("view_selleraccount"), needs("change_selleraccount")


class OfAccount:
    """Who may change an account may change its mappings, and needs no permission beside that."""

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return changes_accounts(self, request)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return changes_accounts(self, request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return changes_accounts(self, request)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return sees_accounts(self, request) or changes_accounts(self, request)


class SuggestedRowForm(RowForm[Row]):
    """A row that is begun with a word of Amazon's; left without a method, it is no row."""

    def has_changed(self) -> bool:
        changed = super().has_changed()
        given = self.data.get(self.add_prefix("shop_method"))
        return changed and (self.instance.pk is not None or bool(given))


class WordsInline(OfAccount, RowsInline[Row, OrderMappings]):
    """Amazon's words on the left, the shop's methods on the right."""

    form: type[forms.ModelForm[Row]] = SuggestedRowForm
    extra = 0
    word: ClassVar[str]
    account: SellerAccount | None = None

    def words(self, found: Offered) -> Iterable[str]:
        """Amazon's words to choose from."""
        raise NotImplementedError

    def methods(self, menu: Menu) -> Iterable[MenuItem]:
        """The shop's methods to choose from."""
        raise NotImplementedError

    def lacking(self, request: HttpRequest, account: SellerAccount) -> list[str]:
        """The words that orders wait for: a row is begun with each."""
        raise NotImplementedError

    def get_extra(
        self, request: HttpRequest, obj: OrderMappings | None = None, **kwargs: Any
    ) -> int:
        return len(self.lacking(request, obj)) if obj else 0

    def get_formset(
        self, request: HttpRequest, obj: OrderMappings | None = None, **kwargs: Any
    ) -> type[forms.BaseInlineFormSet[Row, OrderMappings, forms.ModelForm[Row]]]:
        self.account = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if self.account is None or field is None:
            return field
        found = offered(request, self.account)
        rows = self.model._default_manager.filter(account=self.account)
        stored: list[str] = list(rows.values_list(db_field.name, flat=True))
        if db_field.name == self.word:
            choices = [(word, word) for word in {*self.words(found), *stored}]
            return _choice(field, sorted(choices, key=lambda choice: choice[0].casefold()))
        if db_field.name == "shop_method" and found.menu is not None:
            choices = [(item.code, item.label) for item in self.methods(found.menu)]
            gone = sorted({code for code in stored if code not in dict(choices)})
            return _choice(field, [*choices, *((code, code) for code in gone)])
        return field


def _choice(field: forms.Field, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=field.label,
        choices=[("", "---------"), *choices],
        required=field.required,
        widget=forms.Select(attrs={"aria-label": capfirst(field.label)}),
    )


class ShippingInline(WordsInline[ShippingMapping]):
    model = ShippingMapping
    fields = ("service_level", "shop_method")
    word = "service_level"
    verbose_name = _("service level")
    verbose_name_plural = _("shipping: Amazon's service levels")

    def words(self, found: Offered) -> Iterable[str]:
        return (*SERVICE_LEVELS, *found.levels)

    def methods(self, menu: Menu) -> Iterable[MenuItem]:
        return menu.shipping_methods

    def lacking(self, request: HttpRequest, account: SellerAccount) -> list[str]:
        return offered(request, account).lacking[MAPPING_CODES[0]]


class PaymentInline(WordsInline[PaymentMapping]):
    model = PaymentMapping
    fields = ("method", "shop_method")
    word = "method"
    verbose_name = _("payment method")
    verbose_name_plural = _("payment: Amazon's payment methods")

    def words(self, found: Offered) -> Iterable[str]:
        return (*PAYMENT_METHODS, *found.methods)

    def methods(self, menu: Menu) -> Iterable[MenuItem]:
        return menu.payment_methods

    def lacking(self, request: HttpRequest, account: SellerAccount) -> list[str]:
        return offered(request, account).lacking[MAPPING_CODES[1]]


class CarrierForm(RowForm[CarrierMapping]):
    """A carrier of the shop; Amazon's code is spelled as Amazon does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # A table's columns label no input, and three of Django's wide ones do not fit.
            field.widget.attrs |= {"aria-label": field.label, "class": "", "size": 20}
        suggest_carriers(self, "carrier")

    def clean_carrier(self) -> str:
        carrier: str = self.cleaned_data["carrier"]
        return as_amazon_spells(carrier)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if data.get("carrier") == OTHER and not data.get("carrier_name"):
            text = _("Beside “Other” Amazon needs the name of the carrier.")
            self.add_error("carrier_name", text)
        return data


class CarrierInline(OfAccount, RowsInline[CarrierMapping, OrderMappings]):
    model = CarrierMapping
    form = CarrierForm
    fields = ("shop_carrier", "carrier", "carrier_name")
    extra = 0
    verbose_name = _("carrier")
    verbose_name_plural = _("carriers of the shop's parcels")


# --- The page -------------------------------------------------------------------------------------


@admin.register(OrderMappings)
class OrderMappingsAdmin(NoAddDelete, OfAccount, Screen[OrderMappings]):
    """One page for each account; accounts are made and deleted nowhere here."""

    form = OrderMappingsForm
    change_form_template = "django_amazon_sync/admin/order_mappings.html"
    account_path = "self"
    encrypted = ("refresh_token",)
    list_display = (
        "name", "import_orders", "default_shipping_method", "default_payment_method",
        "mapped_statuses",
    )  # fmt: skip
    search_fields = ("name",)
    ordering = ("name",)
    inlines = (ShippingInline, PaymentInline, CarrierInline)
    readonly_fields = ("waiting", "mapped_statuses")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: OrderMappings | None = None) -> Fieldsets:
        statuses: tuple[str, ...] = tuple(map(status_field, MAPPED))
        if not self.has_change_permission(request):
            statuses = ("mapped_statuses",)
        return [
            (None, {"fields": ("waiting", "import_orders")}),
            (
                _("Where nothing else is mapped"),
                {
                    "fields": (
                        "default_shipping_method", "default_payment_method", "default_carrier",
                    )
                },
            ),
            (
                _("Statuses of orders"),
                {
                    "fields": statuses,
                    "description": _(
                        "The status that the shop's order gets with each of Amazon's; empty "
                        "changes nothing in the shop."
                    ),
                },
            ),
            (
                _("Customers"),
                {
                    "fields": ("import_customers", "relay_customers"),
                    "description": _(
                        "A customer who is there already is never changed. A new one has no "
                        "password until they ask for one, and gets no newsletters."
                    ),
                },
            ),
            (
                _("Products that the shop lacks"),
                {
                    "fields": ("create_products", "default_category"),
                    "description": _(
                        "They are created unpublished and without stock, so that none is sold or "
                        "sent before you have looked at it."
                    ),
                },
            ),
        ]  # fmt: skip

    def get_form(
        self,
        request: HttpRequest,
        obj: OrderMappings | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[OrderMappings]]:
        made = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            assert issubclass(made, OrderMappingsForm)
            made.offered = offered(request, obj)
        return made

    def get_formset_kwargs(
        self,
        request: HttpRequest,
        obj: OrderMappings,
        inline: InlineModelAdmin[Any, OrderMappings],
        prefix: str,
    ) -> dict[str, Any]:
        found = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, WordsInline):
            found["initial"] = [{inline.word: word} for word in inline.lacking(request, obj)]
        return found

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"carriers": [*CARRIERS, OTHER], **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description=_("statuses of orders"))
    def mapped_statuses(self, account: OrderMappings) -> str:
        """The map of the statuses, for a list and for those who may only look."""
        mapped = account.order_statuses
        return "; ".join(
            f"{STATUS_NAMES[status]}: {mapped[status]}" for status in MAPPED if mapped.get(status)
        )

    @admin.display(description=_("orders that wait for this page"))
    def waiting(self, account: OrderMappings) -> str:
        """How many orders lack a mapping, and which; they are placed by the next import."""
        orders = AmazonOrder.objects.filter(account=account, state=OrderState.QUARANTINED)
        rows = []
        for code, what in zip(MAPPING_CODES, (_("shipping"), _("payment")), strict=True):
            if number := orders.filter(reason_code=code).count():
                text = ngettext("%(number)d order", "%(number)d orders", number)
                filters = {"account": account.pk, "state__exact": OrderState.QUARANTINED}
                rows.append((what, list_link(AmazonOrder, text % {"number": number}, **filters)))
        return table((_("what is missing"), _("how many")), rows) or gettext("None.")
