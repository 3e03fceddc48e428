"""The buyer in Oscar: addresses as Amazon gives them, and their removal.

Amazon hides what a seller may not see without saying so, and its addresses need not please
Oscar's forms: whatever is there is stored, nothing is refused.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from babel import Locale
from django.db import transaction
from django.db.models import Field, Model, Q
from oscar.core.loading import get_model
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException

from django_amazon_sync.data import Address, Buyer
from django_amazon_sync.shops import admin_history, customers
from django_amazon_sync.shops.oscar.shipments import without_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from oscar.apps.address.abstract_models import AbstractAddress
    from oscar.apps.address.models import Country
    from oscar.apps.order.models import BillingAddress, Order, ShippingAddress

#: The note type of what this package writes on an order; such notes hold no personal data.
NOTE_TYPE = "Amazon"

#: The type of those that do, such as a gift message: they go with the buyer.
BUYERS_NOTE_TYPE = "Amazon buyer"

# Under NOTE_TYPE in orders from before there was another type.
PURCHASE_ORDER = "The buyer's purchase order"

# ISO 3166 leaves ZZ to users: here, a country that Amazon did not name.
UNKNOWN_COUNTRY = "ZZ"


def fitting(model: type[Model], **texts: str | None) -> dict[str, str | None]:
    """The texts cut to what the model's columns hold; PostgreSQL refuses NUL characters."""
    return {
        name: text if text is None else text.replace("\x00", "")[: width(model, name)]
        for name, text in texts.items()
    }


def width(model: type[Model], column: str) -> int | None:
    """How many characters the column holds; None where there is no limit."""
    field = model._meta.get_field(column)
    return field.max_length if isinstance(field, Field) else None


# --- Addresses --------------------------------------------------------------------------------


def save_addresses(delivery: Address) -> tuple[ShippingAddress, BillingAddress]:
    """A saved shipping address and a billing address alike: Amazon names the recipient only.

    A telephone number that Oscar cannot hold goes to the shipping address's notes.
    """
    shipping_model = get_model("order", "ShippingAddress")
    billing_model = get_model("order", "BillingAddress")
    columns, there = address_columns(delivery), country(delivery.country)
    phone, notes = phone_number(delivery)
    shipping = shipping_model(
        **fitting(shipping_model, **columns), country=there, phone_number=phone, notes=notes
    )
    billing = billing_model(**fitting(billing_model, **columns), country=there)
    shipping.save()
    billing.save()
    return shipping, billing


def address_columns(address: Address) -> dict[str, str]:
    first_name, _, last_name = address.name.strip().rpartition(" ")
    given = (address.company, address.line1, address.line2, address.line3, address.district)
    lines = [line.strip() for line in given if line.strip()]
    return {
        "first_name": first_name,
        "last_name": last_name,
        "line1": ", ".join(lines[0:1]),
        "line2": ", ".join(lines[1:2]),
        "line3": ", ".join(lines[2:]),
        "line4": address.city,
        "state": address.state,
        "postcode": address.postcode,
    }


def country(code: str) -> Country:
    """Oscar's country of an ISO 3166 code; created where a bare ``migrate`` left none.

    A created country is open for Amazon's orders only, not for the shop's own checkout.
    """
    code = code.strip().upper()
    code = code if len(code) == 2 else UNKNOWN_COUNTRY
    name = Locale("en").territories.get(code, code)
    saved, _ = get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2=code,
        defaults={"printable_name": name, "name": name, "is_shipping_country": False},
    )
    return saved


def phone_number(address: Address) -> tuple[PhoneNumber | str, str]:
    """The number as Oscar stores it, and the note that keeps what would be lost."""
    if not address.phone.strip():
        return "", ""
    note = f"Phone: {address.phone.strip()}"
    try:
        number = PhoneNumber.from_string(address.phone, region=address.country.upper() or None)
    except NumberParseException:
        return "", note
    if not number.is_valid():
        return "", note
    # The column holds E.164, which has no place for an extension.
    return number, note if number.extension else ""


# --- Customers ----------------------------------------------------------------------------------


def customer(buyer: Buyer, delivery: Address | None, *, relay: bool) -> str:
    """The pk of the user who bought; the address book of one that is made begins with this order.

    Oscar's signal ``user_registered`` is not sent: shops use it to greet those who registered.
    """
    found = customers.customer_for(buyer, delivery, relay=relay)
    if found is None:
        return ""
    if found.made and delivery is not None:
        begin_address_book(found.user, delivery)
    return str(found.user.pk)


def begin_address_book(user: User, delivery: Address) -> None:
    model = get_model("address", "UserAddress")
    phone, notes = phone_number(delivery)
    model.objects.create(
        **fitting(model, **address_columns(delivery), notes=notes),
        country=country(delivery.country),
        phone_number=phone,
        user=user,
        is_default_for_shipping=True,
        is_default_for_billing=True,
    )


# --- Personal data ------------------------------------------------------------------------------


@transaction.atomic
def forget_buyer(order: Order) -> None:
    """Remove the buyer's name, address lines, postcode, phone, e-mail and messages.

    Country, state, city, totals and taxes stay: they are not personal, and tax law wants them.
    Notes that people or Oscar wrote on the order go, as they may quote the buyer. The order belongs
    to no user any more, and a user that was made for such orders goes with the last of them.
    """
    notes = order.notes.filter(~Q(note_type=NOTE_TYPE) | Q(message__startswith=PURCHASE_ORDER))
    addresses = [one for one in (order.shipping_address, order.billing_address) if one is not None]
    admin_history.forget([order, *order.lines.all(), *notes, *addresses])
    for address in addresses:
        forget_address(address)
    notes.delete()
    order.lines.exclude(partner_line_notes="").update(partner_line_notes="")
    for event in order.shipping_events.exclude(notes=""):
        event.notes = without_words(event.notes)
        event.save(update_fields=["notes"])
    user, mail, order.user, order.guest_email = order.user, order.guest_email, None, ""
    order.save(update_fields=["user", "guest_email"])
    forget_mails(order, user, mail)
    if user is not None and customers.is_unowned(user) and not user.orders.exists():
        admin_history.forget(user.addresses.all())
        user.addresses.all().delete()
        get_model("communication", "Notification").objects.filter(recipient=user).delete()
        customers.forget(user)


def forget_mails(order: Order, user: User | None, guest_email: str) -> None:
    """Delete what Oscar mailed the buyer: all of it with the last order of who has no account of
    their own, else what names this order. Mails of a user with the guest's address are that
    user's, who may have been there before."""
    mails, orders = get_model("communication", "Email").objects, get_model("order", "Order").objects
    if user is not None:
        sent, more = mails.filter(user=user), orders.filter(user=user)
        keeps = not customers.is_unowned(user) or more.exists()
    elif guest_email:
        sent = mails.filter(user=None, email__iexact=guest_email)
        keeps = orders.filter(guest_email__iexact=guest_email).exists()
    else:
        return
    if keeps:
        texts = ("subject", "body_text", "body_html")
        named = (Q((f"{name}__contains", order.number)) for name in texts)
        sent = sent.filter(reduce(or_, named))
    sent.delete()


def forget_address(address: AbstractAddress) -> None:
    personal = ("title", "first_name", "last_name", "line1", "line2", "line3", "postcode")
    for name in personal:
        setattr(address, name, "")
    if hasattr(address, "phone_number"):
        for name in ("phone_number", "notes"):
            setattr(address, name, "")
    address.save()  # also rewrites the text that Oscar searches
