"""All targets, and every reader: each has a target, or the reason why it needs none."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from django import forms

from django_amazon_sync import amazon
from django_amazon_sync.admin.products.staff_fields import StaffField
from django_amazon_sync.sync.offers.field_kinds import FieldKind

from . import answers, files, people
from .targets import TARGETS, name_of

__all__ = ["READERS", "TARGETS", "WITHOUT", "fed"]

assert all((answers, files, people))  # they fill TARGETS

_PACKAGE = "django_amazon_sync."

#: Where readers are: what comes from outside comes in by these modules.
_BORDER = (
    "rules.rates",
    "rules.identifiers",
    "rules.barcodes",
    "sync.accounts.cron_key",
    "sync.amazon_reports.row_chunks",
    "sync.offers.field_kinds",
    "admin.common.number_fields",
    "admin.common.seen",
    "admin.common.shown_lines",
    "admin.products.sheet_files",
    "admin.products.staff_fields",
    *(f"amazon.{found.name}" for found in pkgutil.iter_modules(amazon.__path__)),
)

#: Classes of these read.
_KINDS = (FieldKind, StaffField, forms.Field)

#: Modules, and functions of them, that read nothing from outside.
WITHOUT = {
    "amazon.attributes": "puts together what goes out; what it reads has targets of its own",
    "amazon.bounds": "counts bytes and seconds; tests/amazon/test_bounds.py",
    "amazon.carriers": "reads the shop's names of carriers by a table",
    "amazon.limits": "reckons with a rate that Client has read",
    "amazon.marketplaces": "a table of ours",
    "rules.rates.crossed": "reckons with rates that were read",
    "admin.common.number_fields.form_class_of": "chooses one of the fields",
    "sync.accounts.cron_key.account_of": "looks up what hash_of made",
    "sync.accounts.cron_key.new_key": "draws one",
    "sync.accounts.cron_key.switch_off": "takes one away",
    "sync.offers.field_kinds.PartsField": "joins its inputs to a text that typed_values covers",
    "sync.offers.field_kinds.ComparedByValue": "what forms of FIELDS share",
    "sync.offers.field_kinds.ValueField": "gives its text to a kind that typed_values covers",
    "sync.offers.field_kinds.SaleField": "joins its inputs to a text that typed_values covers",
    "sync.offers.field_kinds.BusinessField": "joins its inputs to a text that typed_values covers",
    "admin.common.seen.compared": "compares what marks_in read",
    "admin.common.seen.mark": "makes a mark",
    "admin.common.seen.mark_of_all": "makes a mark",
    "admin.common.seen.say_left_out": "says a sentence",
    "admin.common.seen.with_mark": "writes a mark",
    "admin.common.shown_lines.ask_to_load_again": "says a sentence",
    "admin.products.sheet_files.write_xlsx": "writes; its guard is that of write_csv",
    "admin.products.staff_fields.are_prices": "looks at fields, not at values",
    "admin.products.staff_fields.fields_of": "looks at fields, not at values",
    "admin.products.staff_fields.misfits": "compares values that were read",
    "admin.products.staff_fields.nobody_knows": "knows nothing",
    "admin.products.staff_fields.priced": "compares values that were read",
    "admin.products.staff_fields.set_values": "sets values that were read",
    "amazon.client.iso": "writes a time",
    "amazon.documents.upload": "writes; what it hears is read as of a download",
    "amazon.listings.offer_attributes": "writes",
    "amazon.lwa.consent_url": "writes an address",
    "amazon.sessions.session": "holds connections",
    "amazon.sessions.stand_in": "is for tests",
}


def _readers() -> Iterator[str]:
    for module in _BORDER:
        if module in WITHOUT:
            continue
        full = importlib.import_module(_PACKAGE + module)
        for name, thing in vars(full).items():
            reads = inspect.isclass(thing) and issubclass(thing, _KINDS)
            is_ours = getattr(thing, "__module__", "") == full.__name__ and name[0] != "_"
            if is_ours and (reads or inspect.isfunction(thing)) and not inspect.isabstract(thing):
                yield f"{module}.{name}"


#: Every function at the border, and every class there that reads, by its name in the package.
READERS = sorted(_readers())


def fed() -> set[str]:
    """What the targets feed; a kind of field is fed where its methods are."""
    names = {name_of(reader) for target in TARGETS.values() for reader in target.readers}
    found = {name.removeprefix(_PACKAGE) for name in names}
    methods = {name.rpartition(".")[0] for name in found}
    # By way of STAFF_FIELDS.
    kinds = {name_of(kind).removeprefix(_PACKAGE) for kind in _below(StaffField)}
    return found | methods | (kinds if "admin.products.staff_fields.StaffField" in found else set())


def _below(kind: type[StaffField]) -> Iterator[type[StaffField]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)
