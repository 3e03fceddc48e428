"""The status of a listing: what becomes of it next, derived from its state in one function.

What is told of what should be at Amazon is asked of ``desired``, as a run asks it, so that no
sentence promises what no run would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common.formatting import moment
from django_amazon_sync.data import Offer
from django_amazon_sync.models import AccountState, Lack, Listing, Presence
from django_amazon_sync.sync.accounts import refusals
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Desired,
    Rules,
    amazon_wins,
    desired,
    is_absent_for_good,
    is_wanted,
    kept_by_amazon,
)
from django_amazon_sync.sync.offers.fields import PRICE, QUANTITY
from django_amazon_sync.sync.runs.work import why_not_writing

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Status(Enum):
    """What becomes of a listing next; those in which something is sent are ``SENDING``."""

    # Nothing is sent for the whole account, or for the whole store.
    OBSERVED = auto()
    PAUSED = auto()
    DISCONNECTED = auto()
    ELSEWHERE = auto()
    STORE_OFF = auto()
    STORE_REFUSED = auto()
    # A person decides.
    HELD = auto()
    REFUSED_FOR_NOW = auto()
    REFUSED = auto()
    # It is not sold on Amazon (any more).
    GOES_TO_ZERO = auto()
    SHOWS_ZERO = auto()
    ZERO_UNREAD = auto()
    LOOKED_FOR_AGAIN = auto()
    NOT_THERE = auto()
    STOCK_OF_AMAZON = auto()
    STAYS_ON_SALE = auto()
    NEVER_OURS = auto()
    # Staff ended its offer in this store.
    ENDING = auto()
    ENDED = auto()
    # It is sold on Amazon.
    QUANTITY_ONLY = auto()
    NOTHING_HERE = auto()
    AMAZON_WINS = auto()
    MENDED = auto()
    STUCK = auto()
    ALL_OFF = auto()
    UNREAD = auto()
    CREATED = auto()
    SENT_IN_PART = auto()
    SENT = auto()


#: Those in which the next export sends something, or may.
SENDING = frozenset(
    {
        Status.GOES_TO_ZERO, Status.ZERO_UNREAD, Status.ENDING, Status.QUANTITY_ONLY,
        Status.MENDED, Status.UNREAD, Status.CREATED, Status.SENT_IN_PART, Status.SENT,
    }
)  # fmt: skip

#: Those that promise something which waits while Amazon refuses the store.
_GO_OUT = SENDING | {Status.REFUSED_FOR_NOW, Status.REFUSED}

_NOT_WRITING = {
    AccountState.OBSERVING: Status.OBSERVED,
    AccountState.PAUSED: Status.PAUSED,
    AccountState.DISCONNECTED: Status.DISCONNECTED,
}


@dataclass(frozen=True)
class ListingStatus:
    """The status, what the shop would have at Amazon, and what Amazon refuses of the store."""

    listing: Listing
    offer: Offer | None
    status: Status
    want: Desired
    lack: Lack | None = None

    @property
    def sentence(self) -> StrOrPromise:
        """The status as a sentence."""
        if self.status == Status.ELSEWHERE:
            return why_not_writing(self.listing.sku.account)
        if self.status == Status.QUANTITY_ONLY and not self.listing.marketplace.active:
            return gettext("Only the quantity is sent, as its store is switched off.")
        if self.status == Status.STORE_REFUSED and self.lack is not None:
            return _refused(self.lack)
        text = _SENTENCES[self.status]
        if self.status in _UNWANTED:
            return f"{_why_unwanted(self.listing, self.offer)} {text}"
        if self.status in (Status.STUCK, Status.SENT_IN_PART):
            return f"{text} {' '.join(dict.fromkeys(self.want.problems.values()))}"
        if self.status == Status.REFUSED_FOR_NOW:
            return text % {"again": moment(self.listing.again_at)}
        return text


def status_of(listing: Listing, offer: Offer | None) -> ListingStatus:
    """The status of a listing (with its SKU, marketplace and account) of this offer of the shop."""
    listing.marketplace.account = listing.sku.account  # read already, and without its secrets
    rules = Rules.of(listing.marketplace)
    want = desired(
        offer,
        listing.sku,
        listing,
        rules,
        reserved=0,
        chosen=Chosen.of(listing),
        believed=listing.believed,
    )
    wanted = is_wanted(offer, listing.sku, rules)
    status = (
        _of_account(listing, want)
        or _of_stops(listing, want, wanted=wanted)
        or _of_ended(listing, want)
        or (_wanted(listing, want) if wanted else _unwanted(listing, offer, rules, want))
    )
    of_zeros = status == Status.GOES_TO_ZERO
    lack = (
        refusals.refusal_of(listing.marketplace, of_zeros=of_zeros) if status in _GO_OUT else None
    )
    return ListingStatus(listing, offer, Status.STORE_REFUSED if lack else status, want, lack)


def _of_account(listing: Listing, want: Desired) -> Status | None:
    """Where nothing at all leaves."""
    account = listing.sku.account
    if account.state != AccountState.LIVE:
        return _NOT_WRITING[AccountState(account.state)]
    if not account.writes_from(conf.get("DEPLOYMENT")):
        return Status.ELSEWHERE
    ends = listing.end_offer and listing.presence != Presence.UNREAD
    keeps = listing.marketplace.active or ends or _keeps_its_quantity(listing, want)
    return None if keeps else Status.STORE_OFF


def _of_ended(listing: Listing, want: Desired) -> Status | None:
    """What becomes of an offer that staff ended."""
    if not listing.end_offer:
        return None
    there = listing.presence in (Presence.PRESENT, Presence.UNREAD)
    return Status.ENDING if there and PRICE in want.values else Status.ENDED


def _is_unread(listing: Listing) -> bool:
    """Whether it is read first: never read, or let on again after staff had ended its offer."""
    return listing.presence in (Presence.UNREAD, Presence.ENDED)


def _keeps_its_quantity(listing: Listing, want: Desired) -> bool:
    """Whether the quantity goes out though the store is switched off: it is on sale there still."""
    ours = listing.sku.managed or listing.sku.sold_here
    return ours and listing.presence == Presence.PRESENT and QUANTITY in want.values


def _of_stops(listing: Listing, want: Desired, *, wanted: bool) -> Status | None:
    """What does not leave of what is wanted; a stop of anything else ends with the next look."""
    held, refused = (
        names if wanted and listing.marketplace.active else names & want.values.keys()
        for names in (listing.held.keys(), listing.refused.keys())
    )
    if held:
        return Status.HELD
    if refused:
        return Status.REFUSED_FOR_NOW if listing.again_at else Status.REFUSED
    return None


def _unwanted(listing: Listing, offer: Offer | None, rules: Rules, want: Desired) -> Status:
    sku = listing.sku
    if listing.presence == Presence.ABSENT:
        return Status.NOT_THERE
    if QUANTITY in want.values:
        if _is_unread(listing):
            return Status.ZERO_UNREAD
        shown = listing.believed.get(QUANTITY) == 0 and QUANTITY not in listing.drift
        return Status.SHOWS_ZERO if shown else Status.GOES_TO_ZERO
    if sku.fulfilled_by_amazon:
        return Status.STOCK_OF_AMAZON
    if not (sku.managed or sku.sold_here):
        return Status.NEVER_OURS
    if not rules.sends(QUANTITY, Chosen.of(listing)):
        return Status.STAYS_ON_SALE
    if offer is None and not is_absent_for_good(offer, sku):
        return Status.LOOKED_FOR_AGAIN
    return Status.ZERO_UNREAD


def _wanted(listing: Listing, want: Desired) -> Status:
    if listing.synchronise_here is False or not listing.marketplace.active:
        there = listing.presence != Presence.ABSENT
        return Status.QUANTITY_ONLY if there and QUANTITY in want.values else Status.NOTHING_HERE
    if kept_by_amazon(listing.drift, amazon_wins(listing.marketplace)):
        return Status.AMAZON_WINS
    if listing.drift.keys() & want.values.keys():
        return Status.MENDED
    if _is_unread(listing):
        return Status.UNREAD
    if want.problems and (not want.values or listing.presence == Presence.ABSENT):
        return Status.STUCK
    if not want.values:
        return Status.ALL_OFF
    if listing.presence == Presence.ABSENT:
        return Status.NOT_THERE if listing.sku.fulfilled_by_amazon else Status.CREATED
    return Status.SENT_IN_PART if want.problems else Status.SENT


def _refused(lack: Lack) -> str:
    text = (
        gettext(
            "%(what)s: Amazon has refused it since %(since)s. It is tried again by itself, and "
            "until then nothing but a quantity of 0 is sent here. %(reason)s"
        )
        if lack.part == Lack.Part.LISTINGS
        else gettext(
            "%(what)s: Amazon has refused it since %(since)s. It is tried again by itself, and "
            "until then nothing is sent here. %(reason)s"
        )
    )
    return text % {"what": lack.what, "since": moment(lack.since), "reason": lack.reason}


def _why_unwanted(listing: Listing, offer: Offer | None) -> str:
    if offer is None and listing.sku.offer_pk:
        return gettext("The shop does not have its product.")
    if offer is None:
        return gettext("It is linked to no product of the shop.")
    if not offer.on_sale:
        return gettext("It is not on sale in the shop.")
    wanted = listing.sku.synchronise
    if listing.sku.account.synchronise_all if wanted is None else wanted:
        return gettext("It is not sold on Amazon.")
    return gettext("It is switched off.")


#: The statuses of what is not sold on Amazon; their sentences begin with the reason.
_UNWANTED = frozenset(
    {
        Status.GOES_TO_ZERO, Status.SHOWS_ZERO, Status.ZERO_UNREAD, Status.LOOKED_FOR_AGAIN,
        Status.STOCK_OF_AMAZON, Status.STAYS_ON_SALE, Status.NEVER_OURS,
    }
)  # fmt: skip

_SENTENCES: dict[Status, StrOrPromise] = {
    Status.OBSERVED: _("Nothing is sent, as its account only observes until it is released."),
    Status.PAUSED: _("Nothing is sent, as its account is paused."),
    Status.DISCONNECTED: _("Nothing happens, as its account is disconnected."),
    Status.STORE_OFF: _("Nothing is sent, as its store is switched off."),
    Status.HELD: _("Its changes wait until you approve them."),
    Status.REFUSED_FOR_NOW: _(
        "What Amazon refused is tried again by itself on %(again)s, and before that when the "
        "value changes in the shop, or when you export this SKU."
    ),
    Status.REFUSED: _(
        "What Amazon refused goes again when the value changes in the shop, or when you "
        "export this SKU."
    ),
    Status.GOES_TO_ZERO: _("The next export sets its quantity on Amazon to 0."),
    Status.SHOWS_ZERO: _("Amazon shows 0 of it, and nothing else is sent."),
    Status.ZERO_UNREAD: _("It is read from Amazon first; its quantity goes to 0 if it is there."),
    Status.LOOKED_FOR_AGAIN: _("Nothing is sent before the shop was looked at a second time."),
    Status.NOT_THERE: _("It is not on Amazon, and nothing is sent."),
    Status.STOCK_OF_AMAZON: _("Nothing is sent: Amazon ships it, and sells what it has of it."),
    Status.STAYS_ON_SALE: _(
        "Nothing is sent, as its quantity is not sent here: what Amazon shows stays on sale."
    ),
    Status.NEVER_OURS: _("Nothing is sent, as it was never sold from here."),
    Status.ENDING: _(
        "Its offer in this store is being ended; until Amazon shows none, its quantity goes on."
    ),
    Status.ENDED: _(
        "Its offer in this store is ended, and nothing is sent until it is offered again."
    ),
    Status.QUANTITY_ONLY: _(
        "Only the quantity is sent: it is not synchronised in this marketplace."
    ),
    Status.NOTHING_HERE: _("Nothing is sent: it is not synchronised in this marketplace."),
    Status.AMAZON_WINS: _(
        "Another hand changed it on Amazon, and Amazon wins here: it stays until you take it "
        "over or send the shop's value."
    ),
    Status.MENDED: _(
        "Amazon shows something other than what it accepted; the next export mends it."
    ),
    Status.STUCK: _("Nothing can be sent."),
    Status.ALL_OFF: _("Nothing is sent, as all its fields are switched off."),
    Status.UNREAD: _("The next export reads it from Amazon before anything is sent."),
    Status.CREATED: _("The next export creates it, where its ASIN or barcode is known."),
    Status.SENT_IN_PART: _("What changes in the shop is sent, save for this:"),
    Status.SENT: _("What changes in the shop is sent."),
}
