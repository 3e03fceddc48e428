"""Applications and seller accounts: what they do now, and what staff make them do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Count, QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from django_amazon_sync import tasks
from django_amazon_sync.admin.common import help_links, next_steps
from django_amazon_sync.admin.common.access import scopes_of
from django_amazon_sync.admin.common.base import Row, Screen, ScreenPart, marketplace_name
from django_amazon_sync.admin.common.formatting import (
    brief,
    link,
    list_link,
    moment,
    moment_alone,
    table,
)
from django_amazon_sync.admin.common.help_articles import explained
from django_amazon_sync.admin.common.queue_runs import ask, whole
from django_amazon_sync.admin.settings.account_forms import (
    AccountForm,
    ApplicationForm,
    MarketplacesForm,
)
from django_amazon_sync.admin.settings.account_states import ChangesState
from django_amazon_sync.admin.settings.connecting import ConnectingPages, connection_of
from django_amazon_sync.admin.settings.cron_key import CronKeyPages, cron_key_of
from django_amazon_sync.admin.settings.erasing import LetsErase
from django_amazon_sync.admin.settings.marketplaces import MarketplaceInline
from django_amazon_sync.admin.settings.rule_preview import PreviewsRules
from django_amazon_sync.admin.settings.ruled import Ruled, of_marketplaces
from django_amazon_sync.admin.settings.schedules import ScheduleInline
from django_amazon_sync.admin.todo.overview import HelpPages
from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.models import (
    DEFAULT_PERIODS,
    AccessToken,
    AccountState,
    Application,
    Job,
    OrderMappings,
    Schedule,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync import doctor
from django_amazon_sync.sync.accounts import access, connect
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.sync.alerts.attention import MatterKind
from django_amazon_sync.sync.orders import windows
from django_amazon_sync.sync.reconciliation.proof import prove_anew, proven

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec as Fieldsets
    from django_stubs_ext import StrOrPromise

Accounts = QuerySet[SellerAccount]

#: Runs that an account's page shows.
LATEST_RUNS = 5


class ShowsNoSecret(ScreenPart[Row]):
    """For those who may only look, the field of the secret says that there is one.

    What is typed there stands in no error report either.
    """

    @method_decorator(sensitive_post_parameters("new_secret"))
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, extra_context)

    @admin.display(description=_("secret"))
    def new_secret(self, row: Row) -> str:
        return gettext("Stored encrypted, and never shown.")


@admin.register(Application)
class ApplicationAdmin(ShowsNoSecret[Application], Screen[Application]):
    form = ApplicationForm
    account_path = ""
    encrypted = ("client_secret",)
    fields = (
        "name", "client_id", "new_secret", "secret_made_on", "application_id", "public", "draft",
    )  # fmt: skip
    list_display = ("name", "client_id", "secret_made_on", "account_count")
    search_fields = ("name", "client_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        return super().get_queryset(request).annotate(account_total=Count("accounts"))

    @admin.display(description=_("accounts"))
    def account_count(self, application: Any) -> int:
        return int(application.account_total)

    def save_model(
        self, request: HttpRequest, obj: Application, form: ModelForm[Application], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if change and "client_secret" in form.changed_data:
            _connect_again(SellerAccount.objects.filter(application=obj))


def _gaps(account: SellerAccount) -> list[str]:
    """Where orders may be missing all the same: each marketplace, from when to when, and why."""
    return [
        gettext("%(marketplaces)s from %(start)s to %(until)s: %(why)s")
        % {
            "marketplaces": ", ".join(map(marketplace_name, gap.marketplaces)),
            "start": moment(gap.start),
            "until": moment(gap.until) if gap.until else gettext("now"),
            "why": gap.why.translated(),
        }
        for gap in (windows.gaps(account) if account.pk else ())
    ]


@admin.register(SellerAccount)
class AccountAdmin(
    ShowsNoSecret[SellerAccount],
    ConnectingPages,
    CronKeyPages,
    HelpPages,
    PreviewsRules[SellerAccount],
    ChangesState,
    LetsErase,
    Screen[SellerAccount],
):
    form = AccountForm
    secrets = ("new_secret",)
    account_path = "self"
    reads_with = ("application",)
    encrypted = ("refresh_token", "application__client_secret")
    list_display = ("name", "state", "why", "seller_id", "region", "import_orders")
    list_filter = ("state", "region")
    search_fields = ("name", "seller_id")
    actions = (
        "check_connection", "release", "observe", "pause", "deactivate", "activate",
        "preview", "export", "verify", "import_listings", "match", "import_orders",
        "reconcile", "confirm_shipments", "let_erase", "stop_erasing",
    )  # fmt: skip
    readonly_fields = (
        "state", "state_reason", "what_next", "lacks", "deployment", "complete_until",
        "proven_until", "attention", "latest_runs", "buyers_data",
    )  # fmt: skip
    fieldsets = (
        (_("Now"), {"fields": readonly_fields}),
        (
            _("Connection"),
            {
                "fields": (
                    "name", "connection", "application", "seller_id", "region", "new_secret",
                )
            },
        ),
        (_("Products"), {"fields": ("shop_scope", "synchronise_all", "stock_buffer")}),
        (
            _("Orders"),
            {
                "fields": (
                    "import_orders", "orders_since", "cut_over", "default_shipping_method",
                    "default_payment_method", "default_carrier", "order_mappings",
                )
            },
        ),
        (_("Without workers"), {"fields": ("cron_key",)}),
        (_("Alarms"), {"fields": ("alarm_recipients",)}),
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_inlines(
        self, request: HttpRequest, obj: SellerAccount | None
    ) -> list[type[InlineModelAdmin[Any, Any]]]:
        return [MarketplaceInline, ScheduleInline] if obj else [MarketplaceInline]

    def get_readonly_fields(
        self, request: HttpRequest, obj: SellerAccount | None = None
    ) -> tuple[str, ...]:
        """Who the account is cannot change: another seller is another account.

        Which part of the shop it sells is decided by those who see all of the shop.
        """
        fixed: tuple[str, ...] = ("application", "seller_id", "region") if obj else ()
        if scopes_of(request) is not None:
            fixed = (*fixed, "shop_scope")
        return (*self.readonly_fields, "connection", "cron_key", "order_mappings", *fixed)

    def get_fieldsets(self, request: HttpRequest, obj: SellerAccount | None = None) -> Fieldsets:
        """A new account has no state yet."""
        return self.fieldsets if obj else self.fieldsets[1:]

    def save_model(
        self, request: HttpRequest, obj: SellerAccount, form: ModelForm[SellerAccount], change: bool
    ) -> None:
        if not change:
            obj.authorised_on = timezone.localdate()
        super().save_model(request, obj, form, change)
        if change and obj.state == AccountState.LIVE and "shop_scope" in form.changed_data:
            connect.export_soon(obj)
        if change and "cut_over" in form.changed_data and obj.cut_over < form.initial["cut_over"]:
            prove_anew(obj)
        if not change:
            Schedule.objects.bulk_create(
                Schedule(account=obj, job=job, every=every)
                for job, every in DEFAULT_PERIODS.items()
            )
        elif "refresh_token" in form.changed_data:
            SellerAccount.objects.filter(pk=obj.pk).update(authorised_on=timezone.localdate())
            _connect_again(SellerAccount.objects.filter(pk=obj.pk))

    def ruled(
        self, form: ModelForm[SellerAccount], formsets: Sequence[BaseFormSet[Any]]
    ) -> Ruled | None:
        """The account's own rules, and those of its stores; a new account changes nothing yet."""
        account = form.instance
        if not account.pk:
            return None
        typed = [
            row.instance
            for rows in formsets
            if isinstance(rows, MarketplacesForm)
            for row in rows
            if row.instance.pk or row.has_changed()
        ]
        others = account.marketplaces.exclude(pk__in=[place.pk for place in typed if place.pk])
        return of_marketplaces([*typed, *others], account)

    # --- What the pages show ---------------------------------------------------------------------

    @admin.display(description=_("reason"))
    def why(self, row: SellerAccount) -> str:
        return brief(row.state_reason)

    @admin.display(description=_("what happens next"))
    def what_next(self, account: SellerAccount) -> str:
        waits = access.refused().filter(account=account, part__in=access.NEEDS[Job.EXPORT])
        if account.state == AccountState.LIVE and waits.exists():
            text = gettext(
                "Where Amazon refuses changes, those of the shop are sent once it allows them "
                "again."
            )
            return explained(f"{text} {next_steps.of_import(account)}", "authorise-again")
        return explained(next_steps.of_account(account), help_links.of_account(account))

    @admin.display(description=_("access that Amazon refuses"))
    def lacks(self, account: SellerAccount) -> str:
        rows = [
            (lack.what, lack.reason, moment_alone(lack.since), lack.tries)
            for lack in access.refused().filter(account=account).order_by("pk")
        ]
        head = (_("what"), _("reason"), _("since"), _("tries"))
        return explained(table(head, rows), "authorise-again") if rows else gettext("Nothing.")

    @admin.display(description=_("orders complete up to"))
    def complete_until(self, account: SellerAccount) -> str:
        told = (
            moment_alone(windows.complete_until(account))
            or attention.not_searched([account.pk]).get(account.pk)
            or gettext("No search for orders has finished yet.")
        )
        return format_html_join("", "{}<br>", [(told,), *((gap,) for gap in _gaps(account))])

    @admin.display(description=_("orders proven up to"))
    def proven_until(self, account: SellerAccount) -> str:
        proof = proven(account)
        if proof is None:
            return gettext("Not compared with Amazon's report yet.")
        return gettext("%(moment)s, by Amazon's report %(reports)s") % {
            "moment": moment(proof.until),
            "reports": ", ".join(dict.fromkeys(proof.reports)),
        }

    @admin.display(description=_("needs attention"))
    def attention(self, account: SellerAccount) -> str:
        return table((_("what"), _("how many")), _attention(account)) or gettext("Nothing.")

    @admin.display(description=_("cron key"))
    def cron_key(self, account: SellerAccount) -> str:
        return cron_key_of(account) if account.pk else gettext("Once the account is saved.")

    @admin.display(description=_("connection"))
    def connection(self, account: SellerAccount) -> str:
        return connection_of(account) if account.pk else gettext("Once the account is saved.")

    @admin.display(description=_("more about its orders"))
    def order_mappings(self, account: SellerAccount) -> str:
        if not account.pk:
            return gettext("Once the account is saved.")
        return link(OrderMappings(pk=account.pk), gettext("Order mappings"))

    @admin.display(description=_("latest runs"))
    def latest_runs(self, account: SellerAccount) -> str:
        runs = list(account.runs.order_by("-pk")[:LATEST_RUNS])
        head = (_("run"), _("state"), _("reason"), _("created at"))
        rows = [
            (link(run), run.get_state_display(), brief(run.reason), run.created_at) for run in runs
        ]
        every = list_link(SyncRun, _("All runs"), account=account.pk)
        return format_html("{}{}", table(head, rows), every)

    # --- Actions ---------------------------------------------------------------------------------

    @admin.action(description=_("Check the connection"), permissions=["check"])
    def check_connection(self, request: HttpRequest, queryset: Accounts) -> None:
        no_worker = tasks.why_no_worker()
        ends = doctor.last_moment()  # of all of them: somebody waits for the page
        for account in queryset:
            try:
                findings = doctor.check_account(account, ends=ends)
            except AmazonSyncError as error:
                messages.error(request, f"{account}: {error}")
                continue
            works = not no_worker and all(finding.works is not False for finding in findings)
            said = [(finding.what, finding.sentence) for finding in findings]
            said += [("workers", no_worker)] if no_worker else []
            lines = format_html_join("", "<br>{}: {}", said)
            level = messages.SUCCESS if works else messages.WARNING
            messages.add_message(request, level, format_html("{}{}", account, lines))

    @admin.action(description=_("Show what an export would send"), permissions=["export"])
    def preview(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.EXPORT, whole(queryset), dry_run=True)

    @admin.action(description=_("Export to Amazon"), permissions=["export"])
    def export(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.EXPORT, whole(queryset))

    @admin.action(description=_("Verify listings"), permissions=["verify"])
    def verify(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.VERIFY, whole(queryset))

    @admin.action(description=_("Import listings"), permissions=["verify"])
    def import_listings(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.IMPORT_LISTINGS, whole(queryset))

    @admin.action(description=_("Match offers to listings"), permissions=["match"])
    def match(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.MATCH, whole(queryset))

    @admin.action(description=_("Import orders"), permissions=["import"])
    def import_orders(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.IMPORT_ORDERS, whole(queryset))

    @admin.action(description=_("Compare orders with Amazon's report"), permissions=["import"])
    def reconcile(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.RECONCILE, whole(queryset))

    @admin.action(description=_("Confirm shipments"), permissions=["confirm"])
    def confirm_shipments(self, request: HttpRequest, queryset: Accounts) -> None:
        ask(request, Job.CONFIRM_SHIPMENTS, whole(queryset))


#: What the page counts of what wants staff.
_ATTENTION: dict[MatterKind, StrOrPromise] = {
    MatterKind.APPROVAL: _("listings that wait for approval"),
    MatterKind.DRIFT: _("listings that drifted"),
    MatterKind.REFUSED: _("listings that Amazon refused"),
    MatterKind.QUARANTINE: _("quarantined orders"),
    MatterKind.ASKING: _("orders whose buyer asks to cancel"),
    MatterKind.SHIPMENT_REFUSED: _("shipments that Amazon refused"),
    MatterKind.SHIPMENT_INCOMPLETE: _("shipments that are incomplete"),
}


def _attention(account: SellerAccount) -> list[tuple[object, object]]:
    """What of the account waits for staff: (what, a linked number), without the zeros."""
    found = {matter.kind: matter for matter in attention.of_account(account)}
    return [
        (what, format_html('<a href="{}">{}</a>', found[kind].path, found[kind].number))
        for kind, what in _ATTENTION.items()
        if kind in found
    ]


def _connect_again(accounts: Accounts) -> None:
    """New credentials: the old access tokens are worth nothing, and what was cut off observes.

    What staff deactivated stays so: of that they say themselves when it is to be used again.
    """
    cut_off = accounts.filter(state=AccountState.DISCONNECTED, deactivated=False)
    for account in cut_off.defer("refresh_token"):  # locked before its tokens, as a renewal does
        account.move(AccountState.OBSERVING, state_reason="")
    AccessToken.objects.filter(account__in=accounts).delete()
    access.forget(accounts)
