"""Amazon's issues in words: every code that the simulator sends has some, unknown ones Amazon's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_amazon_sync.admin.common.issue_texts import WORDS, PageField, words_for
from django_amazon_sync.models import Listing, Outcome, RunLine, Submission, SubmissionState
from django_amazon_sync.testing import simulator
from django_amazon_sync.testing.factories import RunLineFactory, SyncRunFactory
from tests.admin.conftest import Staff
from tests.factories import stock_record
from tests.factories_amazon import (
    GERMANY,
    ListingInStepFactory,
    LiveAccountFactory,
    SubmissionFactory,
)
from tests.world import World

pytestmark = pytest.mark.django_db

SOURCES = sorted(Path(simulator.__file__).parent.glob("*.py"))


def codes_of_the_simulator() -> Iterator[str]:
    """The first argument of each call of ``issue`` in its source, by its value."""
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id not in ("issue", "_general") or not node.args:
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant):
                yield str(code.value)
            elif isinstance(code, ast.Name) and code.id in constants:
                yield str(constants[code.id])


def test_the_walk_finds_the_codes() -> None:
    assert {"90220", "90226", "4000001", "18155"} <= set(codes_of_the_simulator())


@pytest.mark.parametrize("code", sorted(set(codes_of_the_simulator())))
def test_every_code_of_the_simulator_has_words(code: str) -> None:
    assert words_for(code), f"Give {code} a sentence and a remedy in admin/common/issue_texts.py."


@pytest.mark.parametrize("code", sorted(WORDS))
def test_words_are_sentences(code: str) -> None:
    words = WORDS[code]
    assert str(words.meaning).endswith(".")
    assert str(words.remedy).endswith(".")


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    return ListingInStepFactory.create(marketplace__account=account, sku__sku="MUG")


@pytest.mark.parametrize("place", PageField)
def test_the_link_leads_to_a_field_that_is_there(
    staff: Staff, listing: Listing, place: PageField
) -> None:
    url, _hash, anchor = place.url(listing).partition("#")
    page = staff.client.get(url).content.decode()
    assert f'id="{anchor}"' in page


def test_a_listing_says_what_to_do_and_links_to_the_field(staff: Staff, listing: Listing) -> None:
    issues = [
        {"code": "90226", "severity": "ERROR", "message": "Too many <decimals>."},
        {"code": "31337", "severity": "WARNING", "message": "Something new."},
    ]
    Listing.objects.filter(pk=listing.pk).update(issues=issues)
    page = staff.see(Listing, listing.pk)
    assert "Amazon does not take this price" in page
    assert f'{listing.pk}/change/#id_own_price">Own Amazon price</a>' in page
    assert "Amazon says (90226): Too many &lt;decimals&gt;." in page
    assert "Amazon says (31337): Something new." in page


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        (["item_name"], "Send names"),
        (["purchasable_offer"], "Own Amazon price"),
        (["fulfillment_availability"], "Set quantity"),
        (["condition_note"], "Condition note"),
        (["list_price", "max_order_quantity"], "List price</a>, <a"),
    ],
)
def test_the_field_is_found_by_amazons_attributes(
    staff: Staff, listing: Listing, attributes: list[str], field: str
) -> None:
    record = stock_record()
    listing.sku.offer_pk = str(record.pk)
    listing.sku.save()
    issue = {"code": "90220", "message": "It is missing.", "attributes": attributes}
    Listing.objects.filter(pk=listing.pk).update(issues=[issue])
    page = staff.see(Listing, listing.pk)
    assert field in page.partition("Field:")[2].partition("<br>")[0]


def test_a_refused_line_is_told_in_words(staff: Staff, listing: Listing) -> None:
    run = SyncRunFactory.create(account=listing.sku.account)
    about = {"sku": "MUG", "marketplace": GERMANY}
    line = RunLineFactory.create(
        run=run, outcome=Outcome.REFUSED, code="90234", message="No such ASIN.", **about
    )
    RunLineFactory.create(
        run=run, outcome=Outcome.HELD, code="approval", message="The price moves by 80 %.", **about
    )
    page = staff.see(RunLine)
    assert "has no product with this ASIN" in page
    assert "Amazon says (90234): No such ASIN." in page
    assert "Amazon says (approval)" not in page
    assert f"{listing.sku.pk}/change/#id_asin" in staff.see(RunLine, line.pk)


def test_a_refused_submission_is_told_in_words(staff: Staff, listing: Listing) -> None:
    refused = SubmissionFactory.create(
        listing=listing, state=SubmissionState.FAILED, reason="90226: The value 0 is too low."
    )
    page = staff.see(Submission, refused.pk)
    assert "Amazon does not take this price" in page
    assert "Amazon says (90226): The value 0 is too low." in page


def test_what_amazon_refuses_reaches_staff_in_words(staff: Staff, world: World) -> None:
    world.sell("MUG", price="10.00")
    world.export()
    listing = world.listing("MUG")
    Listing.objects.filter(pk=listing.pk).update(own_price="99999999.99")
    world.export(approve=world.export().pk)
    page = staff.see(Listing, listing.pk)
    assert "Amazon does not take this price" in page


def test_the_documentation_has_every_code() -> None:
    page = (Path(__file__).parents[3] / "docs/issues.md").read_text(encoding="utf-8")
    for code, words in WORDS.items():
        assert f"| {code} | {words.meaning} | {words.remedy} |" in page
