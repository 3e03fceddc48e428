"""What is wrong in the shop or in Amazon's documents gets one clear line, and the rest goes on."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from django_amazon_sync.data import Money
from django_amazon_sync.models import (
    Job,
    Listing,
    Marketplace,
    Outcome,
    RunLine,
    RunState,
    SellerSku,
    Submission,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.verification import by_report
from tests import factories
from tests.faults.comparing import differences
from tests.faults.crooked import CrookedShop
from tests.faults.proof import Proof, come_back, rows, wait
from tests.faults.stages import Stages, by_feed, change
from tests.world import DE, World, lines_of, now_due

LONG_TITLE = ("Mug 🫖\x07" * 500).ljust(3000, "x")

#: By SKU: what the shop's offer says, and words of the line that tells of it.
WRONG_OFFERS: dict[str, tuple[dict[str, Any], str]] = {
    "NO-PRICE": ({"price": None}, "The shop has no price for it; set one."),
    "BELOW-ZERO": ({"price": Money(Decimal(-5), "EUR")}, "is -5 EUR; it must be above 0."),
    "FREE": ({"price": Money(Decimal(0), "EUR")}, "it must be above 0."),
    "NOT-A-NUMBER": ({"price": Money(Decimal("NaN"), "EUR")}, "is NaN EUR; it must be above 0."),
    "ENDLESS": ({"price": Money(Decimal("1E+40"), "EUR")}, "which no buyer would see."),
    "DOLLARS": ({"price": Money(Decimal(9), "USD")}, "There is no rate from USD to EUR"),
    "UNTAXED": ({"price_includes_tax": None}, "does not say that its price includes tax"),
    "TOO-MANY": ({"quantity": 10**9}, "The shop says 1000000000, more than the 999999"),
    "UNTRACKED": ({"quantity": None}, "does not track its stock; set a quantity on the SKU."),
    "LONG": ({"title": LONG_TITLE}, "control characters"),
    "LENGTHY": ({"title": "🫖" * 3000}, "has 3000 characters and Amazon takes 200"),
    "NAMELESS": ({"title": " "}, "The shop has no title for it"),
}


@pytest.fixture
def lies(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(CrookedShop, "LIES", told)
    return told


def export_crooked(world: World) -> Any:
    shop = {**django_settings.AMAZON_SYNC, "SHOP": "tests.faults.crooked.CrookedShop"}
    with override_settings(AMAZON_SYNC=shop):
        return world.export()


def test_an_offer_that_cannot_be_sent_gets_one_line(
    stages: Stages, lies: dict[str, dict[str, Any]]
) -> None:
    with stages.at("connected") as world:
        Marketplace.objects.update(sync_name=True)
        for sku in ["SOUND", *WRONG_OFFERS]:
            world.sell(sku, price="10.00", quantity=5, title="A fine mug")
        world.export()
        lies |= {sku: lie for sku, (lie, _words) in WRONG_OFFERS.items()}
        change("SOUND", num_in_stock=3)
        run = export_crooked(world)
        assert (run.state, run.went_well) == (RunState.DONE, False)
        said = lines_of(run, "sku", "outcome", "message")
        failed = {sku: message for sku, outcome, message in said if outcome == Outcome.FAILED}
        assert len(failed) == len([one for one in said if one[1] == Outcome.FAILED])
        assert failed.keys() == WRONG_OFFERS.keys()
        for sku, (_lie, words) in WRONG_OFFERS.items():
            assert words in failed[sku]
            assert "\n" not in failed[sku]
            assert len(failed[sku]) < 250
        assert [sku for sku, outcome, _ in said if outcome == Outcome.SENT] == ["SOUND"]
        assert world.live("SOUND").quantity == 3
        for sku in WRONG_OFFERS:
            assert (world.live(sku).price, world.live(sku).quantity) == (Decimal("10.00"), 5)


def test_a_wrong_price_never_keeps_a_quantity_from_leaving(
    stages: Stages, lies: dict[str, dict[str, Any]]
) -> None:
    with stages.at("connected") as world:
        world.sell("MUG", quantity=5)
        world.export()
        lies["MUG"] = {"price": None, "quantity": 2}
        export_crooked(world)
        assert (world.live("MUG").price, world.live("MUG").quantity) == (Decimal("10.00"), 2)


def test_two_offers_with_one_sku(stages: Stages) -> None:
    """The first of them is sent, whatever run looks first, and staff are told of both."""
    with stages.at("connected") as world:
        first = world.sell("MUG", quantity=5)
        second = factories.stock_record("MUG", in_stock=9, partner_code="attic")
        world.sell("CUP", quantity=4)
        for _ in range(2):
            run = world.export()
            (line,) = lines_of(run, "sku", "outcome", "code", "message")
            assert line[:3] == ("MUG", Outcome.FAILED, "sku")
            assert f"The offers {first.pk} and {second.pk} have the same SKU" in line[3]
        assert world.live("MUG").quantity == 5
        assert SellerSku.objects.get(sku="MUG").offer_pk == str(first.pk)


def test_a_sku_that_is_none_or_too_long(stages: Stages, lies: dict[str, dict[str, Any]]) -> None:
    with stages.at("connected") as world:
        world.sell("MUG", quantity=5)
        world.sell("BLANK", quantity=5)
        world.sell("ENDLESS", quantity=5)
        lies |= {"BLANK": {"sku": ""}, "ENDLESS": {"sku": "x" * 300}}
        change("MUG", num_in_stock=1)
        run = export_crooked(world)
        said = lines_of(run, "sku", "outcome", "message")
        assert [(sku, outcome) for sku, outcome, _ in said] == [
            ("", Outcome.FAILED),
            ("x" * 255, Outcome.FAILED),
            ("MUG", Outcome.SENT),
        ]
        assert "has a SKU of 0 characters; give it one of 1 to 255." in said[0][2]
        assert "has a SKU of 300 characters; give it one of 1 to 255." in said[1][2]
        assert set(SellerSku.objects.values_list("sku", flat=True)) == {"MUG"}


@pytest.mark.parametrize("sku", [".", "..", " ", "a/b c%2F+#,ü", "%", "?x=1", "x" * 40, "🫖"])
def test_a_strange_sku_goes_on_its_own_and_harms_no_other(sku: str, stages: Stages) -> None:
    with stages.at("connected") as world:
        factories.stock_record(sku, in_stock=2)
        world.list_on_amazon(sku, price="10.00", quantity=7)
        world.sell("MUG", quantity=5)
        change("MUG", num_in_stock=4)
        world.export()
        assert world.live("MUG").quantity == 4
        if sku.strip("."):
            assert world.live(sku).quantity == 2


# --- Amazon's documents ---------------------------------------------------------------------------

Spoil = Callable[[bytes], bytes]


def bomb(_sound: bytes) -> bytes:
    """Ten megabytes of gzip that are 10 GiB when unpacked."""
    return gzip.compress(bytes(2**26), 9) * 160


def truncated(sound: bytes) -> bytes:
    packed = gzip.compress(sound)
    return packed[: len(packed) // 2]


def of_another_account(sound: bytes) -> bytes:
    report = json.loads(sound)
    report["header"]["sellerId"] = "ASTRANGER00001"
    return gzip.compress(json.dumps(report).encode())


def of_another_feed(sound: bytes) -> bytes:
    report = json.loads(sound)
    report["header"]["feedId"] = "4711"
    return gzip.compress(json.dumps(report).encode())


def for_messages_never_sent(sound: bytes) -> bytes:
    report = json.loads(sound)
    issue = {"code": "90220", "severity": "ERROR", "message": "'color' is required."}
    report["issues"].append({"messageId": 3, "sku": "NEVER-SENT", **issue})
    return gzip.compress(json.dumps(report).encode())


def about_another_sku(sound: bytes) -> bytes:
    report = json.loads(sound)
    report["items"][0]["sku"] = "BOOK"  # which is in the other feed
    return gzip.compress(json.dumps(report).encode())


#: What is wrong with a feed's report, and words of the one line that tells of it.
WRONG_REPORTS: list[tuple[Spoil, str]] = [
    (bomb, "expands as no report does"),
    (truncated, "the connection broke before the whole document was here"),
    (of_another_account, "is of another feed or seller; nothing of it was taken in"),
    (of_another_feed, "is of another feed or seller; nothing of it was taken in"),
    (for_messages_never_sent, "names messages that were never sent; none was taken in"),
    (about_another_sku, "shows SKUs that it did not carry; none was taken in"),
]


#: A hundredth of what the bomb unpacks to; the simulated Amazon itself takes most of it.
LITTLE = 100 * 2**20


@contextmanager
def in_little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()


def put_in_place(world: World, document: str, spoil: Spoil) -> None:
    content = spoil(world.amazon.document(document))
    world.amazon.set_document(document, content, gzipped=True)


@pytest.mark.parametrize(("spoil", "words"), WRONG_REPORTS)
def test_a_feed_whose_report_is_wrong_is_read_back(
    spoil: Spoil, words: str, stages: Stages
) -> None:
    """The other feed is settled as if nothing were."""
    with stages.at("fed") as world, by_feed():
        wait(world, 0.5)
        spoilt, sound = world.amazon.feeds(world.seller)
        put_in_place(world, spoilt.document, spoil)
        before = [row for row in rows(world)["listings"] if row[0] in ("CUP", "SHEARS")]
        proof = Proof(world)
        with in_little_memory():
            first = world.do(Job.SETTLE)
        assert first.state == RunState.DONE
        if spoil is truncated:  # it may come whole yet
            assert [row for row in rows(world)["listings"] if row[0] in ("CUP", "SHEARS")] == before
            wait(world, 7)
            world.do(Job.SETTLE)
        told = RunLine.objects.filter(code="feed").values_list("outcome", "message")
        ((outcome, message),) = told
        assert outcome == Outcome.FAILED
        assert words.format(feed=spoilt.job_id, seller=world.seller.seller_id) in message
        assert "\n" not in message
        settled = RunLine.objects.filter(run__job=Job.SETTLE, outcome=Outcome.SENT)
        assert sorted(settled.values_list("sku", flat=True)) == ["BOOK"]
        assert Submission.objects.get(amazon_id=spoilt.job_id).state == "failed"
        assert Submission.objects.get(amazon_id=sound.job_id).state == "done"
        assert not SellerSku.objects.filter(sku="NEVER-SENT").exists()
        come_back(world)
        assert [*differences(world), *proof.faults()] == []


def asked_for(world: World, job: Job) -> SyncRun:
    """The run that waits for a report which Amazon has made meanwhile."""
    run = world.do(job)
    assert run.state == RunState.QUEUED
    wait(world, 0.5)
    return SyncRun.objects.get(pk=run.pk)


def to_the_end(world: World, job: Job) -> SyncRun:
    """A run that may have to wait for a report of its own."""
    run = world.do(job)
    if run.state == RunState.QUEUED:
        wait(world, 0.5)
        run = jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)
    return run


def listings_of_a_stranger(_sound: bytes) -> bytes:
    names = "\t".join(["seller-sku", "asin1", "price", "quantity", "fulfillment-channel", "status"])
    theirs = "\n".join(f"THEIRS-{n}\tB0THEIRS{n:02d}\t1.00\t1\tDEFAULT\tActive" for n in range(30))
    return gzip.compress(f"{names}\n{theirs}\n".encode())


WRONG_LISTINGS: list[tuple[Spoil, str]] = [
    (bomb, "expands as no report does"),
    (truncated, "the connection broke before the whole document was here"),
    (listings_of_a_stranger, "it looks like another account's; nothing of it was taken in"),
]


def a_whole_shelf(world: World) -> None:
    """So many listings that a report of none of them is not ours."""
    for number in range(20):
        world.sell(f"JAR-{number}", quantity=5)
    assert world.export().went_well


@pytest.mark.parametrize(("spoil", "words"), WRONG_LISTINGS)
def test_a_wrong_listings_report_is_not_taken_in(spoil: Spoil, words: str, stages: Stages) -> None:
    """And the next import asks for another, or takes the same one whole."""
    with stages.at("connected") as world:
        a_whole_shelf(world)
        world.list_on_amazon("ATTIC", price="3.00", quantity=1)
        run = asked_for(world, Job.IMPORT_LISTINGS)
        (report,) = world.amazon.reports(world.seller)
        content = world.amazon.document(report.document)
        put_in_place(world, report.document, spoil)
        before = rows(world)
        with in_little_memory():
            jobs.perform(run, patience=5)
        assert rows(world) == before
        said = [*lines_of(run, "message"), run.reason]
        assert [words in text for text in said if text] == [True]
        assert not run.went_well
        world.amazon.set_document(report.document, content)
        again = to_the_end(world, Job.IMPORT_LISTINGS)
        assert again.went_well
        assert Listing.objects.filter(sku__sku="ATTIC").exists()


@pytest.mark.parametrize(("spoil", "words"), WRONG_LISTINGS)
def test_a_wrong_report_proves_nothing(
    spoil: Spoil, words: str, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Amazon ignored is found although the report that should show it is of no use."""
    monkeypatch.setattr(by_report, "BY_SEARCH_ALONE", 0)
    with stages.at("connected") as world:
        a_whole_shelf(world)
        world.amazon.ignore_changes(world.seller, "JAR-7", DE)
        change("JAR-7", num_in_stock=3)
        assert world.send_changes().counts[Outcome.SENT] == 1
        wait(world, 9)
        world.import_orders()
        run = asked_for(world, Job.VERIFY)
        (report,) = world.amazon.reports(world.seller)
        content = world.amazon.document(report.document)
        put_in_place(world, report.document, spoil)
        with in_little_memory():
            jobs.perform(run, patience=5)
        said = [*lines_of(run, "message"), run.reason]
        assert [words in text for text in said if "report" in text or "document" in text] == [True]
        if run.state == RunState.STOPPED:  # the document may come whole yet
            assert not Listing.objects.filter(verified_at__gte=run.started_at).exists()
            world.amazon.set_document(report.document, content)
            run = to_the_end(world, Job.VERIFY)
        drifted = run.lines.filter(outcome=Outcome.DRIFTED)
        assert list(drifted.values_list("sku", flat=True)) == ["JAR-7"]
