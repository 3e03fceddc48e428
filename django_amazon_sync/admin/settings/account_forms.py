"""Forms of accounts: secrets that are only ever written, and choices that the shop offers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import Row, RowForm
from django_amazon_sync.admin.settings.periods import LookBackField, refuse_too_old
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.data import MenuItem
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Application, Marketplace, SellerAccount
from django_amazon_sync.rules.identifiers import may_be_application_id, may_be_seller_id
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.orders import windows

if TYPE_CHECKING:  # the forms cannot be subscripted at run time
    from django_stubs_ext import StrOrPromise

    MarketplaceRowForm = forms.ModelForm[Marketplace]
    MarketplaceRows = forms.BaseInlineFormSet[Marketplace, SellerAccount, MarketplaceRowForm]
else:
    MarketplaceRowForm = forms.ModelForm
    MarketplaceRows = forms.BaseInlineFormSet


class SecretForm(RowForm[Row]):
    """A form whose secret is written and never shown; left empty, the stored one stays.

    The secret has a field of its own, so that neither showing nor saving the form reads it.
    """

    secret: ClassVar[str]
    label: ClassVar[StrOrPromise]
    new_secret = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "new_secret" not in self.fields:  # the user may only look
            return
        field = self.fields["new_secret"]
        field.label = capfirst(self.label)
        field.required = self.instance.pk is None
        field.help_text = (
            _("It is stored encrypted and never shown.")
            if field.required
            else _("Leave it empty to keep the stored one, which is never shown.")
        )

    @cached_property
    def changed_data(self) -> list[str]:
        return [self.secret if name == "new_secret" else name for name in super().changed_data]

    def save(self, commit: bool = True) -> Row:
        if value := self.cleaned_data.get("new_secret"):
            setattr(self.instance, self.secret, value)
        return super().save(commit)


def check_id(text: str, may_be: Callable[[str], bool]) -> str:
    """An id of Amazon's as it was written, or empty. Raises ValidationError."""
    text = text.strip()
    if text and not may_be(text):
        raise ValidationError(_("No id of Amazon's looks like this; copy it from Seller Central."))
    return text


#: How Amazon writes a language and its country, in all its stores.
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}_[A-Z]{2}")


def check_language(typed: str, row: Marketplace, code: str = "") -> str:
    """A language tag for a store (code); what is stored stays. Raises ValidationError."""
    if typed in ("", row.language) or _LANGUAGE_TAG.fullmatch(typed):
        return typed
    facts = MARKETPLACES.get(code or row.code)
    raise ValidationError(
        _("“%(tag)s” is no language tag of Amazon's; write it as in %(example)s."),
        params={"tag": typed, "example": facts.language if facts else "de_DE"},
    )


class ApplicationForm(SecretForm[Application]):
    secret = "client_secret"  # noqa: S105 -- the name of the column
    label = _("client secret")

    def clean_client_id(self) -> str:
        return check_id(self.cleaned_data["client_id"], may_be_application_id)

    def clean_application_id(self) -> str:
        return check_id(self.cleaned_data["application_id"], may_be_application_id)

    def clean_secret_made_on(self) -> date | None:
        made_on: date | None = self.cleaned_data["secret_made_on"]
        if made_on and made_on > timezone.localdate():
            raise ValidationError(_("This day has not come yet."))
        return made_on


class AccountForm(SecretForm[SellerAccount]):
    secret = "refresh_token"  # noqa: S105 -- the name of the column
    label = _("refresh token")
    orders_since = LookBackField(
        label=_("look back"),
        help_text=_(
            "Where the first import of orders begins. Orders from before the cut-over take no "
            "stock and are placed only on request."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "orders_since" in self.fields and self.instance.pk and windows.has_begun(self.instance):
            self.fields["orders_since"].disabled = True
            self.fields["orders_since"].help_text = _(
                "The first import has begun, so this no longer changes anything."
            )
        if isinstance(application := self.fields.get("application"), forms.ModelChoiceField):
            application.queryset = Application.objects.defer("client_secret")
        try:
            menu = configured_shop().menu()
        except ConfigurationError:
            return  # a system check says so; the codes are typed until then
        for name, offered in (
            ("default_shipping_method", menu.shipping_methods),
            ("default_payment_method", menu.payment_methods),
        ):
            choose(self, name, offered, getattr(self.instance, name))

    def clean_seller_id(self) -> str:
        return check_id(self.cleaned_data["seller_id"], may_be_seller_id)

    def clean_orders_since(self) -> datetime | None:
        begins: datetime | None = self.cleaned_data["orders_since"]
        if "orders_since" in self.changed_data:
            region = self.cleaned_data.get("region") or self.instance.region
            refuse_too_old(begins, region)
        return begins

    def clean_alarm_recipients(self) -> str:
        """E-mail addresses, one per line; each that is not valid is named."""
        given: str = self.cleaned_data["alarm_recipients"]
        addresses = [address for line in given.split("\n") if (address := line.strip())]
        faults = []
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                text = _("“%(address)s” is not a valid e-mail address; write one per line.")
                faults.append(ValidationError(text, params={"address": address}))
        if faults:
            raise ValidationError(faults)
        return "\n".join(dict.fromkeys(addresses))


def choose(form: forms.BaseForm, name: str, offered: Iterable[MenuItem], stored: str) -> None:
    """Choose from what the shop offers; a stored code that it no longer has stays choosable."""
    if name not in form.fields:
        return
    choices = [("", "---------"), *((item.code, item.label) for item in offered)]
    if stored not in dict(choices):
        choices.append((stored, stored))
    old = form.fields[name]
    form.fields[name] = forms.ChoiceField(
        label=old.label,
        choices=choices,
        required=False,
        help_text=old.help_text,
        initial=old.initial,
    )


class MarketplaceForm(MarketplaceRowForm):
    """The language is Amazon's own for the store unless another is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            self.fields["language"].required = False
        if "code" in self.fields and self.instance.pk:
            self.fields["code"].disabled = True  # its listings are of this store

    def clean_language(self) -> str:
        code = self.cleaned_data.get("code", "")
        return check_language(self.cleaned_data["language"], self.instance, code)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if data.get("code") and not data.get("language"):
            data["language"] = MARKETPLACES[data["code"]].language
        return data


class MarketplacesForm(MarketplaceRows):
    """The marketplaces of one account: all of its region."""

    def add_fields(self, form: MarketplaceRowForm, index: int | None) -> None:
        """Offer what Amazon has in the region, once that is chosen."""
        super().add_fields(form, index)
        code = form.fields.get("code")
        if self.instance.pk and isinstance(code, forms.ChoiceField):
            offered: Any = code.choices
            code.choices = [
                (value, name)
                for value, name in offered
                if not value or MARKETPLACES[value].region == self.instance.region
            ]

    def clean(self) -> None:
        super().clean()
        self._check_once()
        region = self.instance.region
        for form in self.forms:
            data: Mapping[str, str] = getattr(form, "cleaned_data", {})
            facts = MARKETPLACES.get(data.get("code", ""))
            if region and facts is not None and facts.region != region:
                raise ValidationError(
                    _("%(country)s is not in the region of the account (%(region)s); connect it "
                      "as an account of its own region."),
                    params={"country": facts.country, "region": self.instance.get_region_display()},
                )  # fmt: skip

    def _check_once(self) -> None:
        """Each store once, also where a row that is stored is sent as a new one."""
        stored = (
            dict(self.instance.marketplaces.values_list("code", "pk")) if self.instance.pk else {}
        )
        for form in self.forms:
            code = getattr(form, "cleaned_data", {}).get("code", "")
            if stored.setdefault(code, form.instance.pk) != form.instance.pk:
                raise ValidationError(_("A store is there twice; load the page again."))
