"""What whoever packs an order of Amazon's must know: one note each, for every adapter.

A note that is ``personal`` is of the buyer: it goes where ``Shop.anonymise`` finds it, and into no
log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django_amazon_sync.data import NO_OFFER, OrderData, OrderLine

__all__ = ["PackingNote", "packing_notes", "why_no_product"]

#: Amazon's programmes, where their names alone would not tell a packer what they are.
PROGRAMS = {
    "AMAZON_BUSINESS": "A business bought it (Amazon Business).",
    "PRIME": "It is a Prime order.",
    "PREMIUM": "It is a premium order, with a premium delivery time.",
    "PREORDER": "It is a pre-order.",
    "FBM_SHIP_PLUS": "It is a Ship+ order: its label comes from Amazon.",
    "AMAZON_EASY_SHIP": "It is an Easy Ship order: Amazon collects the parcel.",
    "IN_STORE_PICK_UP": "The buyer collects it at the store.",
    "INVOICE_BY_AMAZON": "Amazon makes the invoice.",
    "TRANSPARENCY": "Each piece needs its Transparency code.",
    "SUBSCRIBE_AND_SAVE": "It is of a Subscribe & Save subscription.",
}

#: What the carrier has to see to (orders_2026-01-01.json, ItemShippingConstraints).
NEEDS = {
    "signatureConfirmation": "The recipient has to sign for it.",
    "recipientAgeVerification": "The carrier has to check the recipient's age.",
    "recipientIdentityVerification": "The carrier has to check who the recipient is.",
    "palletDelivery": "It has to go on a pallet.",
    "cashOnDelivery": "The carrier has to collect the payment.",
}


@dataclass(frozen=True, slots=True)
class PackingNote:
    """One sentence for the packer, in one line."""

    text: str
    personal: bool = False


def packing_notes(order: OrderData) -> list[PackingNote]:
    """The notes of an order, then those of its lines, each once."""
    notes = [*_of_order(order), *(note for line in order.lines for note in _of_line(line))]
    flat = (PackingNote(" ".join(note.text.split()), note.personal) for note in notes)
    return list(dict.fromkeys(flat))


def _of_order(order: OrderData) -> Iterator[PackingNote]:
    if order.replaces:
        yield PackingNote(f"It replaces order {order.replaces}.")
    for program in order.programs:
        yield PackingNote(_program(program))
    if order.buyer.purchase_order:
        yield PackingNote(f"The buyer's purchase order: {order.buyer.purchase_order}", True)
    if order.delivery_place:
        yield PackingNote(f"Where the buyer wants it put: {order.delivery_place}.")
    if order.delivery_instructions:
        yield PackingNote(f"The buyer's delivery instructions: {order.delivery_instructions}", True)
    if order.delivery_capabilities:
        yield PackingNote(f"The address has: {', '.join(order.delivery_capabilities)}.")
    for one in order.tax_registrations:
        kind = " ".join(filter(None, (one.holder, one.kind)))
        personal = one.holder not in ("MERCHANT", "MARKETPLACE")
        yield PackingNote(f"Tax number for invoice and carrier ({kind}): {one.number}", personal)
    if order.tax_collected_by:
        yield PackingNote(
            f"{order.tax_collected_by} collects and remits the tax, so it is not the shop's."
        )


def _of_line(line: OrderLine) -> Iterator[PackingNote]:
    for told in (*_wishes(line), *_duties(line)):
        yield PackingNote(f"SKU {line.sku}: {told.text}", told.personal)


def _wishes(line: OrderLine) -> Iterator[PackingNote]:
    """What the buyer wants of the thing."""
    if line.personalisation_url:
        yield PackingNote(f"It is personalised: {line.personalisation_url}", True)
    if line.personalisation:
        yield PackingNote(f"The buyer wants on it: {line.personalisation}", True)
    if line.gift_wrap:
        yield PackingNote(f"Gift wrap: {line.gift_wrap}.")
    if line.gift_message:
        yield PackingNote(f"Gift message: {line.gift_message}", True)


def _duties(line: OrderLine) -> Iterator[PackingNote]:
    """What Amazon and the carrier want."""
    for need in line.delivery_needs:
        yield PackingNote(NEEDS.get(need, f"The carrier has to see to {need}."))
    if line.ioss_number:
        yield PackingNote(f"IOSS number for the carrier: {line.ioss_number}")
    elif line.tax_scheme:
        yield PackingNote(f"Its tax is of the scheme {line.tax_scheme}.")
    if line.serial_numbers:
        yield PackingNote("Amazon wants its serial numbers.")
    for program in line.programs:
        yield PackingNote(_program(program))
    if line.condition_note:
        yield PackingNote(f"Sold with the note on its condition: {line.condition_note}")


def _program(name: str) -> str:
    return PROGRAMS.get(name, f"It is of Amazon's programme {name}.")


def why_no_product(line: OrderLine) -> str:
    """Why a line has no product, for a note of the order."""
    if line.offer_pk == NO_OFFER:
        known = "may be another product than the shop's of that SKU"
    elif line.offer_pk:
        known = f"is linked to offer {line.offer_pk}, which the shop does not have"
    else:
        known = "is not known to the shop"
    return f"SKU {line.sku} {known}: its line has no product and took no stock."
