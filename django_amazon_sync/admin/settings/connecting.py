"""Connecting an account, step by step: region, stores, application, authorisation, check.

The authorisation is a refresh token that staff paste, or Amazon's website workflow: the browser
goes to Seller Central and comes back with a code. What must wait for that lies in the session:
the choices and a random ``state``, no secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.boundfield import BoundWidget
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from django_amazon_sync import clock, conf, tasks
from django_amazon_sync.admin.common.access import scopes_of, visible_accounts
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.admin.settings.account_forms import check_id
from django_amazon_sync.admin.settings.periods import LookBackField, refuse_too_old
from django_amazon_sync.amazon.marketplaces import MARKETPLACES, MarketplaceFacts
from django_amazon_sync.data import Menu, MenuItem
from django_amazon_sync.errors import AmazonSyncError, ConfigurationError, Disconnected
from django_amazon_sync.models import Application, Region, SellerAccount
from django_amazon_sync.rules.identifiers import (
    may_be_application_id,
    may_be_pk,
    may_be_seller_id,
)
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync import doctor
from django_amazon_sync.sync.accounts import connect
from django_amazon_sync.sync.alerts import attention

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

APP = "django_amazon_sync"
CONNECT = f"admin:{APP}_connect"
CONNECT_REGION = f"admin:{APP}_connect_region"
BACK = f"admin:{APP}_connect_back"
CHECK = f"admin:{APP}_connect_check"

#: Where the session keeps what waits for the seller to come back.
KEPT = "amazon_sync_connecting"

#: Amazon gives the whole way to Seller Central and back ten minutes.
WAITS = timedelta(minutes=10)

#: What Seller Central may show instead of asking, and what to do.
REFUSALS = (
    ("MD1000", _("The application is a draft: tick “draft” here, or publish it at Amazon.")),
    ("MD5101", _("The return address is not the registered one: register this one.")),
    ("MD5110", _("The registered return address contains a #: register this one instead.")),
    ("MD9100", _("The application has no return address yet: register this one.")),
    (
        "SPDC8143",
        _("Only the primary user of the seller account can authorise: log in as that user."),
    ),
)

#: What is checked, in words.
NAMES = {
    "marketplaces": _("marketplaces"),
    "account": _("the account"),
    "listings": _("listings"),
    "product types": _("product types"),
    "catalogue": _("Amazon's catalogue"),
    "orders": _("orders"),
    "buyers' data": _("buyers' data"),
    "inventory": _("stock at Amazon"),
    "reports": _("reports"),
    "feeds": _("feeds"),
    "shipments": _("shipments"),
    "writing": _("writing"),
}

TOKEN, WEBSITE = "token", "website"


class Waiting(TypedDict):
    """What the session keeps while the browser is at Amazon; moments are ISO 8601."""

    state: str
    user: str
    until: str
    account: int | None
    region: str
    marketplaces: list[str]
    shipping: str
    payment: str
    application: int
    name: str
    scope: str | None
    orders_since: str


class RegionForm(forms.Form):
    """The first step."""

    region = forms.ChoiceField(label=_("Region"), choices=Region.choices, widget=forms.RadioSelect)


class ConnectForm(forms.Form):
    """Stores, application and authorisation of one account in one region."""

    marketplaces = forms.MultipleChoiceField(
        label=_("Marketplaces"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one marketplace.")},
    )
    name = forms.CharField(
        label=_("Name of the account"),
        max_length=100,
        required=False,
        help_text=_("What your staff call it; empty: the seller id and the region."),
    )
    scope = forms.CharField(
        label=_("Part of the shop"),
        max_length=100,
        required=False,
        help_text=_("Oscar: the code of the partner whose products it sells; empty: all."),
    )
    orders_since = LookBackField(
        label=_("Look back for orders"),
        help_text=_("Orders from before today take no stock and are placed only on request."),
    )
    shipping_method = forms.ChoiceField(
        label=_("Shipping method"),
        required=False,
        help_text=_("What Amazon's orders are shipped by in the shop; no order is placed without."),
    )
    payment_method = forms.ChoiceField(
        label=_("Payment method"),
        required=False,
        help_text=_("What Amazon's orders are paid by in the shop; Amazon collects the money."),
    )
    application = forms.ModelChoiceField(
        Application.objects.none(),
        label=_("Application"),
        required=False,
        empty_label=_("a new one, described below"),
    )
    application_name = forms.CharField(label=_("Its name"), max_length=100, required=False)
    client_id = forms.CharField(
        label=_("Client id"),
        max_length=200,
        required=False,
        help_text=_("It begins with amzn1.application-oa2-client."),
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("It is stored encrypted and never shown."),
    )
    secret_made_on = forms.DateField(
        label=_("Secret made on"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text=_("Amazon's secrets are valid for 180 days; you are told before they end."),
    )
    application_id = forms.CharField(
        label=_("Application id"),
        max_length=100,
        required=False,
        help_text=_("It begins with amzn1.sp.solution; only Amazon's website needs it."),
    )
    public = forms.BooleanField(
        label=_("Public"),
        required=False,
        help_text=_("Other sellers authorise it too; each does so again every 365 days."),
    )
    draft = forms.BooleanField(
        label=_("Draft"), required=False, help_text=_("Amazon has not published it yet.")
    )
    way = forms.ChoiceField(
        label=_("How the account is authorised"),
        choices=((TOKEN, _("with a refresh token")), (WEBSITE, _("on Amazon's website"))),
        initial=TOKEN,
        widget=forms.RadioSelect,
    )
    seller_id = forms.CharField(
        label=_("Seller id"),
        max_length=50,
        required=False,
        help_text=_("In Seller Central: Settings, Account info, Merchant token."),
    )
    refresh_token = forms.CharField(
        label=_("Refresh token"),
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("It is stored encrypted and never shown."),
    )

    #: The fields of each part of the page.
    ABOUT = ("name", "scope")
    OF_ORDERS = ("shipping_method", "payment_method", "orders_since")
    OF_APPLICATION = (
        "application_name", "client_id", "client_secret", "secret_made_on", "application_id",
        "public", "draft",
    )  # fmt: skip

    def __init__(
        self, request: HttpRequest, region: str, again: SellerAccount | None, *args: Any
    ) -> None:
        super().__init__(*args)
        self.region, self.again = region, again
        stores = self.fields["marketplaces"]
        assert isinstance(stores, forms.MultipleChoiceField)
        stores.choices = [(facts.id, facts.country) for facts in stores_of(region)]
        applications = self.fields["application"]
        assert isinstance(applications, forms.ModelChoiceField)
        applications.queryset = _applications(request, again).defer("client_secret")
        self.scopes = scopes_of(request)
        if self.scopes is not None:
            choices = [(scope, scope) for scope in sorted(self.scopes)]
            self.fields["scope"] = forms.ChoiceField(label=_("Part of the shop"), choices=choices)
        self.may_be_new = again is None and request.user.has_perm(f"{APP}.add_application")
        if not self.may_be_new:
            applications.empty_label, applications.required = None, True
            for name in self.OF_APPLICATION:
                del self.fields[name]
        menu = configured_menu()
        self._offer("shipping_method", menu.shipping_methods)
        self._offer("payment_method", menu.payment_methods)
        if again is not None:
            for name in (*self.ABOUT, *self.OF_ORDERS):
                del self.fields[name]  # they are on the account's page
            stores.initial = list(again.marketplaces.values_list("code", flat=True))
            self.fields["seller_id"].initial = again.seller_id
            self.fields["seller_id"].disabled = True

    @property
    def stores(self) -> list[tuple[BoundWidget, MarketplaceFacts]]:
        """The checkbox of each store, with what is known of it."""
        return list(zip(self["marketplaces"], stores_of(self.region), strict=True))

    @property
    def about(self) -> list[forms.BoundField]:
        return [self[name] for name in self.ABOUT if name in self.fields]

    @property
    def of_orders(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OF_ORDERS if name in self.fields]

    def _offer(self, name: str, methods: Sequence[MenuItem]) -> None:
        """The shop's own methods; where there is but one, it is chosen."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        later = [] if len(methods) == 1 else [("", _("choose later; until then no release"))]
        field.choices = [*later, *((item.code, item.label) for item in methods)]

    @property
    def of_application(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OF_APPLICATION if name in self.fields]

    def clean_orders_since(self) -> datetime | None:
        begins: datetime | None = self.cleaned_data["orders_since"]
        refuse_too_old(begins, self.region)
        return begins

    def clean_client_id(self) -> str:
        client_id = check_id(self.cleaned_data["client_id"], may_be_application_id)
        if client_id.startswith("amzn1.sp.solution"):
            raise forms.ValidationError(
                _("This is the application id; the client id begins with "
                  "amzn1.application-oa2-client.")
            )  # fmt: skip
        if client_id and Application.objects.filter(client_id=client_id).exists():
            raise forms.ValidationError(_("This application is here already; choose it above."))
        return client_id

    def clean_application_id(self) -> str:
        return check_id(self.cleaned_data["application_id"], may_be_application_id)

    def clean_seller_id(self) -> str:
        return check_id(self.cleaned_data["seller_id"], may_be_seller_id)

    def clean_secret_made_on(self) -> date | None:
        made_on: date | None = self.cleaned_data["secret_made_on"]
        if made_on and made_on > timezone.localdate():
            raise forms.ValidationError(_("This day has not come yet."))
        return made_on

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        way: str | None = data.get("way")
        needed = ["seller_id", "refresh_token"] if way == TOKEN else []
        chosen: Application | None = data.get("application")
        if chosen is None and self.may_be_new:
            needed += ["client_id", "client_secret"]
            if way == WEBSITE:
                needed.append("application_id")
        elif way == WEBSITE and chosen and not chosen.application_id:
            text = _("It has no application id; write it on the application's page first.")
            self.add_error("application", text)
        for name in needed:
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed here."))
        return data

    def new_credentials(self) -> tuple[str, str]:
        """Client id and secret of a new application; empty where one was chosen."""
        client_id: str = self.cleaned_data.get("client_id", "")
        client_secret: str = self.cleaned_data.get("client_secret", "")
        return client_id, client_secret.strip()

    def facts(self) -> connect.ApplicationFacts:
        """What was said of a new application."""
        data = self.cleaned_data
        application_id: str = data["application_id"]
        return connect.ApplicationFacts(
            name=data["application_name"],
            application_id=application_id.strip(),
            public=data["public"],
            draft=data["draft"],
            secret_made_on=data["secret_made_on"],
        )


def configured_menu() -> Menu:
    """What the shop offers; nothing where there is none, which a system check says."""
    try:
        return configured_shop().menu()
    except ConfigurationError:
        return Menu()


def stores_of(region: str) -> list[MarketplaceFacts]:
    """The marketplaces that Amazon has in a region, by country."""
    found = [facts for facts in MARKETPLACES.values() if facts.region == region]
    return sorted(found, key=lambda facts: facts.country)


def _applications(request: HttpRequest, again: SellerAccount | None) -> QuerySet[Application]:
    """The applications that may be chosen: the account's own, or those that the user may see."""
    if again is not None:
        return Application.objects.filter(pk=again.application_id)
    if scopes_of(request) is not None or not request.user.has_perm(f"{APP}.view_application"):
        return Application.objects.filter(accounts__in=visible_accounts(request)).distinct()
    return Application.objects.all()


class ConnectingPages(ScreenPart[SellerAccount]):
    """The pages of connecting, beside those of accounts."""

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site

        def page(where: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(where, site.admin_view(partial(view, site=site)), name=name)

        back = site.admin_view(partial(come_back, site=site))
        own = [
            page("connect/", choose_region, f"{APP}_connect"),
            path("connect/back/", _without_referrer(back), name=f"{APP}_connect_back"),
            page("connect/<slug:region>/", fill_in, f"{APP}_connect_region"),
            page("<int:pk>/check/", check, f"{APP}_connect_check"),
        ]
        return [*own, *super().get_urls()]


def choose_region(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """Step 1: the region, as an authorisation covers one."""
    _may_connect(request, None)
    form = RegionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(CONNECT_REGION, form.cleaned_data["region"])
    context = {"form": form, "stores": [(label, stores_of(value)) for value, label in
                                        Region.choices]}  # fmt: skip
    return _page(request, site, "connect_region", _("Connect an account"), **context)


@sensitive_post_parameters("client_secret", "refresh_token")
def fill_in(request: HttpRequest, region: str, site: admin.AdminSite) -> HttpResponse:
    """Steps 2 to 4: stores, application, authorisation."""
    if region not in Region.values:
        raise Http404
    again = _account_again(request, region)
    _may_connect(request, again)
    form = ConnectForm(request, region, again, request.POST or None)
    if request.method == "POST" and form.is_valid():
        on_website = form.cleaned_data["way"] == WEBSITE
        answer = _to_amazon(request, form) if on_website else _with_token(request, form)
        if answer is not None:
            return answer
    return _page(
        request, site, "connect", _("Connect again") if again else _("Connect an account"),
        form=form, region=Region(region).label, again=again, back=_address_of_return(request),
        refusals=REFUSALS,
    )  # fmt: skip


def come_back(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """The browser comes back from Seller Central: with a code, or with nothing."""
    kept: Waiting | None = request.session.pop(KEPT, None)
    error = _why_not(request, kept)
    if kept is None or error:
        messages.error(request, error)
        return redirect(CONNECT_REGION, kept["region"]) if kept else redirect(CONNECT)
    again = (
        get_object_or_404(visible_accounts(request).defer("refresh_token"), pk=kept["account"])
        if kept["account"]
        else None
    )
    _may_connect(request, again)
    here = _address_of_fill_in(kept["region"], again)
    applications = Application.objects.defer("client_secret")
    application = get_object_or_404(applications, pk=kept["application"])
    seller_id = request.GET["selling_partner_id"]
    if again is not None and again.seller_id != seller_id:
        text = gettext(
            "You authorised as seller %(other)s, but %(account)s is of seller %(seller)s; nothing "
            "was changed. Log in to Seller Central as that seller, or connect a new account."
        )
        values = {"other": seller_id, "account": again, "seller": again.seller_id}
        messages.error(request, text % values)
        return redirect(here)
    since = datetime.fromisoformat(kept["orders_since"]) if kept["orders_since"] else None
    try:
        token = connect.refresh_token_for(
            application, request.GET["spapi_oauth_code"], _address_of_return(request)
        )
        account = _connected(
            request,
            connect.Credentials(application.client_id, application.client_secret, token),
            region=kept["region"],
            seller_id=seller_id,
            marketplaces=kept["marketplaces"],
            name=kept["name"],
            scope=kept["scope"] or None,
            orders_since=since,
            shipping_method=kept["shipping"] or None,
            payment_method=kept["payment"] or None,
        )
    except AmazonSyncError as error:
        messages.error(request, str(error))
        return redirect(here)
    return redirect(CHECK, account.pk)


def check(request: HttpRequest, pk: int, site: admin.AdminSite) -> HttpResponse:
    """Step 5: each permission by itself. Asked by a button, as it is calls to Amazon."""
    if not request.user.has_perm(f"{APP}.check_selleraccount"):
        raise PermissionDenied
    account = get_object_or_404(visible_accounts(request).defer("refresh_token"), pk=pk)
    findings, error = None, ""
    if request.method == "POST":
        if why := tasks.why_no_worker():
            messages.warning(request, why)
        try:
            findings = [
                (NAMES.get(finding.what, finding.what), finding)
                for finding in doctor.check_account(account)
            ]
        except AmazonSyncError as fault:
            error = str(fault)
    title = gettext("Connectivity of %(account)s") % {"account": account}
    return _page(
        request, site, "connect_check", title, account=account, findings=findings, error=error,
        account_url=change_url(account),
    )  # fmt: skip


# --- The two ways -------------------------------------------------------------------------------


def _with_token(request: HttpRequest, form: ConnectForm) -> HttpResponse | None:
    """Connect with the pasted token; None where Amazon refuses: then the form says why."""
    data = form.cleaned_data
    application: Application | None = data["application"]
    client_id, client_secret = form.new_credentials()
    refresh_token: str = data["refresh_token"]
    seller_id: str = data["seller_id"]
    try:
        credentials = connect.Credentials(
            application.client_id if application else client_id,
            application.client_secret if application else client_secret,
            refresh_token.strip(),
        )
        account = _connected(
            request,
            credentials,
            region=form.region,
            seller_id=seller_id.strip(),
            marketplaces=data["marketplaces"],
            name=data.get("name", ""),
            scope=data.get("scope") or None,
            orders_since=data.get("orders_since"),
            shipping_method=data.get("shipping_method") or None,
            payment_method=data.get("payment_method") or None,
            application=None if application else form.facts(),
        )
    except Disconnected as error:
        form.add_error("refresh_token", str(error))
    except AmazonSyncError as error:
        form.add_error(None, str(error))
    else:
        return redirect(CHECK, account.pk)
    return None


def _to_amazon(request: HttpRequest, form: ConnectForm) -> HttpResponse:
    """Send the browser to Seller Central; the application is a row from now on."""
    data = form.cleaned_data
    chosen: Application | None = data["application"]
    application = chosen or _new_application(form)
    marketplaces: list[str] = data["marketplaces"]
    state = secrets.token_urlsafe(32)
    since: datetime | None = data.get("orders_since")
    request.session[KEPT] = Waiting(
        state=state,
        user=str(request.user.pk),
        until=(clock.now() + WAITS).isoformat(),
        account=form.again.pk if form.again else None,
        region=form.region,
        marketplaces=marketplaces,
        shipping=data.get("shipping_method", ""),
        payment=data.get("payment_method", ""),
        application=application.pk,
        name=data.get("name", ""),
        scope=data.get("scope"),
        orders_since=since.isoformat() if since else "",
    )
    back = _address_of_return(request)
    return redirect(connect.consent_url(application, marketplaces[0], state, back))


def _new_application(form: ConnectForm) -> Application:
    facts, (client_id, client_secret) = form.facts(), form.new_credentials()
    return Application.objects.create(
        name=facts.name or client_id[-12:],
        client_id=client_id,
        client_secret=client_secret,
        secret_made_on=facts.secret_made_on,
        application_id=facts.application_id,
        public=facts.public,
        draft=facts.draft,
    )


def _why_not(request: HttpRequest, kept: Waiting | None) -> str:
    """Why what the browser brings back is not taken; empty where it is."""
    given = request.GET.get("state", "")
    if (
        kept is None
        or kept["user"] != str(request.user.pk)
        or not constant_time_compare(given, kept["state"])
    ):
        return gettext("This does not answer anything that you asked; start again.")
    if clock.now() > datetime.fromisoformat(kept["until"]):
        return gettext("It took longer than ten minutes; authorise again.")
    if not request.GET.get("spapi_oauth_code") or not request.GET.get("selling_partner_id"):
        return gettext("Amazon gave no authorisation; confirm it on Amazon's page.")
    return ""


def _connected(
    request: HttpRequest,
    credentials: connect.Credentials,
    *,
    region: str,
    seller_id: str,
    **what: Any,
) -> SellerAccount:
    """Connect, unless the account is others'; warn of a second account of the same seller."""
    same = SellerAccount.objects.filter(seller_id=seller_id, region=region)
    mine = visible_accounts(request).filter(pk__in=same.values("pk"))
    if same.count() != mine.count():
        raise PermissionDenied
    there = mine.filter(application__client_id=credentials.client_id)
    if there.exists() and not request.user.has_perm(f"{APP}.change_selleraccount"):
        raise PermissionDenied
    account = connect.connect_account(
        configured_shop(), credentials, region=region, seller_id=seller_id, **what
    )
    messages.success(request, gettext("%(account)s is connected.") % {"account": account})
    for other in same.exclude(pk=account.pk):
        text = gettext(
            "Seller %(seller)s is connected by %(other)s too: both would import the same orders. "
            "Deactivate one of them."
        )
        messages.warning(request, text % {"seller": account.seller_id, "other": other})
    return account


# --- What the pages share -----------------------------------------------------------------------


def _may_connect(request: HttpRequest, again: SellerAccount | None) -> None:
    codename = "change_selleraccount" if again else "add_selleraccount"
    if not request.user.has_perm(f"{APP}.{codename}"):
        raise PermissionDenied


def _account_again(request: HttpRequest, region: str) -> SellerAccount | None:
    """The account that is connected again, named in the address."""
    pk = request.GET.get("account", "")
    if not pk:
        return None
    found = visible_accounts(request).filter(region=region)
    account = found.filter(pk=pk).first() if may_be_pk(pk) else None
    if account is None:
        raise Http404
    return account


def _address_of_fill_in(region: str, again: SellerAccount | None) -> str:
    address = reverse(CONNECT_REGION, args=[region])
    return f"{address}?account={again.pk}" if again else address


def connect_again_url(account: SellerAccount) -> str:
    """The page on which this account is connected again."""
    return _address_of_fill_in(account.region, account)


def connection_of(account: SellerAccount) -> str:
    """The days on which secret and authorisation end, and the ways to check and to connect."""
    application, lines = account.application, []
    if made_on := application.secret_made_on:
        text = gettext("The client secret was made on %(day)s and ends on %(end)s.")
        lines.append(
            text
            % {"day": date_format(made_on), "end": date_format(made_on + attention.SECRET_LIVES)}
        )
    else:
        lines.append(
            gettext("Nobody wrote down when the client secret was made; it is valid for 180 days.")
        )
    if given_on := account.authorised_on:
        if application.public:
            text = gettext("The seller authorised it on %(day)s; that ends on %(end)s.")
        else:
            text = gettext("The seller authorised it on %(day)s.")
        end = date_format(given_on + attention.AUTHORISATION_LIVES)
        lines.append(text % {"day": date_format(given_on), "end": end})
    return format_html(
        '{}<br><a href="{}">{}</a> · <a href="{}">{}</a>',
        " ".join(lines),
        reverse(CHECK, args=[account.pk]),
        gettext("Check connectivity"),
        connect_again_url(account),
        gettext("Connect again"),
    )


def _address_of_return(request: HttpRequest) -> str:
    """Where Amazon sends the browser back to; it must be registered with the application."""
    site = conf.get("ADMIN_URL").rstrip("/")
    here = reverse(BACK)
    return f"{site}{here}" if site else request.build_absolute_uri(here)


def _without_referrer(
    view: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The address holds a code: no other site may learn it."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        answer = view(request)
        answer["Referrer-Policy"] = "no-referrer"
        answer["Cache-Control"] = "no-store"
        return answer

    return answered


def _page(
    request: HttpRequest,
    site: admin.AdminSite,
    template: str,
    title: StrOrPromise,
    **context: object,
) -> HttpResponse:
    context = {**site.each_context(request), "opts": SellerAccount._meta, "title": title, **context}
    return TemplateResponse(request, f"django_amazon_sync/admin/{template}.html", context)
