"""The catalogues of the staff's screens and of the button are whole, compiled, and of this code."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import trans_real

pytestmark = pytest.mark.wheel

PACKAGE = Path(__file__).parent.parent / "django_amazon_sync"
LANGUAGES = ("de", "ja")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


def catalogue(language: str, folder: Path = PACKAGE) -> Catalog:
    with (folder / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file)


def texts(message: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message or ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_its_placeholders(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        source, translated = texts(message.id), texts(message.string)
        assert all(translated), message.id
        assert not message.fuzzy, message.id
        wanted = {mark for one in source for mark in PLACEHOLDER.findall(one)}
        for one in translated:
            assert set(PLACEHOLDER.findall(one)) <= wanted, message.id
        assert wanted == {mark for one in translated for mark in PLACEHOLDER.findall(one)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    folder = PACKAGE / "locale" / language / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        assert by_id(read_mo(file)) == by_id(catalogue(language))


#: Words for which Oscar has a word of its own that is as right, wherever they stand.
AS_RIGHT = {
    "de": {
        "Billing address", "Payment method", "Save", "Sections", "Shipping address", "Total",
        "Total inc tax", "active",
    },
    "ja": {
        "Address", "Addresses", "All orders", "Continue", "Country", "Customers", "General",
        "Images", "Product details", "Sections", "Total inc tax", "name",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_other_app_answers_for_a_word_that_it_means_otherwise(language: str) -> None:
    """Django has one catalogue of all apps, and the first app of the project that has a word wins:
    "Condition" of an item was that of a sale, "SKU" an order line. A context keeps ours apart."""
    merged = trans_real.translation(language)
    taken = {
        str(message.id)
        for message in catalogue(language)
        if message.id and not message.pluralizable and not message.context
        and merged.gettext(str(message.id)) != message.string
    }  # fmt: skip
    assert taken <= AS_RIGHT[language]


def by_id(read: Catalog) -> dict[str, tuple[str, ...]]:
    return {texts(one.id)[0]: texts(one.string) for one in read if one.id}


#: ``_`` is gettext_lazy; the others go by their own names.
NAMES = frozenset({("gettext_lazy", "_")})


def test_no_function_that_translates_has_another_name() -> None:
    """``makemessages`` does not find the texts of a function under a name of our own."""
    renamed = {
        f"{module.relative_to(PACKAGE)}: {name.name} as {name.asname}"
        for module in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname and (name.name, name.asname) not in NAMES
    }
    assert renamed == set()


def test_the_catalogues_are_of_this_code(tmp_path: Path) -> None:
    """``makemessages`` finds no other texts than they have."""
    if shutil.which("xgettext") is None:
        pytest.skip("There is no xgettext; Debian: apt install gettext.")
    copy = tmp_path / "django_amazon_sync"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    for language in LANGUAGES:
        (copy / "locale" / language).mkdir(parents=True)
    command = [sys.executable, "-m", "django", "makemessages", "--ignore=testing/*"]
    command += [f"--locale={language}" for language in LANGUAGES]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": ""}
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    for language in LANGUAGES:
        ours = {message.id for message in catalogue(language)}
        assert {message.id for message in catalogue(language, tmp_path / copy.name)} == ours
