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
    MISPLACED = (
        "misplaced",
        gettext_noop(
            "%(place)s holds a value that was encrypted for another place, so it is not used; "
            "connect the account again, or ask Amazon for the order again, to get it anew."
        ),
    )
    UNEXPECTED = "unexpected"

    # --- Runs ------------------------------------------------------------------------------

    QUOTED = "quoted"
    DIED = "died", gettext_noop("Its worker died; the next run took its work over.")
    DIED_ONCE = "died-once", gettext_noop("Its worker died; another one goes on with it.")
    DIED_AGAIN = (
        "died-again",
        gettext_noop(
            "%(count)s workers died at it, so no other one tries. Ask for it once more, or for "
            "less at once; where that fails too, look at the memory and the log of the workers."
        ),
    )
    ACCOUNT_OFF = (
        "account-off",
        gettext_noop("The account was disconnected before this began, so it was not done."),
    )
    BARCODE_REFUSED = (
        "barcode-refused",
        gettext_noop("Amazon's catalogue refuses to be asked for its barcode %(words)s"),
    )
    NO_PICTURE = (
        "no-picture",
        gettext_noop(
            "Amazon's catalogue refuses to be asked for its ASIN, so it is proposed without a "
            "picture: %(words)s"
        ),
    )
    FEED_UNTOLD = (
        "feed-untold",
        gettext_noop("Amazon does not say what became of the feed %(feed)s: %(words)s"),
    )
    IMPORT_OFF = (
        "import-off",
        gettext_noop("The import of orders was switched off before this began."),
    )
    CHECK = "check"
    LEFT_OUT = (
        "left-out",
        gettext_noop("This marketplace is left out, and the others go on. %(reason)s"),
    )
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
    ORDERS_REFUSED = (
        "orders-refused",
        gettext_noop(
            "Amazon refuses its orders; once it shows them again, the next import searches from "
            "the cut-over on. Until then no quantity rises."
        ),
    )
    NOT_SEARCHED = (
        "not-searched",
        gettext_noop("It joined later; the next import searches from the cut-over on."),
    )
    NOT_FINISHED = "not-finished", gettext_noop("The search has not finished yet.")

    # --- What a number is made of ----------------------------------------------------------

    IN_STOCK = "in-stock", gettext_noop("%(units)s in stock")
    SET_BY_STAFF = "set-by-staff", gettext_noop("%(units)s set by staff")
    UNITS_RESERVED = "units-reserved", gettext_noop("%(units)s reserved")
    RESERVED_BY = "reserved-by", gettext_noop("%(units)s reserved (%(orders)s)")
    AND_OTHER_ORDERS = (
        "and-other-orders",
        ngettext_lazy("%(count)s other order", "%(count)s other orders"),
    )
    ORDERS_UNNAMED = "orders-unnamed", ngettext_lazy("%(count)s order", "%(count)s orders")
    KEPT_BACK = "kept-back", gettext_noop("%(units)s kept back")
    NEVER_BELOW_ZERO = "never-below-zero", gettext_noop("%(sum)s, as it is never below 0")
    NOT_SOLD_NOW = "not-sold-now", gettext_noop("%(units)s: the shop does not sell it on Amazon")
    SINCE = "since", gettext_noop("%(sum)s, since %(at)s")
    LIVE_SINCE = "live-since", gettext_noop("%(sum)s, live since %(at)s")
    OWN_PRICE = "own-price", gettext_noop("own Amazon price %(price)s")
    SHOP_PRICE = "shop-price", gettext_noop("shop's price %(price)s")
    AT_RATE = "at-rate", gettext_noop("at the rate %(rate)s of %(day)s (%(source)s)")
    WITH_MARKUP = "with-markup", gettext_noop("with a markup of %(by)s per cent")
    WITH_ENDING = "with-ending", gettext_noop("raised to the price ending %(by)s")
    AT_LEAST = "at-least", gettext_noop("raised to the lowest price %(by)s")
    ROUNDED = "rounded", gettext_noop("rounded")
    FIELD_OFF = "field-off", gettext_noop("It is not sent here.")
    GONE_FROM_SHOP = "gone-from-shop", gettext_noop("The shop no longer has it.")
    NOT_ON_SALE = (
        "not-on-sale",
        gettext_noop("It is not on sale in the shop, so it is not offered on Amazon."),
    )
    STOCK_NOT_TRACKED = (
        "stock-not-tracked",
        gettext_noop("The shop does not track its stock; set a quantity on the SKU."),
    )
    NOT_MADE = "not-made", gettext_noop("It is not on Amazon, and is not offered there by itself.")
    OFFER_ENDED = "offer-ended", gettext_noop("offer ended")

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
    REPORTED = (
        "reported",
        gettext_noop(
            "Only Amazon's report shows this order, no search did: Amazon is asked for it by its "
            "id."
        ),
    )
    REPORTED_STATUS = (
        "reported-status",
        gettext_noop("Amazon's report calls it %(reported)s, and here it is %(known)s."),
    )
    REPORTED_QUANTITY = (
        "reported-quantity",
        gettext_noop("Amazon's report has %(reported)s units of it, and here are %(known)s."),
    )
    REPORTED_TOTAL = (
        "reported-total",
        gettext_noop(
            "Amazon's report has goods and shipping of %(reported)s, and here its total is "
            "%(known)s."
        ),
    )
    REPORTED_WISH = (
        "reported-wish",
        gettext_noop("Amazon's report says that the buyer asks to cancel."),
    )
    REPORTED_WISH_KNOWN = (
        "reported-wish-known",
        gettext_noop("Amazon's report knows of no buyer's wish to cancel, and here there is one."),
    )
    REPORT_ASKED = (
        "report-asked",
        gettext_noop("Amazon is asked for the order by its id."),
    )
    REPORT_DIFFERS = (
        "report-differs",
        gettext_noop(
            "Amazon was asked for the order, and its answer is as it is here: look at the order in "
            "Seller Central."
        ),
    )
    REPORT_ODD = (
        "report-odd",
        gettext_noop(
            "Amazon's report says so of %(count)s of %(all)s orders, so it counts in another way: "
            "%(words)s"
        ),
    )
    NOT_PROVEN = (
        "not-proven",
        ngettext_lazy(
            "Amazon has not shown %(count)s order of its report in a day.",
            "Amazon has not shown %(count)s orders of its report in a day.",
        ),
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
    CHOOSE_SHIPPING = (
        "choose-shipping",
        gettext_noop("Choose a default shipping method: without one no order can be placed."),
    )
    CHOOSE_PAYMENT = (
        "choose-payment",
        gettext_noop("Choose a default payment method: without one no order can be placed."),
    )
    LOOK_FIRST = (
        "look-first",
        gettext_noop("Look at what an export would send: choose “Show what an export would send”."),
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
    LINE_OF_GONE = (
        "line-of-gone",
        gettext_noop(
            "SKU %(sku)s is linked to offer %(offer)s, which the shop no longer has: its line has "
            "no product and took no stock. Link the SKU, and see to the order by hand."
        ),
    )

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
    ALMOST_A_CARRIER = (
        "almost-a-carrier",
        gettext_noop(
            "Amazon's list has no carrier %(carrier)s. Is it %(nearest)s? Name it so, or map it in "
            "the account's order mappings."
        ),
    )
    UNKNOWN_CARRIER = (
        "unknown-carrier",
        gettext_noop(
            "Amazon's list has no carrier %(carrier)s; map it in the account's order mappings, "
            "or name one of the list here."
        ),
    )
    NOT_IN_SHOP = "not-in-shop", gettext_noop("The shop does not have this order yet.")
    NO_PARCEL = "no-parcel", gettext_noop("The shop has no parcel of it yet.")
    NO_ADDRESS = (
        "no-address",
        gettext_noop("Amazon does not show where it goes; look it up in Seller Central."),
    )
    TAKEN_BACK = (
        "taken-back",
        gettext_noop(
            "The shop tells of this parcel no more, so it is not sent. Send it off in the shop "
            "again, or take it as done."
        ),
    )
    NO_ITEMS = "no-items", gettext_noop("It names no items of the order.")
    SHIP_BY = "ship-by", gettext_noop("Amazon expects it by %(ship_by)s.")
    READ_BACK = "read-back", gettext_noop("Read back: Amazon has it.")
    NOT_SEEN = (
        "not-seen",
        gettext_noop(
            "Amazon accepted it at %(at)s and does not show it: it is sent once more, under the "
            "same number."
        ),
    )
    NEVER_SEEN = (
        "never-seen",
        gettext_noop(
            "Amazon accepted it and does not show it, though it had its time. Look at the order in "
            "Seller Central; then send it again, or take it as done."
        ),
    )
    SHOWN_OTHERWISE = (
        "shown-otherwise",
        gettext_noop(
            "Amazon shows parcel %(reference)s with other items or another tracking number. Look "
            "at the order in Seller Central; then send it again, or take it as done."
        ),
    )
    OTHERS_PARCEL = (
        "others-parcel",
        gettext_noop(
            "Somebody else confirmed all that is in it, so it is not confirmed a second time. "
            "Amazon shows: %(parcels)s."
        ),
    )
    NO_ROOM_BESIDE = (
        "no-room-beside",
        gettext_noop(
            "Somebody else confirmed a part of what is in it, so it is not sent. Amazon shows: "
            "%(parcels)s. Correct the parcel in the shop, or take it as done."
        ),
    )
    ORDER_IS_CANCELLED = (
        "order-is-cancelled",
        gettext_noop(
            "Amazon shows the order as cancelled and this parcel not at all: stop the parcel, or "
            "ask for it back."
        ),
    )
    NOT_SHOWN_FOR_LONG = (
        "not-shown-for-long",
        gettext_noop(
            "Amazon has not shown the order for a day, so nobody knows whether it has the parcel. "
            "Look in Seller Central; then send it again, or take it as done. %(words)s"
        ),
    )
    TAKEN_AS_DONE = "taken-as-done", gettext_noop("Staff took it as done.")
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

    # --- Why a SKU is not an offer's -------------------------------------------------------

    LINKED_TO_GONE = (
        "linked-to-gone",
        gettext_noop(
            "SKU %(sku)s is linked to offer %(offer)s, which the shop no longer has; only staff "
            "give it to another offer."
        ),
    )
    LINKED_TO_ANOTHER = (
        "linked-to-another",
        gettext_noop(
            "The SKU of offer %(offer)s is linked to offer %(other)s, so %(offer)s is not sent. "
            "Link the SKU to it, or give it another SKU."
        ),
    )
    SAME_SKU = (
        "same-sku",
        gettext_noop(
            "The offers %(other)s and %(offer)s have the same SKU; %(other)s is sent, %(offer)s is "
            "not. Give one of them another SKU."
        ),
    )
    REFUSED_BY_STAFF = (
        "refused-by-staff",
        gettext_noop(
            "Staff said that offer %(offer)s is not SKU %(sku)s, so it is not sent under it. Give "
            "it another SKU, or think better of it on the page Proposals."
        ),
    )

    BARCODES_DIFFER = (
        "barcodes-differ",
        gettext_noop(
            "SKU %(sku)s is on Amazon with the barcode %(there)s, and offer %(offer)s of the shop "
            "has another one, so it is not taken for it. Decide on the page Proposals, or mend a "
            "barcode."
        ),
    )
    SOLD_ALREADY = (
        "sold-already",
        gettext_noop(
            "The account sells %(asin)s as SKU %(sku)s already, so it is not offered a second "
            "time. Decide on the page Proposals: refuse it there to offer it all the same."
        ),
    )
    PROPOSED_ALREADY = (
        "proposed-already",
        gettext_noop(
            "It may be SKU %(sku)s, which the account sells already, so it is not offered a second "
            "time. Decide on the page Proposals: refuse it there to offer it all the same."
        ),
    )
    MAY_BE_ANOTHER = (
        "may-be-another",
        gettext_noop(
            "SKU %(sku)s may be another product than the shop's of that SKU: its line has no "
            "product and took no stock. Decide on the page Proposals, and see to the order by hand."
        ),
    )

    # --- Why a value is not sent -----------------------------------------------------------

    APPROVAL = "approval"
    CREATION = "creation"
    NO_CODE = (
        "no-code",
        ngettext_lazy(
            "%(skus)s has neither an ASIN nor a barcode; give it one.",
            "%(count)s offers have neither an ASIN nor a barcode, such as %(skus)s; give them one.",
        ),
    )
    BAD_BARCODE = (
        "bad-barcode",
        ngettext_lazy(
            "The barcode of %(skus)s has a wrong check digit; mend it.",
            "The barcodes of %(count)s offers have a wrong check digit, such as %(skus)s; mend "
            "them.",
        ),
    )
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


def moment(at: datetime) -> str:
    """A time in the language that is active, and in the zone of whoever looks.

    English writes "2:48 PM": the full stops of "p.m." double that of a sentence.
    """
    from django.utils import formats, timezone

    form = formats.get_format("DATETIME_FORMAT").replace("P", "g:i A")
    return formats.date_format(timezone.localtime(at), form)


def _localized(value: Parameter) -> str:
    from django.utils import formats

    match value:
        case Money(amount, currency):
            return f"{formats.number_format(amount)} {currency}"
        case datetime():
            return moment(value)
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
