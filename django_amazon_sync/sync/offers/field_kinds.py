"""The kinds of values that an offer's fields have: how people write them, how we keep them, and
how Amazon does.

People write texts, in forms and spreadsheets alike: "12.90", "9.90 2026-11-01/2026-11-30". We keep
JSON that has one form for each value, as the mappings of ``Listing`` compare it: a price is
"12.90 EUR", a day "2026-11-30". Amazon has instances of attributes (amazon/attributes.py).
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.amazon.attributes import (
    Instance,
    MarketplaceTerms,
    amount_in,
    first_schedule,
    number,
    schedule,
)
from django_amazon_sync.amazon.reading import objs, whole
from django_amazon_sync.amazon.reading import text as text_in
from django_amazon_sync.data import FieldValue, FieldValues, Json, JsonObject, Money, minor_units
from django_amazon_sync.rules.prices import HIGHEST_PRICE, money_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class FieldKind(ABC):
    """One kind of value."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys of the value in an instance that it may share with others."""
        return ("value",)

    @abstractmethod
    def parse(self, text: str, currency: str = "") -> FieldValue:
        """The value of a text that is not empty. Raises ValidationError.

        A price without a currency is in ``currency``; without that it has to name one.
        """

    def text(self, value: FieldValue) -> str:
        """The value as people write it."""
        return str(value)

    def why_not_now(self, value: FieldValue) -> str:
        """Why a value that can be read may not be set now, though a stored one may stand."""
        return ""

    @abstractmethod
    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        """The instances of the attribute, without their selectors."""

    @abstractmethod
    def from_amazon(self, instances: Sequence[Instance], terms: MarketplaceTerms) -> FieldValue:
        """The value in the instances that were read; None where there is none."""

    def ended(self, known: Mapping[str, Json]) -> Instance | None:
        """What takes the value away by setting something; None where leaving it out does."""
        return None

    def paid(self, value: FieldValue) -> Money | None:
        """The price that buyers pay by this value, if it is one."""
        return None

    def least_paid(self, value: FieldValue) -> Money | None:
        """The lowest price that buyers pay by it, however many units they take."""
        return self.paid(value)

    def widget(self) -> forms.Widget:
        """What the value is typed into."""
        return forms.TextInput()

    def form_field(self, currency: str = "", **options: Any) -> forms.Field:
        """A form field whose cleaned value is the value itself, or empty."""
        return ValueField(self, currency, **options)


class ComparedByValue(forms.Field):
    """A field that changed where another value is read of it, however it was written."""

    def has_changed(self, initial: object, data: object) -> bool:
        if self.disabled:
            return False
        try:
            return bool(self.clean(data) != ("" if initial is None else initial))
        except ValidationError:
            return True


class ValueField(ComparedByValue, forms.CharField):
    """A text that is read as its kind says."""

    def __init__(self, kind: FieldKind, currency: str = "", **options: Any) -> None:
        super().__init__(**{"widget": kind.widget(), "required": False, **options})
        self.kind, self.currency = kind, currency

    def clean(self, value: FieldValue) -> FieldValue:
        if self.disabled:  # it is the stored value, and no text
            return "" if value is None else value
        text: str = super().clean(value)
        return self.kind.parse(text, self.currency) if text else ""

    def prepare_value(self, value: FieldValue) -> FieldValue:
        if value in (None, ""):
            return value
        # A form that is shown again after an error gives what was typed.
        return _without(self.currency, value if isinstance(value, str) else self.kind.text(value))


def _without(currency: str, text: str) -> str:
    """A text whose prices are in the currency that the form is about anyway."""
    return text.replace(f" {currency}", "") if currency else text


# --- What a value is made of -------------------------------------------------------------------


def _text(value: FieldValue) -> str:
    """A price as it is kept."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text.")
    return value


def _as_json(value: FieldValue) -> Json:
    """The value as it is: what Amazon cannot take of it, Amazon refuses, for that SKU alone."""
    return cast("Json", value)  # each field value is JSON; lists and objects are invariant


def _list(value: FieldValue) -> list[FieldValue]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list.")
    return value


def _parts(value: FieldValue) -> FieldValues:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} has no parts.")
    return value


#: Digits between two signs for thousands.
THOUSAND = 3

_TWO_READINGS = re.compile(r"([1-9][0-9]{0,2})([.,])([0-9]{3})")


def check_one_reading(text: str) -> None:
    """Raises ValidationError where a number is one to some people and a thousand to others."""
    if match := _TWO_READINGS.fullmatch(text):
        raise ValidationError(
            _(
                "%(text)s can be read as %(thousands)s and as %(decimals)s; write it without a "
                "sign for thousands, or with fewer decimals."
            ),
            params={
                "text": text,
                "thousands": match[1] + match[3],
                "decimals": f"{match[1]}.{match[3].rstrip('0') or '0'}",
            },
        )


# --- Numbers, days and texts -------------------------------------------------------------------


@dataclass(frozen=True)
class Number(FieldKind):
    """A whole number between two others; ``part`` is its key in the instance."""

    lowest: int
    highest: int
    part: str = "value"

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.part,)

    def parse(self, text: str, currency: str = "") -> int:
        text = text.strip()
        check_one_reading(text)
        # Not isdecimal alone: other scripts' digits are digits too.
        if not (text.isascii() and text.isdecimal()) or len(text) > 12:
            raise ValidationError(_("Write a whole number."))
        value = int(text)
        if not self.lowest <= value <= self.highest:
            raise ValidationError(
                _("Write a number from %(lowest)d to %(highest)d."),
                params={"lowest": self.lowest, "highest": self.highest},
            )
        return value

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        return [{self.part: _as_json(value)}]

    def from_amazon(self, instances: Sequence[Instance], terms: MarketplaceTerms) -> int | None:
        return whole(instances[0].get(self.part)) if instances else None

    def widget(self) -> forms.Widget:
        return forms.NumberInput(attrs={"min": self.lowest, "max": self.highest})


@dataclass(frozen=True)
class Day(FieldKind):
    """A day that is to come, kept as ISO 8601 has it; a stored one passes."""

    part: str = "value"

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.part,)

    def parse(self, text: str, currency: str = "") -> str:
        return _day(text)

    def why_not_now(self, value: FieldValue) -> str:
        if _text(value) >= timezone.localdate(clock.now()).isoformat():
            return ""
        return gettext("This day is over; write one that is still to come.")

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        return [{self.part: _as_json(value)}]

    def from_amazon(self, instances: Sequence[Instance], terms: MarketplaceTerms) -> str | None:
        return (text_in(instances[0].get(self.part))[:10] or None) if instances else None

    def widget(self) -> forms.Widget:
        return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(text: str) -> str:
    try:
        if not _DAY.fullmatch(text.strip()):
            raise ValueError(text)
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValidationError(_("Write a day as 2026-12-31.")) from None


@dataclass(frozen=True)
class Text(FieldKind):
    """A text of one line or more."""

    longest: int
    lines: int = 1

    def parse(self, text: str, currency: str = "") -> str:
        text = text.strip().replace("\r\n", "\n")
        allowed = "\n" if self.lines > 1 else ""
        controls = (sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs"))
        if any(sign not in allowed for sign in controls):
            raise ValidationError(_("It holds control characters; remove them."))
        if len(text) > self.longest:
            raise ValidationError(
                _("It has %(length)d characters and Amazon takes %(longest)d; shorten it."),
                params={"length": len(text), "longest": self.longest},
            )
        return text

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        return [{"value": _as_json(value)}]

    def from_amazon(self, instances: Sequence[Instance], terms: MarketplaceTerms) -> str | None:
        return (text_in(instances[0].get("value")) or None) if instances else None

    def widget(self) -> forms.Widget:
        return forms.Textarea(attrs={"rows": self.lines}) if self.lines > 1 else forms.TextInput()


@dataclass(frozen=True)
class Codes(FieldKind):
    """Numbers of Amazon's, separated by commas; kept as a list of texts."""

    most: int

    def parse(self, text: str, currency: str = "") -> list[FieldValue]:
        parts = re.split(r"[,;\s]+", text.strip())
        # Signs alone are no number: an own value without any would be sent as nothing at all.
        codes = [code for code in parts if code] or [text.strip()]
        for code in codes:
            if not (code.isascii() and code.isdecimal() and len(code) <= 20):
                raise ValidationError(
                    _("“%(code)s” is not a number of a browse node; separate them by commas."),
                    params={"code": code},
                )
        different = list(dict.fromkeys(codes))
        if len(different) > self.most:
            raise ValidationError(_("Amazon takes at most %(most)d."), params={"most": self.most})
        return [*different]

    def text(self, value: FieldValue) -> str:
        return ", ".join(map(_text, _list(value)))

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        return [{"value": _as_json(code)} for code in _list(value)]

    def from_amazon(
        self, instances: Sequence[Instance], terms: MarketplaceTerms
    ) -> list[FieldValue] | None:
        codes = (text_in(instance.get("value")) for instance in instances)
        return [code for code in codes if code] or None


# --- Prices ------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"([0-9]{1,12}(?:[.,][0-9]{1,4})?)\s*([A-Za-z]{3})?")


def parse_price(text: str, currency: str = "") -> Money:
    """A price such as "12.90" or "12,90 EUR", above 0 and in whole minor units."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValidationError(_("Write a price such as 12.90, without a sign for thousands."))
    amount, named = Decimal(match[1].replace(",", ".")), (match[2] or "").upper()
    if minor_units(named or currency) < THOUSAND:  # we write 1.234 KWD ourselves
        check_one_reading(match[1])
    if currency and named not in ("", currency):
        raise ValidationError(
            _("The marketplace's currency is %(own)s, not %(named)s."),
            params={"own": currency, "named": named},
        )
    if not (named or currency):
        raise ValidationError(_("Write the currency too, as in 12.90 EUR."))
    price = Money(amount, named or currency)
    if price.rounded().amount != amount:
        raise ValidationError(
            _("%(currency)s has %(number)d decimals at most."),
            params={"currency": price.currency, "number": minor_units(price.currency)},
        )
    if not 0 < amount < HIGHEST_PRICE:
        raise ValidationError(_("A price must be above 0, and one that buyers could pay."))
    return price.rounded()


class PriceInput(forms.TextInput):
    """For an amount of money; a phone shows the keys for one."""

    def __init__(self, attrs: dict[str, str | int] | None = None) -> None:
        super().__init__({"inputmode": "decimal", **(attrs or {})})


@dataclass(frozen=True)
class Price(FieldKind):
    """A price of an offer, always the same; ``buyers`` pay it, or it only bounds what they pay."""

    part: str
    buyers: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.part,)

    def parse(self, text: str, currency: str = "") -> str:
        return str(parse_price(text, currency))

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        return [{self.part: schedule(money_of(_text(value)))}]

    def from_amazon(self, instances: Sequence[Instance], terms: MarketplaceTerms) -> str | None:
        return _price_in(instances[0].get(self.part), terms) if instances else None

    def paid(self, value: FieldValue) -> Money | None:
        return money_of(_text(value)) if self.buyers else None

    def widget(self) -> forms.Widget:
        return PriceInput()


def _price_in(part: Json, terms: MarketplaceTerms) -> str | None:
    price = amount_in(first_schedule(part).get("value_with_tax"), terms.currency)
    return str(price) if price else None


class ListPrice(FieldKind):
    """The recommended price, an attribute of its own: with tax where buyers see prices so."""

    @property
    def parts(self) -> tuple[str, ...]:
        return ("value_with_tax", "value")

    def parse(self, text: str, currency: str = "") -> str:
        return str(parse_price(text, currency))

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        key = "value_with_tax" if terms.tax_included else "value"
        return [{key: number(money_of(_text(value)))}]

    def from_amazon(self, instances: Sequence[Instance], terms: MarketplaceTerms) -> str | None:
        for instance in instances:
            amount = instance.get("value_with_tax", instance.get("value"))
            if price := amount_in(amount, terms.currency):
                return str(price)
        return None

    def widget(self) -> forms.Widget:
        return PriceInput()


#: When a sale that was taken away is said to have been (docs/amazon.md#an-empty-sale-stays).
_LONG_AGO = {"start_at": "2000-01-01T00:00:00Z", "end_at": "2000-01-02T00:00:00Z"}


class SalePrice(FieldKind):
    """A lower price from one day to another, both included, by UTC."""

    @property
    def parts(self) -> tuple[str, ...]:
        return ("discounted_price",)

    def parse(self, text: str, currency: str = "") -> FieldValues:
        price, _blank, days = text.strip().rpartition(" ")
        start, slash, end = days.partition("/")
        if not (price and slash):
            raise ValidationError(
                _("Write price, first and last day, as in 9.90 2026-11-01/2026-11-30.")
            )
        paid, first_day, last_day = parse_price(price, currency), _day(start), _day(end)
        if last_day < first_day:
            raise ValidationError(_("The sale ends before it begins."))
        return {"price": str(paid), "start": first_day, "end": last_day}

    def text(self, value: FieldValue) -> str:
        parts = _parts(value)
        return f"{parts['price']} {parts['start']}/{parts['end']}"

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        parts = _parts(value)
        edges = {"start_at": f"{parts['start']}T00:00:00Z", "end_at": f"{parts['end']}T23:59:59Z"}
        return [{"discounted_price": schedule(money_of(_text(parts["price"])), **edges)}]

    def from_amazon(
        self, instances: Sequence[Instance], terms: MarketplaceTerms
    ) -> FieldValues | None:
        part = instances[0].get("discounted_price") if instances else None
        price, edges = _price_in(part, terms), first_schedule(part)
        start, end = _edge(edges.get("start_at")), _edge(edges.get("end_at"))
        if not price or end == _LONG_AGO["end_at"][:10]:
            return None
        return {"price": price, "start": start, "end": end}

    def ended(self, known: Mapping[str, Json]) -> Instance | None:
        amount = first_schedule(known.get("discounted_price")).get("value_with_tax")
        if amount is None:
            return {}  # there is none
        return {"discounted_price": [{"schedule": [{"value_with_tax": amount, **_LONG_AGO}]}]}

    def paid(self, value: FieldValue) -> Money | None:
        return money_of(_text(_parts(value)["price"]))

    def form_field(self, currency: str = "", **options: Any) -> forms.Field:
        return SaleField(self, currency, **options)


def _edge(value: Json) -> str:
    """The day on which a schedule begins or ends; Amazon has texts, and objects with one."""
    return text_in(value.get("value") if isinstance(value, dict) else value)[:10]


class BusinessPrice(FieldKind):
    """What business buyers pay, and what from a number of units on."""

    most_tiers: ClassVar[int] = 5

    @property
    def parts(self) -> tuple[str, ...]:
        return ("our_price", "quantity_discount_plan")

    def parse(self, text: str, currency: str = "") -> FieldValues:
        first, *rest = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()] or [""]
        price = parse_price(first, currency)
        tiers = [self._tier(line, price.currency) for line in rest]
        if len(tiers) > self.most_tiers:
            raise ValidationError(
                _("Amazon takes at most %(most)d tiers."), params={"most": self.most_tiers}
            )
        before: tuple[int, Money] = (1, price)
        for tier in tiers:
            if tier[0] <= before[0]:
                raise ValidationError(_("The numbers of units must rise from tier to tier."))
            if tier[1].amount >= before[1].amount:
                raise ValidationError(_("The prices must fall from tier to tier."))
            before = tier
        return {"price": str(price), "tiers": [[units, str(paid)] for units, paid in tiers]}

    def _tier(self, text: str, currency: str) -> tuple[int, Money]:
        units, colon, price = text.partition(":")
        if not colon:
            raise ValidationError(_("Write a tier as units and price: 10: 8.50."))
        return Number(2, 1_000_000).parse(units), parse_price(price, currency)

    def text(self, value: FieldValue) -> str:
        price, tiers = _business(value)
        return "; ".join([price, *(f"{units}: {paid}" for units, paid in tiers)])

    def to_amazon(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        price, tiers = _business(value)
        instance: Instance = {"our_price": schedule(money_of(price))}
        if tiers:
            levels: list[Json] = [
                {"lower_bound": _as_json(units), "value": number(money_of(paid))}
                for units, paid in tiers
            ]
            plan: JsonObject = {"discount_type": "fixed", "levels": levels}
            instance["quantity_discount_plan"] = [{"schedule": [plan]}]
        return [instance]

    def from_amazon(
        self, instances: Sequence[Instance], terms: MarketplaceTerms
    ) -> FieldValues | None:
        if not instances:
            return None
        price = _price_in(instances[0].get("our_price"), terms)
        if price is None:
            return None
        plan = first_schedule(instances[0].get("quantity_discount_plan"))
        levels = [
            (whole(level.get("lower_bound")), amount_in(level.get("value"), terms.currency))
            for level in objs(plan.get("levels"))
        ]
        return {"price": price, "tiers": [[units, str(paid)] for units, paid in levels if paid]}

    def paid(self, value: FieldValue) -> Money | None:
        return money_of(_text(_parts(value)["price"]))

    def least_paid(self, value: FieldValue) -> Money | None:
        return min(business_prices(value), key=lambda price: price.amount)

    def form_field(self, currency: str = "", **options: Any) -> forms.Field:
        return BusinessField(self, currency, **options)


def _business(value: FieldValue) -> tuple[str, list[tuple[FieldValue, str]]]:
    """The price of a business price and its tiers, units and price each.

    Units are as they are: of a tier that Amazon showed without them there are none.
    """
    parts = _parts(value)
    tiers = [_list(tier) for tier in _list(parts["tiers"])]
    return _text(parts["price"]), [(units, _text(paid)) for units, paid in tiers]


def business_prices(value: FieldValue) -> tuple[Money, ...]:
    """All that business buyers pay by a business price: the price, and that of each tier."""
    price, tiers = _business(value)
    return tuple(money_of(paid) for paid in (price, *(paid for _units, paid in tiers)))


# --- Fields of a form with several inputs --------------------------------------------------------


class PartsWidget(forms.MultiWidget):
    """Several inputs under names of their own; ``split`` says what stands in each."""

    def __init__(
        self, field: PartsField, widgets: dict[str, forms.Widget | type[forms.Widget]]
    ) -> None:
        super().__init__(widgets)
        self._field = field

    def decompress(self, value: FieldValue) -> list[str]:
        texts = self._field.split(value) if value else [""] * len(self.widgets)
        return [_without(self._field.currency, text) for text in texts]


class PartsField(ComparedByValue, forms.MultiValueField):
    """A value with parts, each with an input of its own. All empty: no value."""

    inputs: ClassVar[tuple[tuple[str, StrOrPromise, type[forms.Widget]], ...]]

    def __init__(self, kind: FieldKind, currency: str = "", **options: Any) -> None:
        self.kind, self.currency = kind, currency
        widgets: dict[str, forms.Widget | type[forms.Widget]] = {}
        for name, label, widget in self.inputs:
            words = {"aria-label": label, "placeholder": label, "class": "amazon-part"}
            widgets[name] = widget(attrs={**words, **_ATTRS.get(widget, {})})
        super().__init__(
            fields=[forms.CharField(required=False) for _input in self.inputs],
            widget=PartsWidget(self, widgets),
            require_all_fields=False,
            **{"required": False, **options},
        )

    def split(self, value: FieldValue) -> list[str]:
        """The texts of the inputs."""
        raise NotImplementedError

    def join(self, texts: Sequence[str]) -> str:
        """The text of the whole."""
        raise NotImplementedError

    def compress(self, data_list: Sequence[str | None]) -> FieldValue:
        texts = [text or "" for text in data_list]
        return self.kind.parse(self.join(texts), self.currency) if any(texts) else ""


_ATTRS: dict[type[forms.Widget], dict[str, str | int]] = {
    forms.DateInput: {"type": "date"},
    forms.Textarea: {"rows": 3},
}


class SaleField(PartsField):
    inputs = (
        ("price", _("sale price"), PriceInput),
        ("start", _("first day"), forms.DateInput),
        ("end", _("last day"), forms.DateInput),
    )

    def split(self, value: FieldValue) -> list[str]:
        parts = _parts(value)
        return [_text(parts[name]) for name in ("price", "start", "end")]

    def join(self, texts: Sequence[str]) -> str:
        return f"{texts[0]} {texts[1]}/{texts[2]}"


class BusinessField(PartsField):
    inputs = (
        ("price", _("business price"), PriceInput),
        ("tiers", _("tiers, one a line: units: price"), forms.Textarea),
    )

    def split(self, value: FieldValue) -> list[str]:
        price, tiers = _business(value)
        return [price, "\n".join(f"{units}: {paid}" for units, paid in tiers)]

    def join(self, texts: Sequence[str]) -> str:
        return "\n".join(texts)
