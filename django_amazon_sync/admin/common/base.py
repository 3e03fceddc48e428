"""What the screens share: queries that never decrypt, saves that write what changed, filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Model, QuerySet
from django.forms import Field, ModelForm, MultiWidget, Script, SplitDateTimeField, Widget
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import scopes_of, visible_accounts, within_scopes
from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.common.number_fields import form_class_of
from django_amazon_sync.admin.common.odd_requests import all_refusing
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.messages import shown
from django_amazon_sync.models import Marketplace
from django_amazon_sync.rules.identifiers import may_be_pk

Row = TypeVar("Row", bound=Model)
Parent = TypeVar("Parent", bound=Model)

if TYPE_CHECKING:  # they cannot be subscripted at run time
    from django.db import models
    from django.forms import ModelChoiceField
    from django_stubs_ext import StrOrPromise

    class ModelScreen(admin.ModelAdmin[Row]): ...

    class ScreenPart(admin.ModelAdmin[Row]): ...

    class PageOrTable(BaseModelAdmin[Any], Generic[Row]): ...

    class RowsTable(admin.TabularInline[Row, Parent]): ...

    class RowForm(ModelForm[Row]): ...
else:
    # Under the theme django-unfold a list has no button for actions unless it is the theme's own.
    base = import_module("unfold.admin") if apps.is_installed("unfold") else admin

    class ModelScreen(base.ModelAdmin, Generic[Row]):
        pass

    class ScreenPart(Generic[Row]):
        """What is mixed into a screen, so that ``super()`` and ``self`` are that screen."""

    class PageOrTable(Generic[Row]):
        """What is mixed into a screen, or into a table on one."""

    class RowsTable(base.TabularInline, Generic[Row, Parent]):
        pass

    class RowForm(ModelForm, Generic[Row]):
        pass


def needs(codename: str) -> Callable[[object, HttpRequest], bool]:
    """A ``has_..._permission`` method: whether the user has this permission of ours."""

    def allowed(screen: object, request: HttpRequest) -> bool:
        return request.user.has_perm(f"django_amazon_sync.{codename}")

    return allowed


class AccountScoped(PageOrTable[Row]):
    """``reads_with`` are the related rows that a page shows, ``encrypted`` the columns that its
    queries leave alone: a lost key must not take a page away. ``account_path`` leads from a row to
    its account, as some people see the accounts of their own part of the shop only; empty where
    rows are of no account: then those people see none.
    """

    reads_with: ClassVar[tuple[str, ...]] = ()
    encrypted: ClassVar[tuple[str, ...]] = ()
    account_path: ClassVar[str] = "account"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        rows = within_scopes(super().get_queryset(request), request, self.account_path)
        rows = rows.defer(*self.encrypted)
        return rows.select_related(*self.reads_with) if self.reads_with else rows

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Choose among the rows that whoever asks may see."""
        screen = admin.site._registry.get(db_field.remote_field.model)
        if isinstance(screen, Screen):
            kwargs.setdefault("queryset", screen.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class Screen(AccountScoped[Row], ModelScreen[Row]):
    """A screen of ours; each name in ``@admin.action(permissions=...)`` is a method here."""

    class Media:
        css: ClassVar = {"all": ["django_amazon_sync/staff.css"]}
        js = (Script("django_amazon_sync/narrow_lists.js", defer=True),)

    show_full_result_count = False
    #: Indexed columns: what equals one of them is found by it, before words are looked for.
    found_by: ClassVar[tuple[str, ...]] = ()

    has_check_permission = needs("check_selleraccount")
    has_release_permission = needs("release_selleraccount")
    has_export_permission = needs("export_listing")
    has_verify_permission = needs("verify_listing")
    has_take_over_permission = needs("take_over_listing")
    has_approve_permission = needs("approve_listing")
    has_import_permission = needs("import_amazonorder")
    has_replay_permission = needs("replay_amazonorder")
    has_match_permission = needs("match_listing")
    has_confirm_permission = needs("confirm_shipment")
    has_erase_permission = needs("erase_personal_data")

    @property
    def urls(self) -> list[URLPattern]:
        """All addresses of the screen, also those that a screen of its own adds."""
        return all_refusing(super().urls)

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        if of_numbers := form_class_of(db_field):
            kwargs.setdefault("form_class", of_numbers)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, SplitDateTimeField):
            _name_parts(field)
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Accounts, and what is of none, are added by those who see all of the shop."""
        of_one = self.account_path not in ("", "self")
        return super().has_add_permission(request) and (of_one or scopes_of(request) is None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A whole code is found by its index, however many rows there are; else words are."""
        for column in self.found_by if search_term else ():
            found = queryset.filter(**{column: search_term})
            if found.exists():
                return found, False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("reason"))
    def why(self, row: Row) -> str:
        """The reason of a row's state, short enough for a list."""
        return brief(self.whole_reason(row))

    @admin.display(description=_("reason"))
    def whole_reason(self, row: Row) -> str:
        """The reason of a row's state, in the language of whoever looks where that is known."""
        reason: str = getattr(row, "reason", "")
        return shown(reason)

    def save_model(
        self, request: HttpRequest, obj: Row, form: ModelForm[Row], change: bool
    ) -> None:
        """Write the columns that were changed here; workers write the others meanwhile."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {column.name for column in obj._meta.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])


class RowsInline(AccountScoped[Row], RowsTable[Row, Parent]):
    """A table of rows on the page of the row that they belong to."""

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        """The head of the table names a column for those who see it; this, for the others."""
        if of_numbers := form_class_of(db_field):
            kwargs.setdefault("form_class", of_numbers)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, SplitDateTimeField):
            _name_parts(field)
        elif field is not None and not field.widget.is_hidden:
            # The widget of a foreign key wraps the one that has the attributes.
            widget: Widget = field.widget
            if isinstance(widget, RelatedFieldWidgetWrapper):
                widget = widget.widget
            widget.attrs["aria-label"] = capfirst(field.label)
        return field


def _name_parts(field: SplitDateTimeField) -> None:
    """Date and time of one field have one label in Django's admin; a reader wants two."""
    assert isinstance(field.widget, MultiWidget)
    for part, name in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
        part.attrs["aria-label"] = format_lazy("{}, {}", field.label, name)


class NoAddDelete:
    """Rows that the app makes itself and that stay: nobody adds or deletes one here."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnly(NoAddDelete):
    """Rows that are only looked at."""

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class AccountFilter(admin.SimpleListFilter):
    """By account; it reads two columns, as the others hold secrets."""

    title = _("account")
    parameter_name = "account"
    path = "account"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        accounts = visible_accounts(request).order_by("name").values_list("pk", "name")
        return [(str(pk), name) for pk, name in accounts]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(**{self.path: value}) if may_be_pk(value) else queryset


class MarketplaceFilter(admin.SimpleListFilter):
    """By Amazon store, over all accounts that sell there."""

    title = _("marketplace")
    parameter_name = "marketplace"
    path = "marketplace__code"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        sold_in = within_scopes(Marketplace.objects.all(), request, "account")
        codes = sold_in.order_by("code").values_list("code", flat=True).distinct()
        return [(code, marketplace_name(code)) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.path: self.value()}) if self.value() else queryset


class WordFilter(admin.SimpleListFilter):
    """By one of Amazon's words, of a list: to ask the table for them would read all of it."""

    column: ClassVar[str]
    words: ClassVar[dict[str, StrOrPromise]]

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, StrOrPromise]]:
        return self.words.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


def marketplace_name(code: str) -> str:
    """The country of a marketplace; its id where it is not known."""
    facts = MARKETPLACES.get(code)
    return facts.country if facts else code
