"""Forms of a product's page: its codes, under which SKU it is sold, and what holds in each store.

Each form is about one row, knows whether whoever asks may change it, and writes what was changed.
A field that they may not change is shown and its value from the browser is not looked at. The page
carries what each field showed: where somebody else saved another value since, only what was typed
here counts, and what both typed is said at the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_amazon_sync.admin.common.number_fields import AmountField, UnitsField
from django_amazon_sync.admin.products import conditions as amazons
from django_amazon_sync.data import FieldValues, Offer
from django_amazon_sync.models import (
    Listing,
    Marketplace,
    OfferIdentifier,
    Presence,
    ProductType,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.rules.identifiers import BadIdentifier, clean
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.listings.link import SkuTaken, sell_under, was_sent
from django_amazon_sync.sync.offers import identifiers
from django_amazon_sync.sync.offers.desired import sku_is_of_offer
from django_amazon_sync.sync.offers.fields import FIELDS, LISTING, PRICE, SKU, own_fields, set_own
from django_amazon_sync.sync.offers.price_checks import problems_of_change
from django_amazon_sync.sync.offers.product_types import fields_required

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Before the name of a field, the name of its switch.
SWITCH = "switch_"

#: The fields that say where in Amazon's catalogue a product belongs.
CLASSING = ("item_type_keyword", "browse_nodes")

#: What is wrong with a code that was typed.
PROBLEMS = {
    "characters": _(
        "%(code)s is not a valid %(kind)s: it has characters that such a code never has."
    ),
    "length": _("%(code)s is not a valid %(kind)s: it has too many or too few characters."),
    "check": _(
        "%(code)s is not a valid %(kind)s: its check digit does not fit; one digit is wrong."
    ),
}

AS_SET, YES, NO = "", "yes", "no"
_THREE = {AS_SET: None, YES: True, NO: False}


def as_choice(value: bool | None) -> str:
    """A value that may be unknown, as a choice of three."""
    return next(choice for choice, meant in _THREE.items() if meant is value)


class PartForm(forms.Form):
    """A part of the page. ``may`` says whether whoever asks may change a field of this name.

    ``GENERAL`` are the fields that are not folded away; without any, all. ``level`` says whose own
    values of an offer's declared fields it has.
    """

    GENERAL: tuple[str, ...] = ()
    level = ""

    def __init__(
        self,
        *args: Any,
        may: Mapping[str, bool],
        initial: Mapping[str, Any],
        own_values: Mapping[str, Any] | None = None,
        currency: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = {**initial, **(own_values or {})}
        super().__init__(*args, **kwargs)
        self._taken: dict[str, dict[str, str]] = {}
        for own in own_fields(self.level) if self.level else ():
            self.fields[own.name] = own.form_field(currency)
            if own.is_price:
                may = {**may, own.name: may["prices"]}
        self.label_suffix = ""
        for name, field in self.fields.items():
            field.disabled = not may.get(name, may["*"])

    def general(self) -> list[forms.BoundField]:
        return [field for field in self if not self.GENERAL or field.name in self.GENERAL]

    def advanced(self) -> list[forms.BoundField]:
        return [field for field in self if self.GENERAL and field.name not in self.GENERAL]

    def advanced_has_errors(self) -> bool:
        """Whether what is folded away has to be seen."""
        return any(field.errors for field in self.advanced())

    # --- What others saved since the page was shown ----------------------------------------------

    def texts(self) -> dict[str, dict[str, str]]:
        """What a browser sends of each field that nobody touches, by the names of its inputs."""
        return {bound.name: _texts_of(bound) for bound in self if not bound.field.disabled}

    def keep_others(self, data: QueryDict, shown: Mapping[str, str]) -> None:
        """Put what others saved in the place of what nobody typed here; ``shown`` is what the page
        showed, by input."""
        for name, now in self.texts().items():
            before = {each: shown.get(each, "") for each in now}
            typed = {each: _plain(data.get(each, "")) for each in now}
            if before == now:
                continue
            if typed in (before, now):
                for each, text in now.items():
                    data[each] = text
            else:
                self._taken[name] = now

    def full_clean(self) -> None:
        super().full_clean()
        for name, texts in self._taken.items():
            its = _in_words(self[name], texts)
            words = _(
                "Somebody has saved another value since you opened the page: %(value)s. Yours is "
                "not saved yet; save again where it shall hold."
            )
            self.add_error(name, ValidationError(words, code="taken", params={"value": its}))

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        for name in FIELDS.keys() & set(self.changed_data) & data.keys():
            if why := FIELDS[name].why_not_now(data[name]):
                self.add_error(name, why)
        return data

    # --- What is written -------------------------------------------------------------------------

    def columns(self) -> dict[str, object]:
        """The columns of the row that were changed, with their new values; own values apart."""
        return {name: self.column(name) for name in self.changed_data if name not in FIELDS}

    def write(self, row: SellerSku | Listing, columns: Mapping[str, object]) -> None:
        """Write these columns of a row and the own values that were changed, and no others."""
        for name, value in columns.items():
            setattr(row, name, value)
        written = list(columns)
        if own := [name for name in self.changed_data if name in FIELDS]:
            row.refresh_from_db(fields=["own_values"])
            for name in own:
                set_own(row, name, self.cleaned_data[name])
            written.append("own_values")
        if written:
            row.save(update_fields=written)

    def column(self, name: str) -> object:
        value: object = self.cleaned_data[name]
        if isinstance(self.fields[name], ThreeField):
            return _THREE[str(value)]
        return value


YES_TEXT, NO_TEXT = _("Yes"), _("No")


def _texts_of(bound: forms.BoundField) -> dict[str, str]:
    """What a browser sends of a field as it is stored, by the names of its inputs."""
    value = bound.field.prepare_value(bound.initial)
    widget = bound.field.widget.get_context(bound.html_name, value, {})["widget"]
    return {part["name"]: _text_of(part) for part in widget.get("subwidgets", [widget])}


def _text_of(part: Mapping[str, Any]) -> str:
    if part.get("type") == "checkbox":
        return "on" if part["attrs"].get("checked") else ""
    value = part["value"]
    if isinstance(value, list):  # of a choice
        return str(value[0]) if value else ""
    return "" if value is None else _plain(value)


def _plain(text: object) -> str:
    """A text as it is stored; browsers end lines in their own way."""
    return str(text).replace("\r\n", "\n")


def _in_words(bound: forms.BoundField, texts: Mapping[str, str]) -> str:
    """What is stored of a field, for people."""
    if isinstance(bound.field, forms.ChoiceField):
        names = {str(one.data["value"]): str(one.data["label"]) for one in bound.subwidgets}
        return ", ".join(names.get(text, text) for text in texts.values())
    if isinstance(bound.field, forms.BooleanField):
        return str(YES_TEXT if any(texts.values()) else NO_TEXT)
    return ", ".join(filter(None, texts.values())) or "–"


class ThreeField(forms.ChoiceField):
    """Yes, no, or as set elsewhere, which is None in the row."""

    def __init__(
        self,
        as_set: StrOrPromise,
        yes: StrOrPromise | None = YES_TEXT,
        no: StrOrPromise = NO_TEXT,
        *,
        label: StrOrPromise,
        help_text: StrOrPromise = "",
    ) -> None:
        super().__init__(
            choices=[(AS_SET, as_set), *([(YES, yes)] if yes else []), (NO, no)],
            required=False,
            label=label,
            help_text=help_text,
        )


# --- Codes --------------------------------------------------------------------------------------


class CodesField(forms.CharField):
    """Product codes of one kind, one per line; each is read strictly."""

    def __init__(self, kind: str, help_text: StrOrPromise = "") -> None:
        self.kind = kind
        widget = forms.Textarea(attrs={"rows": 2, "cols": 20, "spellcheck": "false"})
        super().__init__(required=False, widget=widget, label=kind.upper(), help_text=help_text)

    def clean(self, value: object) -> list[str]:
        text: str = super().clean(value) or ""
        lines = [line.strip() for line in re.split(r"[\n,;]", text)]
        codes, errors = [], []
        for line in filter(None, lines):
            try:
                codes.append(clean(self.kind, line))
            except BadIdentifier as bad:
                params = {"code": line, "kind": OfferIdentifier.Kind(self.kind).label}
                errors.append(ValidationError(PROBLEMS[bad.problem], params=params))
        if errors:
            raise ValidationError(errors)
        return list(dict.fromkeys(codes))

    def has_changed(self, initial: object, data: object) -> bool:
        return str(initial or "").split() != str(data or "").split()


def asin_of(typed: str, stored: str) -> str:
    """The ASIN that staff choose for a SKU; what is stored stays. Raises ValidationError."""
    if not typed or typed == stored:
        return typed
    try:
        return clean("asin", typed)
    except BadIdentifier as bad:
        params = {"code": typed, "kind": "ASIN"}
        raise ValidationError(PROBLEMS[bad.problem], params=params) from None


class CodesForm(PartForm):
    """The codes that staff give an offer, beside those that the shop knows."""

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        self.offer = offer
        initial = {kind: "\n".join(own) for kind, own in identifiers.of_offer(offer.pk).items()}
        super().__init__(*args, initial=initial, prefix="codes", **kwargs)

    asin = CodesField("asin")
    ean = CodesField("ean")
    upc = CodesField("upc")
    isbn = CodesField("isbn", help_text=_("One of 10 digits becomes one of 13."))

    def shops_own(self) -> list[str]:
        """What the shop knows itself, for people."""
        return [f"{code.kind.upper()} {code.value}" for code in self.offer.identifiers]

    def save(self) -> bool:
        return identifiers.give(self.offer.pk, self.cleaned_data)


# --- Under which SKU ----------------------------------------------------------------------------


class SkuPartForm(PartForm):
    """What holds for a SKU of an account in all its stores; without a row, for one to be made."""

    synchronise = ThreeField(_("As the account says"), label=_("Synchronise"))
    sku = forms.CharField(
        label="SKU",
        required=False,
        max_length=SellerSku._meta.get_field("sku").max_length,
    )
    sure = forms.BooleanField(
        label=_("Change the SKU anyway"),
        required=False,
        help_text=_(
            "Amazon cannot change a SKU. The old one goes to quantity 0 and is kept; the new one "
            "is a new listing, without the reviews of the offer, its rank or its history."
        ),
    )
    asin = forms.CharField(
        label=_("ASIN to offer on"),
        required=False,
        help_text=_(
            "For a SKU that Amazon does not have yet, where a barcode belongs to several items."
        ),
    )
    set_quantity = UnitsField(
        label=_("Set quantity"),
        required=False,
        help_text=_("For an offer whose stock the shop does not track."),
    )
    condition = forms.ChoiceField(label=pgettext_lazy("of an item", "Condition"))

    GENERAL = ("synchronise", "sku", "sure", "asin", "set_quantity")
    level = SKU

    def __init__(
        self,
        *args: Any,
        shop: Shop,
        account: SellerAccount,
        offer: Offer,
        row: SellerSku | None,
        conditions: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        self.shop, self.account, self.offer, self.row = shop, account, offer, row
        its = row or SellerSku(account=account, sku=offer.sku)
        own = its.matched and its.sku != offer.sku
        initial = {
            "synchronise": as_choice(its.synchronise),
            "sku": its.sku if own else "",
            "asin": its.asin,
            "set_quantity": its.set_quantity,
            "condition": its.condition,
        }
        prefix = f"sku{row.pk}" if row else f"new{account.pk}"
        super().__init__(*args, initial=initial, own_values=its.own_values, prefix=prefix, **kwargs)
        self._choices("condition").choices = amazons.choices(its.condition, conditions)
        self._say_whose_sku_it_is()
        self._say_what_the_account_says()
        if row and any(there.presence == Presence.PRESENT for there in row.listings.all()):
            self.fields["condition"].help_text = _(
                "Amazon keeps the condition that a listing was made with. To sell it in another "
                "one, make it anew under another SKU."
            )

    @property
    def synchronised(self) -> bool | None:
        """What was chosen; None where the account says."""
        return _THREE[str(self.cleaned_data.get("synchronise", AS_SET))]

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def _say_whose_sku_it_is(self) -> None:
        """Empty means the shop's own code, which the field shows as such."""
        field = self.fields["sku"]
        field.widget.attrs["placeholder"] = self.offer.sku
        field.help_text = _("Empty: the shop's own code, %(sku)s.") % {"sku": self.offer.sku}
        if not self.needs_word:
            del self.fields["sure"]

    def _say_what_the_account_says(self) -> None:
        says = _("yes") if self.account.synchronise_all else _("no")
        as_account = _("As the account says (%(says)s)") % {"says": says}
        self._choices("synchronise").choices = [
            (AS_SET, as_account),
            (YES, YES_TEXT),
            (NO, NO_TEXT),
        ]

    @cached_property
    def needs_word(self) -> bool:
        """Whether another SKU would be another listing."""
        return self.row is not None and was_sent(self.row)

    @property
    def name(self) -> str:
        """The SKU that was chosen."""
        return str(self.cleaned_data["sku"] or self.offer.sku)

    def clean_sku(self) -> str:
        sku: str = self.cleaned_data["sku"]
        name = sku or self.offer.sku
        if not name:
            raise ValidationError(_("The shop has no code for it; give it a SKU."))
        if self.row is not None and name == self.row.sku:
            return sku
        if self._belongs_to_another(name):
            raise ValidationError(
                _("The account sells another product under the SKU %(sku)s."), params={"sku": name}
            )
        return sku

    def _belongs_to_another(self, name: str) -> bool:
        scope = self.account.shop_scope
        sold = {offer.pk for offer in self.shop.find(name, scope) if offer.sku == name}
        row = SellerSku.objects.filter(account=self.account, sku=name).first()
        if row is not None and row.offer_pk not in ("", self.offer.pk):
            holder = next(self.shop.offers(scope, [row.offer_pk]), None)
            if holder is not None and sku_is_of_offer(row, holder):
                return True
        return bool(sold - {self.offer.pk})

    def clean_asin(self) -> str:
        return asin_of(self.cleaned_data["asin"], self.initial["asin"])

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        renames = self.row is not None and "sku" in data and self.name != self.row.sku
        if renames and self.needs_word and not data.get("sure"):
            self.add_error("sure", _("Say that you mean it: this makes a new listing on Amazon."))
        return data

    def save(self) -> SellerSku:
        """The row, made or renamed where that was asked for. Raises SkuTaken."""
        row = self.row
        if row is None or self.name != row.sku:
            row = sell_under(self.account, self.shop, self.offer, self.name, row)
        chosen = self.columns()
        self.write(row, {name: chosen[name] for name in chosen if name not in ("sku", "sure")})
        return row


# --- In one store -------------------------------------------------------------------------------


class ListingForm(PartForm):
    """What holds in one marketplace."""

    synchronise_here = ThreeField(
        _("As the SKU"),
        None,
        _("No: only its quantity"),
        label=_("Synchronise here"),
        help_text=_("Stores may share the quantity, so it goes on where the SKU is synchronised."),
    )
    own_price = AmountField(
        label=_("Own Amazon price"),
        required=False,
        help_text=_("It goes before the shop's price. Empty: the shop's price, by the rules."),
    )
    locked = forms.BooleanField(
        label=_("Locked"), required=False, help_text=_("Only price and stock are sent.")
    )

    GENERAL = ("synchronise_here", "own_price")
    level = LISTING

    def __init__(
        self,
        *args: Any,
        marketplace: Marketplace,
        row: Listing | None,
        sent: Mapping[str, bool],
        price_of: Callable[[Decimal | None], str],
        product_type: ProductType | None = None,
        prefix: str,
        **kwargs: Any,
    ) -> None:
        self.marketplace, self.row, self.price_of = marketplace, row, price_of
        self.product_type = product_type
        its = row or Listing(marketplace=marketplace)
        initial = {
            "synchronise_here": as_choice(its.synchronise_here),
            "own_price": its.own_price,
            "locked": its.locked,
        }
        currency = marketplace.facts.currency
        self.before: FieldValues = {**its.own_values, PRICE: price_of(its.own_price)}
        super().__init__(
            *args,
            initial=initial,
            own_values=its.own_values,
            currency=currency,
            prefix=f"{prefix}-{marketplace.code}",
            **kwargs,
        )
        self._add_switches(its.switches, sent, kwargs["may"])
        own_price = self.fields["own_price"]
        assert isinstance(own_price, AmountField)
        own_price.currency = currency
        own_price.label = _("Own Amazon price in %(currency)s") % {"currency": currency}

    def _add_switches(
        self, own: Mapping[str, bool], sent: Mapping[str, bool], may: Mapping[str, bool]
    ) -> None:
        """A switch for each field of an offer; it says what the marketplace does."""
        for name, offered in FIELDS.items():
            goes = _("it is sent") if sent.get(name, True) else _("it is not sent")
            field = ThreeField(
                _("As the marketplace: %(goes)s") % {"goes": goes},
                _("Send it"),
                _("Do not send it"),
                label=_("Send %(field)s") % {"field": offered.label},
            )
            field.disabled = not may["prices" if offered.is_price else "*"]
            self.fields[SWITCH + name] = field
            self.initial[SWITCH + name] = as_choice(own.get(name))

    def switches(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith(SWITCH)]

    def advanced(self) -> list[forms.BoundField]:
        return [field for field in super().advanced() if not field.name.startswith(SWITCH)]

    def clean(self) -> dict[str, Any] | None:
        """The prices of an offer have to fit together."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        values: FieldValues = {
            own.name: data[own.name] for own in own_fields(LISTING) if data[own.name]
        }
        values[PRICE] = self.price_of(data["own_price"])
        currency = self.marketplace.facts.currency
        for name, why in problems_of_change(self.before, values, currency).items():
            self.add_error("own_price" if name == PRICE else name, why)
        self._check_required(data)
        return data

    def _check_required(self, data: Mapping[str, Any]) -> None:
        """Who says where a product belongs says all that its product type requires of that.

        A listing that somebody else has classed already may leave all of it empty.
        """
        if self.product_type is None or not set(CLASSING) & set(self.changed_data):
            return
        for name in fields_required(self.product_type.facts) & set(CLASSING):
            if not data[name]:
                words = _("The product type %(type)s requires it in this marketplace.")
                params = {"type": self.product_type.name}
                self.add_error(name, ValidationError(words, params=params))

    def save(self, sku: SellerSku) -> Listing:
        listing, _made = Listing.objects.get_or_create(sku=sku, marketplace=self.marketplace)
        columns = self.columns()
        chosen = [name for name in columns if name.startswith(SWITCH)]
        if chosen:
            given = {name.removeprefix(SWITCH): columns.pop(name) for name in chosen}
            both = {**listing.switches, **given}
            columns["switches"] = {name: on for name, on in both.items() if on is not None}
        self.write(listing, columns)
        return listing


# --- Together -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class StorePart:
    """One marketplace of a SKU's part: its form, and what is shown beside it."""

    form: ListingForm
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class SkuPart:
    """One SKU of an account, and its stores."""

    form: SkuPartForm
    stores: list[StorePart]
    shown: Mapping[str, Any]

    def forms(self) -> Iterator[PartForm]:
        yield self.form
        yield from (store.form for store in self.stores)

    def save(self) -> list[Model]:
        """Write what was changed; the rows that were. Raises SkuTaken."""
        if not any(form.has_changed() for form in self.forms()):
            return []
        sku = self.form.save()
        saved: list[Model] = [sku] if self.form.has_changed() else []
        saved += [store.form.save(sku) for store in self.stores if store.form.has_changed()]
        return saved

    def refuse(self, taken: SkuTaken) -> None:
        """Say at the field that the SKU was taken a moment ago."""
        self.form.add_error("sku", _("Another product has just been given this SKU."))
