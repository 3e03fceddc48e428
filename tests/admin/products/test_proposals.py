"""The matching screen: what was found, with both sides, and what staff decide of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from django_amazon_sync.admin.products.proposals import ProposalAdmin
from django_amazon_sync.models import (
    AccountState,
    Job,
    Proposal,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.testing.factories import SellerAccountFactory, SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff, address, seen_in
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory, ProposalFactory

pytestmark = pytest.mark.django_db

Product = get_model("catalogue", "Product")

START = "admin:django_amazon_sync_proposal_start"


@pytest.fixture
def account() -> SellerAccount:
    return LiveAccountFactory.create()


@pytest.fixture
def proposal(account: SellerAccount) -> Proposal:
    """A mug of the shop that a SKU of Amazon's may be."""
    record = factories.stock_record("MUG", title="A <mug>", upc="4006381333931")
    sku = SellerSkuFactory.create(account=account, sku="AMZ-MUG", offer_pk="", channel="AMAZON_EU")
    ListingInStepFactory.create(
        marketplace__account=account,
        sku=sku,
        title="Mug, blue",
        asin="B000000001",
        picture_url="https://m.media-amazon.com/images/I/1.jpg",
        condition="new_new",
    )
    return ProposalFactory.create(sku=sku, offer_pk=str(record.pk))


def test_the_list_shows_both_sides(staff: Staff, proposal: Proposal) -> None:
    page = staff.see(Proposal)
    for shown in (
        "Mug, blue", "AMZ-MUG", "B000000001", "https://m.media-amazon.com/images/I/1.jpg",
        "A &lt;mug&gt;", "MUG", "4006381333931", "EAN", "Amazon (FBA)", "new_new",
    ):  # fmt: skip
        assert shown in page, shown


def decide(staff: Staff, button: str, proposal: Proposal, page: str | None = None) -> list[str]:
    """Press a button of a row in the list, or in one that was shown before; what is said."""
    data = {button: proposal.pk, "seen": seen_in(page or staff.see(Proposal))}
    answer = staff.client.post(address(Proposal), data, follow=True)
    return [str(one) for one in answer.context["messages"]]


def test_one_click_links(staff: Staff, proposal: Proposal) -> None:
    rival = ProposalFactory.create(sku__account=proposal.sku.account, offer_pk=proposal.offer_pk)
    assert decide(staff, "_accept", proposal) == ["1 SKU is linked."]
    proposal.sku.refresh_from_db()
    assert (proposal.sku.offer_pk, proposal.sku.matched) == (proposal.offer_pk, True)
    assert not Proposal.objects.filter(pk__in=[proposal.pk, rival.pk]).exists()


def test_one_click_refuses_and_the_list_shows_it_no_more(staff: Staff, proposal: Proposal) -> None:
    decide(staff, "_refuse", proposal)
    proposal.refresh_from_db()
    assert proposal.refused
    assert "AMZ-MUG" not in staff.see(Proposal)
    assert "AMZ-MUG" in staff.see(Proposal, decision="refused")
    assert staff.client.get(address(Proposal), {"decision": "any"}).context["cl"].result_count == 1
    [message] = staff_press_refused(staff, proposal)
    assert message == "1 proposal is open again."


def staff_press_refused(staff: Staff, proposal: Proposal) -> list[str]:
    data = {"action": "propose_again", "_selected_action": [proposal.pk]}
    answer = staff.client.post(f"{address(Proposal)}?decision=refused", data, follow=True)
    return [str(one) for one in answer.context["messages"]]


def test_several_are_accepted_and_each_that_cannot_be_says_why(
    staff: Staff, proposal: Proposal
) -> None:
    gone = ProposalFactory.create(
        sku__account=proposal.sku.account, sku__sku="AMZ-2", sku__offer_pk="", offer_pk="999999"
    )
    assert staff.press(Proposal, "accept", proposal, gone) == [
        "1 SKU is linked.", "AMZ-2: The shop no longer has the offer.",
    ]  # fmt: skip
    assert list(Proposal.objects.all()) == [gone]


LEFT_OUT = "Left out, as they are no longer what you saw: AMZ-MUG. Look again."


@pytest.mark.parametrize("button", ["_accept", "_refuse"])
@pytest.mark.parametrize("changed", ["asin", "title", "shop", "reason", "linked"])
def test_what_is_another_thing_than_the_list_showed_is_left_out_and_named(
    staff: Staff, proposal: Proposal, button: str, changed: str
) -> None:
    page = staff.see(Proposal)
    sku = proposal.sku
    if changed == "asin":
        sku.listings.update(asin="B000000002")
    elif changed == "title":
        sku.listings.update(title="Chair, red")
    elif changed == "shop":
        Product.objects.filter(stockrecords=int(proposal.offer_pk)).update(title="A chair")
    elif changed == "reason":
        Proposal.objects.update(reason="The barcodes contradict each other.")
    else:
        SellerSku.objects.filter(pk=sku.pk).update(offer_pk="77", matched=True)
    before = SellerSku.objects.get(pk=sku.pk).offer_pk
    assert LEFT_OUT in decide(staff, button, proposal, page)
    assert SellerSku.objects.get(pk=sku.pk).offer_pk == before
    assert not Proposal.objects.get(pk=proposal.pk).refused
    assert LEFT_OUT in decide(staff, button, proposal, "a request without marks")
    decide(staff, button, proposal)
    assert not Proposal.objects.filter(pk=proposal.pk, refused=False).exists()


def test_a_picture_of_another_address_is_the_same(staff: Staff, proposal: Proposal) -> None:
    page = staff.see(Proposal)
    proposal.sku.listings.update(picture_url="https://m.media-amazon.com/images/I/2.jpg")
    assert decide(staff, "_accept", proposal, page) == ["1 SKU is linked."]


def test_proposals_of_other_pages_are_shown_before_they_are_accepted(
    staff: Staff, proposal: Proposal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProposalAdmin, "list_per_page", 1)
    pot = factories.stock_record("POT", title="A pot")
    hidden = ProposalFactory.create(
        sku__account=proposal.sku.account, sku__sku="AMZ-POT", sku__offer_pk="",
        offer_pk=str(pot.pk),
    )  # fmt: skip
    data = {
        "action": "accept", "select_across": "1", "_selected_action": [proposal.pk],
        "seen": seen_in(staff.see(Proposal)),
    }  # fmt: skip
    response = staff.client.post(address(Proposal), data)
    shown = response.content.decode()
    assert "AMZ-POT → POT A pot" in shown
    assert "AMZ-MUG" not in shown, "the list has shown it"
    assert not SellerSku.objects.filter(matched=True).exists()

    Proposal.objects.filter(pk=hidden.pk).update(reason="Another pot has this barcode, too.")
    again = staff.confirm(response)
    assert "another thing than you saw" in again.content.decode()
    assert not SellerSku.objects.filter(matched=True).exists()
    staff.confirm(again)
    assert set(SellerSku.objects.filter(matched=True).values_list("sku", "offer_pk")) == {
        ("AMZ-MUG", proposal.offer_pk), ("AMZ-POT", str(pot.pk)),
    }  # fmt: skip


def test_what_has_no_permission_is_refused_by_the_server(
    staff_with: Callable[..., Staff], proposal: Proposal
) -> None:
    packer = staff_with("view_proposal")
    assert "Start matching" not in packer.see(Proposal)
    for name in ("_accept", "_refuse"):
        assert packer.client.post(address(Proposal), {name: proposal.pk}).status_code == 403
    assert packer.client.post(reverse(START)).status_code == 403
    proposal.refresh_from_db()
    assert not proposal.refused
    assert not SyncRun.objects.exists()


def test_people_of_a_partner_decide_of_its_accounts_only(
    staff_with: Callable[..., Staff], proposal: Proposal
) -> None:
    packer = staff_with("view_proposal", "match_listing")
    partner = factories.partner("other")
    partner.users.add(packer.client.session["_auth_user_id"])
    assert "AMZ-MUG" not in packer.see(Proposal)
    packer.client.post(address(Proposal), {"_refuse": proposal.pk})
    packer.client.post(reverse(START))
    proposal.refresh_from_db()
    assert not proposal.refused
    assert not SyncRun.objects.exists()


def test_matching_is_started_for_each_connected_account(
    staff: Staff, account: SellerAccount
) -> None:
    SellerAccountFactory.create(state=AccountState.DISCONNECTED)
    assert staff.client.get(reverse(START)).status_code == 405
    answer = staff.client.post(reverse(START), follow=True)
    assert "1 run is queued" in str(next(iter(answer.context["messages"])))
    assert [(run.account, run.job) for run in SyncRun.objects.all()] == [(account, Job.MATCH)]


def test_found_by_is_a_filter(staff: Staff, proposal: Proposal) -> None:
    ProposalFactory.create(sku__account=proposal.sku.account, sku__sku="BY-ASIN", how="asin")
    rows = staff.client.get(address(Proposal), {"how": "asin"}).context["cl"].result_list
    assert [row.sku.sku for row in rows] == ["BY-ASIN"]
    assert SellerSku.objects.count() == 2
