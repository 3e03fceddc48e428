"""Sentences that rows keep: a code, typed parameters, and one English template for each code.

A sentence that a row keeps is made as a ``Message``, so that it can be shown in the reader's
language with money, moments and counts as the reader writes them. Today rows keep its English;
the column for the parameters comes with the next change of the schema, and rows from before it
keep their text. See docs/decisions/0016-sentences-are-messages.md.

What Amazon or a shop adapter says is quoted as it is, as the parameter ``words``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from django_amazon_sync.data import Json, JsonObject, Money

#: What a sentence may say of its case: a word or a name, a count, an amount, an aware moment.
#: A parameter is kept in clear, so it is never a buyer's.
Parameter: TypeAlias = str | int | Money | datetime

#: The parameter that chooses between one and many.
COUNT = "count"

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


# makemessages knows the texts of catalogues by these names. They are not Django's own, as the
# rules and the gateway make messages too and import no Django.


def gettext_noop(text: str) -> str:
    """A template for the catalogues."""
    return text


def ngettext_lazy(one: str, many: str) -> tuple[str, str]:
    """A template for the catalogues, for one and for many by its parameter ``count``."""
    return one, many


class Code(StrEnum):
    """The words by which rows, JSON and filters tell reasons apart, each with its sentence.

    A code that is given no sentence has many texts, and quotes one of them.
    """

    one: str
    many: str

    def __new__(cls, value: str, template: str | tuple[str, str] = "%(words)s") -> Code:
        """A code with its template, or its two for one and many."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.one, code.many = template if isinstance(template, tuple) else (template, "")
        return code

    @property
    def parameters(self) -> frozenset[str]:
        """The names in the sentence, each of which a message gives a value."""
        return frozenset(_PLACEHOLDER.findall(self.one + self.many))

    # --- Errors: who acts (errors.py) ------------------------------------------------------

    ERROR = "error"
    AMAZON = "amazon"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    TOO_LATE = "too-late"
    NO_REPORT = "no-report"
    UNAUTHORIZED = "unauthorized"
    DISCONNECTED = "disconnected"
    NOT_SELLING = "not-selling"
    REJECTED = "rejected"
    NOT_FOUND = "not-found"
    CONFIGURATION = "configuration"
    HALTED = "halted"
    NOT_YET = "not-yet"
    MAPPING_MISSING = "mapping-missing"
    PAYMENT_METHOD = "payment-method"
    SHOP_REFUSED = "shop-refused"
    NOT_SUPPORTED = "not-supported"
    UNREADABLE = "unreadable"
    UNEXPECTED = "unexpected"

    # --- Runs ------------------------------------------------------------------------------

    QUOTED = "quoted"
    DIED = "died", gettext_noop("Its worker died; the next run took its work over.")
    CHECK = "check"
    FEW_OFFERS = (
        "few-offers",
        ngettext_lazy(
            "The shop shows %(count)s offer, and %(known)s are linked: it looks broken, so nothing "
            "counts as gone. Look at the shop; offers that are gone go to zero one by one.",
            "The shop shows %(count)s offers, and %(known)s are linked: it looks broken, so "
            "nothing counts as gone. Look at the shop; offers that are gone go to zero one by one.",
        ),
    )
    FEW_ROWS = (
        "few-rows",
        ngettext_lazy(
            "The report has %(count)s row, and %(known)s listings are known there; nothing is "
            "ended by a report, so all of them stay.",
            "The report has %(count)s rows, and %(known)s listings are known there; nothing is "
            "ended by a report, so all of them stay.",
        ),
    )

    WINDOW_REFUSED = (
        "window-refused",
        gettext_noop(
            "Amazon refused the search for orders from %(start)s to %(until)s; it is tried again "
            "daily. %(words)s"
        ),
    )
    END_BEFORE_START = (
        "end-before-start",
        gettext_noop(
            "Amazon says that its answer is complete up to %(until)s, which is before the search "
            "begins (%(start)s); it is asked again."
        ),
    )
    NOT_SEARCHED = (
        "not-searched",
        gettext_noop("It joined later; the next import searches from the cut-over on."),
    )
    NOT_FINISHED = "not-finished", gettext_noop("The search has not finished yet.")

    # --- Why an order is not placed --------------------------------------------------------

    CHANNEL = "channel", gettext_noop("It was sold on %(channel)s, not on Amazon.")
    CANCELLED = "cancelled", gettext_noop("Cancelled on Amazon.")
    UNFULFILLABLE = "unfulfillable", gettext_noop("Amazon says that it cannot be fulfilled.")
    BEFORE_CUT_OVER = (
        "before-cut-over",
        gettext_noop("It is from before the cut-over; it is placed when staff ask for it."),
    )
    PENDING = "pending", gettext_noop("The payment is pending on Amazon.")
    STATUS = (
        "status",
        gettext_noop("Amazon's status is %(status)s, which is not known here."),
    )
    AMAZON_SHIPS = "amazon-ships", gettext_noop("Placed once Amazon has shipped it.")
    TOTAL = "total", gettext_noop("Amazon named no total; asked again later.")
    ITEMS = "items", gettext_noop("Amazon named no lines; asked again later.")
    LINES_MISSING = (
        "lines-missing",
        ngettext_lazy(
            "Amazon shows %(count)s line less than before and does not say that it was cancelled; "
            "asked again later.",
            "Amazon shows %(count)s lines less than before and does not say that they were "
            "cancelled; asked again later.",
        ),
    )
    NOT_SAVED = "not-saved", gettext_noop("It could not be saved; it is asked for. %(words)s")
    UNREADABLE_COPY = (
        "unreadable-copy",
        gettext_noop("A newer copy of it cannot be read; Amazon is asked for it. %(words)s"),
    )
    REVIVED = (
        "revived",
        gettext_noop(
            "Amazon shows it as %(status)s again, and the shop's order is cancelled. It holds its "
            "units: bring the shop's order back, then replay it."
        ),
    )
    CONTRADICTS = (
        "contradicts",
        gettext_noop("Amazon showed two copies of one moment that contradict; it is asked."),
    )
    ASKED_IN_VAIN = (
        "asked-in-vain",
        ngettext_lazy(
            "It was asked for %(count)s time in vain; it is asked for daily from now on, or place "
            "it as it is.",
            "It was asked for %(count)s times in vain; it is asked for daily from now on, or place "
            "it as it is.",
        ),
    )
    UNITS_UNKNOWN = (
        "units-unknown",
        gettext_noop(
            "Which units it holds is not known, so no quantity of this account rises before "
            "%(until)s; say which units it holds, and they may rise at once."
        ),
    )
    PENDING_LONG = (
        "pending-long",
        gettext_noop("The payment is pending on Amazon since %(since)s, longer than usual."),
    )
    NO_SUCH_METHOD = (
        "no-such-method",
        gettext_noop(
            "The shop no longer has the method %(method)s that is chosen for the account "
            "%(account)s; choose another one."
        ),
    )
    NO_SUCH_STATUS = (
        "no-such-status",
        gettext_noop(
            "The shop's orders no longer have the status %(status)s that is chosen for the account "
            "%(account)s; choose another one."
        ),
    )
    NO_SHIPPING_METHOD = (
        "no-shipping-method",
        gettext_noop(
            "The account %(account)s has no default shipping method, so the order cannot be "
            "placed; choose one on the account."
        ),
    )
    NO_PAYMENT_METHOD = (
        "no-payment-method",
        gettext_noop(
            "Amazon's payment method %(methods)s is matched to none of the shop's, and the "
            "account %(account)s has no default; match it for the account's orders, and this "
            "order is placed by the next import."
        ),
    )

    # --- What staff should know of a placed order ------------------------------------------

    UNEXPLAINED = (
        "unexplained",
        gettext_noop("%(difference)s of Amazon's total are unexplained."),
    )
    LINE_GONE = (
        "line-gone",
        gettext_noop("Amazon no longer lists SKU %(sku)s: its units were given back. Check it."),
    )
    GUEST = "guest", gettext_noop("The order is a guest's.")
    NO_PRODUCT = "no-product", gettext_noop("No product was made for SKU %(sku)s.")

    # --- Shipments -------------------------------------------------------------------------

    CANCELLATION_ASKED = (
        "cancellation-asked",
        gettext_noop("The buyer asks to cancel; cancel the order, or decide to ship anyway."),
    )
    NO_TRACKING = (
        "no-tracking",
        gettext_noop("It has no tracking number; add it in the shop."),
    )
    NO_CARRIER = (
        "no-carrier",
        gettext_noop("It has no carrier; name it in the shop, or set the account's default."),
    )
    NO_CARRIER_NAME = (
        "no-carrier-name",
        gettext_noop("Amazon needs the name of a carrier that it calls Other; give it here."),
    )
    UNKNOWN_CARRIER = (
        "unknown-carrier",
        gettext_noop(
            "Amazon's list has no carrier %(carrier)s; map it in the account's order mappings, "
            "or name one of the list here."
        ),
    )
    NO_ITEMS = "no-items", gettext_noop("It names no items of the order.")
    SHIP_BY = "ship-by", gettext_noop("Amazon expects it by %(ship_by)s.")
    READ_BACK = "read-back", gettext_noop("Read back: Amazon has it.")
    ALREADY_SHIPPED = "already-shipped", gettext_noop("Amazon had it as shipped already.")
    NOT_WITH_AMAZON = (
        "not-with-amazon",
        gettext_noop(
            "Amazon refused it as shipped already, and shows no such package: it is not confirmed. "
            "Look at the order in Seller Central, then send it again."
        ),
    )
    NOT_SENT = "not-sent", gettext_noop("Not sent. %(words)s")
    OUTCOME_UNKNOWN = (
        "outcome-unknown",
        gettext_noop("Its outcome is unknown and is read back next: %(words)s"),
    )

    # --- Why an offer is not matched -------------------------------------------------------

    NONE = "none"
    DOUBT = "doubt"
    SEVERAL = "several"
    CONTRADICTION = "contradiction"
    TAKEN = "taken"
    SHARED = "shared"

    # --- Why a value is not sent -----------------------------------------------------------

    APPROVAL = "approval"
    CREATION = "creation"
    FEED = "feed"
    OFFER = "offer"
    RATES = "rates"
    SKU = "sku"

    # --- Why a value is not taken over -----------------------------------------------------

    ABSENT = "absent"
    AMAZONS_STOCK = "amazons-stock"
    CHANGED = "changed"
    CURRENCY = "currency"
    GOES_OUT = "goes-out"
    NAME = "name"
    ON_ITS_WAY = "on-its-way"
    ORDERS = "orders"
    PRICE = "price"
    QUANTITY = "quantity"
    RULE = "rule"
    TAX = "tax"


@dataclass(frozen=True, init=False)
class Message:
    """One sentence: its code, and a value for each name in the code's template.

    ``str`` is its English, for logs, for ``--format json`` and for rows. A name that is missing
    or unknown is a TypeError at once; a moment without zone is a ValueError.
    """

    code: Code
    params: dict[str, Parameter] = field(hash=False)

    def __init__(self, code: Code, **params: Parameter) -> None:
        if params.keys() != code.parameters:
            wanted = ", ".join(sorted(code.parameters)) or "nothing"
            given = ", ".join(sorted(params)) or "nothing"
            raise TypeError(f"The message '{code}' takes {wanted}, and was given {given}.")
        for name, value in params.items():
            if isinstance(value, datetime) and value.utcoffset() is None:
                raise ValueError(f"The moment {name} of the message '{code}' has no zone.")
            if name == COUNT and not isinstance(value, int):
                raise TypeError(f"The message '{code}' counts in whole numbers, not {value!r}.")
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "params", params)

    def __str__(self) -> str:
        template = self.code.many if self.code.many and self._count != 1 else self.code.one
        return template % {name: _in_english(value) for name, value in self.params.items()}

    def translated(self) -> str:
        """The sentence in the language that is active, its values formatted for it."""
        from django.utils import translation  # here, as the rules and the gateway know no Django

        if self.code.many:
            template = translation.ngettext(self.code.one, self.code.many, self._count)
        else:
            template = translation.gettext(self.code.one)
        return template % {name: _localized(value) for name, value in self.params.items()}

    def as_json(self) -> JsonObject:
        """The message as a JSON column keeps it."""
        params: JsonObject = {name: _to_json(value) for name, value in self.params.items()}
        return {"code": self.code.value, "params": params}

    @classmethod
    def from_json(cls, document: JsonObject) -> Message:
        """The message that ``as_json`` made this of."""
        params = document.get("params")
        if not isinstance(params, dict):
            raise TypeError("A message has parameters.")
        values = {name: _from_json(value) for name, value in params.items()}
        return cls(Code(str(document.get("code"))), **values)

    @property
    def _count(self) -> int:
        count = self.params[COUNT]
        assert isinstance(count, int)
        return count


def in_english(said: Iterable[Message]) -> str:
    """Several sentences as one text, for a row that keeps them together."""
    return " ".join(map(str, said))


def shown(text: str) -> str:
    """A text that a row keeps, in the language that is active where that is safe, else as it is.

    Rows keep no parameters yet, so only a sentence without any is known again.
    """
    code = _WITHOUT_PARAMETERS.get(text)
    return text if code is None else Message(code).translated()


_WITHOUT_PARAMETERS = {code.one: code for code in Code if not code.parameters}


# --- Values -----------------------------------------------------------------------------------


def _in_english(value: Parameter) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return str(value)


def _localized(value: Parameter) -> str:
    from django.utils import formats, timezone

    match value:
        case Money(amount, currency):
            return f"{formats.number_format(amount)} {currency}"
        case datetime():
            return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
        case int():
            return formats.number_format(value)
        case _:
            return value


def _to_json(value: Parameter) -> Json:
    match value:
        case Money(amount, currency):
            return {"amount": str(amount), "currency": currency}
        case datetime():
            return {"moment": value.isoformat()}
        case _:
            return value


def _from_json(value: Json) -> Parameter:
    match value:
        case {"amount": str(amount), "currency": str(currency)}:
            return Money(Decimal(amount), currency)
        case {"moment": str(moment)}:
            return datetime.fromisoformat(moment)
        case str() | int():
            return value
        case _:
            raise TypeError(f"{value!r} is no parameter of a message.")
