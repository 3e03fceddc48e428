"""A listing's state in words: why a value waits or is refused, who approved it, what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from django_amazon_sync import conf
from django_amazon_sync.admin.common import issue_texts
from django_amazon_sync.admin.common.formatting import moment, value_text
from django_amazon_sync.data import ApprovalRow, StopRow
from django_amazon_sync.messages import Code
from django_amazon_sync.models import Listing
from django_amazon_sync.rules.listing_state import APPROVALS_LAST
from django_amazon_sync.sync.offers.fields import QUANTITY


def held(listing: Listing) -> dict[str, SafeString]:
    """What waits for approval, each value with why and since when."""
    return {
        name: _cell(value_text(name, value), _why_held(listing.stops.get(name)))
        for name, value in listing.held.items()
    }


def refused(listing: Listing) -> dict[str, SafeString]:
    """What Amazon refused, each value with why, since when, and when it is tried again."""
    return {
        name: _cell(value_text(name, value), _why_refused(listing.stops.get(name)))
        for name, value in listing.refused.items()
    }


def approved(listing: Listing) -> dict[str, SafeString]:
    """What staff approved, each value with by whom, when, and until when."""
    return {
        name: _cell(value_text(name, value), _who_approved(name, listing.approvals.get(name)))
        for name, value in listing.approved.items()
    }


def suspected(listing: Listing) -> dict[str, SafeString]:
    """The quantity that only one reading showed so far."""
    seen = listing.suspected
    if "live" not in seen or "at" not in seen:
        return {}
    sentence = gettext(
        "Amazon showed it on %(at)s. It counts once a second reading shows it too, with all "
        "orders up to the first one known."
    )
    sentences = [sentence % {"at": _at(seen["at"])}]
    if listing.check_at:
        sentences.append(gettext("It is read again on %(at)s.") % {"at": moment(listing.check_at)})
    return {QUANTITY: _cell(value_text(QUANTITY, seen["live"]), sentences)}


def _cell(value: str, sentences: Iterable[str]) -> SafeString:
    lines = format_html_join("", '<div class="help">{}</div>', ([text] for text in sentences))
    return format_html("{}{}", value, lines)


def _why_held(stop: StopRow | None) -> list[str]:
    if stop is None:
        return []
    since = gettext("It has waited since %(since)s.") % {"since": _at(stop["since"])}
    return [*_reason(stop), since]


def _why_refused(stop: StopRow | None) -> list[str]:
    if stop is None:
        return []
    tries = max(stop["tries"], 1)
    if stop["code"] in (Code.NO_CODE, Code.BAD_BARCODE):
        since = gettext("It was not sent on %(since)s.")
    else:
        since = ngettext(
            "Amazon refused it on %(since)s.",
            "Amazon refused it %(tries)d times, first on %(since)s.",
            tries,
        )
    again = (
        gettext("It is tried again by itself on %(again)s.") % {"again": _at(stop["again_at"])}
        if stop["again_at"]
        else gettext("It is sent again when the value changes, or when you export this SKU.")
    )
    return [*_reason(stop), since % {"tries": tries, "since": _at(stop["since"])}, again]


def _reason(stop: StopRow) -> list[str]:
    return [issue_texts.reason_in_words(stop["reason"])] if stop["reason"] else []


def _who_approved(name: str, approval: ApprovalRow | None) -> list[str]:
    if approval is None:
        return []
    at = datetime.fromisoformat(approval["at"])
    words = {"by": approval["by"], "at": moment(at), "until": moment(at + APPROVALS_LAST)}
    who = (
        gettext("Approved by %(by)s on %(at)s.") if words["by"] else gettext("Approved on %(at)s.")
    )
    until = gettext("The next export sends it; the approval ends on %(until)s.")
    return [who % words, until % words, *_what_else(name, approval)]


def _what_else(name: str, approval: ApprovalRow) -> list[str]:
    """What else an approval lets leave."""
    if name == QUANTITY:
        return [gettext("It also holds for any lower number.")]
    if not approval.get("beside_rate"):
        return []
    sentence = gettext(
        "It also holds for what a newer exchange rate makes of this price, up to %(percent)s %% "
        "away."
    )
    return [sentence % {"percent": conf.get("RATES_MOVE_PERCENT")}]


def _at(text: str) -> str:
    return moment(datetime.fromisoformat(text))
