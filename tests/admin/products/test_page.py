"""The Amazon page of a product: what is saved, together or not at all, and by whom."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_amazon_sync.models import (
    Job,
    Listing,
    OfferChange,
    OfferIdentifier,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync.offers import identifiers
from django_amazon_sync.testing.factories import SellerSkuFactory, SyncRunFactory
from tests import factories
from tests.admin.conftest import AWAY, Staff
from tests.admin.products.page_steps import (
    EAN,
    ISBN10,
    ISBN13,
    address_of,
    errors_of,
    keep_type,
    save,
    typed,
)
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


# --- What is saved ------------------------------------------------------------------------------


def test_nothing_typed_makes_no_rows(staff: Staff, record: Any, account: SellerAccount) -> None:
    assert save(staff.client, record).status_code == 302
    assert not SellerSku.objects.exists()
    assert not OfferChange.objects.exists()


def test_everything_is_saved_and_looked_at_soon(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    new = f"new{account.pk}"
    response = save(
        staff.client, record,
        **{
            "codes-ean": f"{EAN}\n", "codes-isbn": ISBN10,
            f"{new}-synchronise": "yes", f"{new}-condition": "used_good", f"{new}-set_quantity": 3,
            f"{new}-{GERMANY}-own_price": "12.50",
            f"{new}-{FRANCE}-synchronise_here": "no",
        },
    )  # fmt: skip
    assert response.status_code == 302
    own = identifiers.of_offer(str(record.pk))
    assert (own["ean"], own["isbn"]) == ([EAN], [ISBN13])
    sku = SellerSku.objects.get()
    assert (sku.sku, sku.matched, sku.synchronise) == ("MUG", False, True)
    assert (sku.condition, sku.set_quantity) == ("used_good", 3)
    german, french = sku.listings.order_by("-marketplace__code")
    assert (german.own_price, german.synchronise_here) == (Decimal("12.50"), None)
    assert (french.own_price, french.synchronise_here) == (None, False)
    assert {one.offer_pk for one in OfferChange.objects.all()} == {str(record.pk)}
    assert LogEntry.objects.count() == 3


def test_a_sku_of_its_own_is_matched(staff: Staff, record: Any, account: SellerAccount) -> None:
    save(staff.client, record, **{f"new{account.pk}-sku": "AMZ-MUG"})
    sku = SellerSku.objects.get()
    assert (sku.sku, sku.matched, sku.offer_pk) == ("AMZ-MUG", True, str(record.pk))
    save(staff.client, record, **{f"sku{sku.pk}-sku": ""})
    sku.refresh_from_db()
    assert (sku.sku, sku.matched) == ("MUG", False)


# --- Who may ------------------------------------------------------------------------------------


def test_looking_takes_a_permission(
    staff_with: Callable[..., Staff], record: Any, account: SellerAccount
) -> None:
    assert staff_with("view_listing").client.get(address_of(record)).status_code == 403


def test_who_may_only_look_changes_nothing(
    staff_with: Callable[..., Staff], record: Any, account: SellerAccount
) -> None:
    client = staff_with("view_sellersku").client
    new = f"new{account.pk}"
    changed = {
        "codes-ean": EAN, f"{new}-sku": "AMZ", f"{new}-{GERMANY}-own_price": "5",
    }  # fmt: skip
    save(client, record, **changed)
    assert not OfferIdentifier.objects.exists()
    assert not SellerSku.objects.exists()
    page = client.get(address_of(record)).content.decode()
    assert 'value="save"' in page
    assert "Save</button>" not in page
    assert "Export to Amazon" not in page
    for do in ("export", "nonsense", ""):
        assert client.post(address_of(record), {"do": do}).status_code == 403
    assert not SyncRun.objects.exists()


def test_prices_take_a_permission_of_their_own(
    staff_with: Callable[..., Staff], record: Any, account: SellerAccount
) -> None:
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    for place in account.marketplaces.all():
        ListingInStepFactory.create(marketplace=place, sku=sku)
    client = staff_with("view_sellersku", "change_sellersku", "change_listing").client
    prefix = f"sku{sku.pk}-{GERMANY}"
    changed = {
        f"{prefix}-own_price": "5", f"{prefix}-list_price": "20",
        f"{prefix}-condition_note": "A scratch.", f"{prefix}-synchronise_here": "no",
        f"{prefix}-switch_price": "no", f"{prefix}-switch_name": "no",
    }  # fmt: skip
    save(client, record, **changed)
    listing = Listing.objects.get(marketplace__code=GERMANY)
    assert (listing.own_price, listing.synchronise_here) == (None, False)
    assert listing.own_values == {"condition_note": "A scratch."}
    assert listing.switches == {"name": False}


def test_what_others_set_stays_where_only_some_may_be_changed(
    staff_with: Callable[..., Staff], record: Any, account: SellerAccount
) -> None:
    own = {
        "sale_price": {"price": "9.00 EUR", "start": "2026-12-01", "end": "2026-12-24"},
        "list_price": "20.00 EUR", "business_price": {"price": "9.50 EUR", "tiers": []},
        "browse_nodes": ["3167641"], "max_order_quantity": 3,
    }  # fmt: skip
    sku = SellerSkuFactory.create(
        account=account, sku="MUG", offer_pk=str(record.pk), own_values={"handling_time": 3}
    )
    listing = ListingInStepFactory.create(
        marketplace=account.marketplaces.all()[0], sku=sku, own_values=own
    )
    client = staff_with("view_sellersku", "change_sellersku").client
    changed = {
        f"sku{sku.pk}-set_quantity": 4,
        f"sku{sku.pk}-{listing.marketplace.code}-browse_nodes": "1",
        f"sku{sku.pk}-{listing.marketplace.code}-sale_price_price": "1",
    }
    assert save(client, record, **changed).status_code == 302
    sku.refresh_from_db()
    listing.refresh_from_db()
    assert (sku.set_quantity, sku.own_values) == (4, {"handling_time": 3})
    assert listing.own_values == own


def test_a_partners_people_see_only_their_own(
    staff_with: Callable[..., Staff], record: Any, account: SellerAccount
) -> None:
    theirs = LiveAccountFactory.create(name="Theirs", shop_scope="elsewhere")
    mine = LiveAccountFactory.create(name="Mine", shop_scope="warehouse")
    other = factories.stock_record("POT", partner_code="elsewhere", product_=record.product)
    packer = staff_with("view_sellersku", "change_sellersku", "export_listing")
    factories.partner("warehouse").users.add(packer.client.session["_auth_user_id"])
    page = packer.client.get(address_of(record, offer=str(other.pk))).content.decode()
    assert "Mine" in page
    assert "Theirs" not in page
    assert "Europe" not in page
    assert "POT" not in page
    changed = {"codes-ean": EAN, f"new{mine.pk}-set_quantity": 3}
    data = typed(packer.client, record, **changed) | {f"new{theirs.pk}-set_quantity": 9}
    packer.client.post(address_of(record, offer=str(other.pk)), data)
    assert [sku.account for sku in SellerSku.objects.all()] == [mine]
    assert set(OfferIdentifier.objects.values_list("offer_pk", flat=True)) == {str(record.pk)}
    stranger = factories.stock_record(partner_code="elsewhere")
    assert packer.client.get(address_of(stranger)).status_code == 404


def test_a_lost_key_takes_no_page_away(
    staff: Staff, record: Any, listing: Listing, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ENCRYPTION_KEYS": ["A" * 43 + "="]}
    run = SyncRunFactory.create(account=listing.sku.account)
    assert staff.client.get(address_of(record, run=str(run.pk))).status_code == 200
    assert save(staff.client, record, **{"codes-ean": EAN}).status_code == 302


def test_a_product_that_is_not_there_is_not_found(staff: Staff, account: SellerAccount) -> None:
    for pk in ("999999", "nonsense", "1/2"):
        page = reverse("admin:django_amazon_sync_product", args=[pk])
        assert staff.client.get(page).status_code == 404


# --- Runs -----------------------------------------------------------------------------------------


def test_an_export_is_a_run_for_each_account(
    staff: Staff, record: Any, account: SellerAccount, use_broker: Callable[[str], None]
) -> None:
    use_broker(AWAY)
    SellerSkuFactory.create(account=account, sku="AMZ-MUG", offer_pk=str(record.pk), matched=True)
    other = LiveAccountFactory.create(name="America", region="na")
    response = staff.client.post(address_of(record), {"do": "export"}, follow=True)
    runs = {run.account: run for run in SyncRun.objects.all()}
    assert runs[account].options == {"skus": ["AMZ-MUG"]}
    assert runs[other].options == {"skus": ["MUG"]}
    assert {run.job for run in runs.values()} == {Job.EXPORT}
    assert len(response.context["panels"]) == 2
    assert b"no broker could be reached" in response.content


def test_a_look_sends_nothing(
    staff: Staff, record: Any, account: SellerAccount, use_broker: Callable[[str], None]
) -> None:
    use_broker(AWAY)
    staff.client.post(address_of(record), {"do": "export", "look": "1"})
    assert SyncRun.objects.get().dry_run


def test_runs_of_others_are_not_followed(
    staff_with: Callable[..., Staff], record: Any, account: SellerAccount
) -> None:
    LiveAccountFactory.create(name="Mine", shop_scope="warehouse")
    run = SyncRunFactory.create(account=account)
    packer = staff_with("view_sellersku", "view_syncrun")
    factories.partner("warehouse").users.add(packer.client.session["_auth_user_id"])
    page = packer.client.get(address_of(record, run=f"{run.pk},x,999999"))
    assert page.context["panels"] == []


def test_an_import_shows_the_difference_first(
    staff: Staff, record: Any, listing: Listing, use_broker: Callable[[str], None]
) -> None:
    use_broker(AWAY)
    compare = {"do": "compare", "listing": listing.pk, "field": ["name", "nonsense"]}
    page = staff.client.post(address_of(record), compare, follow=True)
    looked = SyncRun.objects.get()
    assert (looked.job, looked.dry_run) == (Job.TAKE_OVER, True)
    assert looked.options == {
        "skus": ["MUG"], "marketplaces": [listing.marketplace.code], "fields": ["name"],
    }  # fmt: skip
    assert b"data-when-done hidden" in page.content
    staff.client.post(address_of(record), {"do": "take_over", "run": looked.pk})
    done = SyncRun.objects.latest("pk")
    assert (done.options, done.dry_run) == ({**looked.options, "shown": looked.pk}, False)


@pytest.mark.parametrize(
    "data",
    [
        {"do": "compare", "listing": "", "field": "name"},
        {"do": "compare", "listing": "999999", "field": "name"},
        {"do": "take_over", "run": "x"},
        {"do": "take_over", "run": "999999"},
        {"do": "switch_off", "listing": "999999", "off": "price"},
    ],
)
def test_what_is_not_of_this_product_is_refused(
    staff: Staff, record: Any, listing: Listing, data: dict[str, str]
) -> None:
    assert staff.client.post(address_of(record), data).status_code == 403
    assert not SyncRun.objects.exists()


def test_only_a_look_at_this_product_is_done(staff: Staff, record: Any, listing: Listing) -> None:
    of_another = {"skus": ["CUP"], "marketplaces": [], "fields": ["price"]}
    for run in (
        SyncRunFactory.create(
            account=listing.sku.account, job=Job.TAKE_OVER, dry_run=True, options=of_another
        ),
        SyncRunFactory.create(
            account=listing.sku.account, job=Job.TAKE_OVER, options=of_another | {"skus": ["MUG"]}
        ),
        SyncRunFactory.create(account=listing.sku.account, job=Job.TAKE_OVER, dry_run=True),
        SyncRunFactory.create(account=listing.sku.account, dry_run=True, options={"skus": ["MUG"]}),
    ):
        data = {"do": "take_over", "run": str(run.pk)}
        assert staff.client.post(address_of(record), data).status_code == 403


def test_importing_takes_a_permission(
    staff_with: Callable[..., Staff], record: Any, listing: Listing
) -> None:
    client = staff_with("view_sellersku", "change_listing", "export_listing").client
    page = client.get(address_of(record)).content.decode()
    assert "Import from Amazon" not in page
    compare = {"do": "compare", "listing": listing.pk, "field": "name"}
    assert client.post(address_of(record), compare).status_code == 403
    off = {"do": "switch_off", "listing": listing.pk, "off": "price"}
    assert client.post(address_of(record), off).status_code == 403
    assert not SyncRun.objects.exists()


def test_nothing_chosen_imports_nothing(staff: Staff, record: Any, listing: Listing) -> None:
    compare = {"do": "compare", "listing": listing.pk}
    page = staff.client.post(address_of(record), compare, follow=True)
    assert b"Choose what shall be imported." in page.content
    assert not SyncRun.objects.exists()


def test_an_export_saves_what_was_typed_first(
    staff: Staff, record: Any, listing: Listing, use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    field = f"sku{listing.sku_id}-set_quantity"
    form = typed(staff.client, record, **{field: "7"}) | {"then": "export"}
    response = staff.client.post(address_of(record), form, follow=True)
    assert b"What you set is saved." in response.content
    assert SellerSku.objects.get(pk=listing.sku_id).set_quantity == 7
    run = SyncRun.objects.get()
    assert (run.job, run.dry_run) == (Job.EXPORT, False)


def test_what_is_wrong_is_neither_saved_nor_exported(
    staff: Staff, record: Any, listing: Listing
) -> None:
    field = f"sku{listing.sku_id}-set_quantity"
    form = typed(staff.client, record, **{field: "-7"}) | {"then": "export"}
    response = staff.client.post(address_of(record), form)
    assert b"Nothing is saved" in response.content
    assert b'data-amazon-typed="unsaved"' in response.content
    assert not SyncRun.objects.exists()


# --- Product types and suggestions ----------------------------------------------------------------


def test_what_the_product_type_requires_is_asked_for_once_somebody_classes_it(
    staff: Staff, record: Any, listing: Listing
) -> None:
    keep_type(listing, required=["recommended_browse_nodes"])
    prefix = f"sku{listing.sku_id}-{listing.marketplace.code}"
    response = save(staff.client, record, **{f"{prefix}-item_type_keyword": "mugs"})
    assert list(errors_of(response)) == [f"{prefix}-browse_nodes"]
    assert "MUG_TYPE requires it" in str(errors_of(response))
    assert save(staff.client, record, **{f"{prefix}-own_price": "11"}).status_code == 302
    both = {f"{prefix}-item_type_keyword": "mugs", f"{prefix}-browse_nodes": "3167641"}
    assert save(staff.client, record, **both).status_code == 302


@pytest.mark.parametrize("query", [{"suggest": ""}, {"suggest": "mug", "marketplace": "1:X"}])
def test_a_search_without_words_or_for_elsewhere_asks_nothing(
    staff: Staff, record: Any, listing: Listing, query: dict[str, str]
) -> None:
    answer = staff.client.get(address_of(record, **query))
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_search_says_why_amazon_does_not_answer(
    staff: Staff, record: Any, listing: Listing
) -> None:
    where = f"{listing.sku.account_id}:{listing.marketplace.code}"
    answer = staff.client.get(address_of(record, suggest="mug", marketplace=where))
    assert answer.status_code == 503
    assert answer.json()["error"]
    keep_type(listing)
    read = {"do": "read_type", "listing": listing.pk}
    page = staff.client.post(address_of(record), read, follow=True)
    assert [one.level_tag for one in page.context["messages"]] == ["error"]


@pytest.mark.parametrize("where", ["run", "product", "account"])
def test_a_number_beyond_all_rows_is_no_fault_of_the_server(
    staff: Staff, record: Any, account: SellerAccount, where: str
) -> None:
    big = "9" * 30
    address, status = {
        "run": (address_of(record, run=big), 200),
        "product": (reverse("admin:django_amazon_sync_product", args=[big]), 404),
        "account": (f"{reverse('admin:django_amazon_sync_listing_changelist')}?account={big}", 200),
    }[where]
    assert staff.client.get(address).status_code == status
    if where == "run":
        asked = staff.client.post(address_of(record), {"do": "take_over", "run": big})
        assert asked.status_code == 403


def test_nobody_waits_long_for_an_amazon_that_says_nothing(
    staff: Staff, record: Any, listing: Listing, settings: Any
) -> None:
    """A server that takes the call and never answers."""
    keep_type(listing)
    where = f"{listing.sku.account_id}:{listing.marketplace.code}"
    read = {"do": "read_type", "listing": listing.pk}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "LWA_ENDPOINT": address}
        began = time.monotonic()
        answer = staff.client.get(address_of(record, suggest="mug", marketplace=where))
        assert answer.status_code == 503
        assert time.monotonic() - began < 10
        began = time.monotonic()
        staff.client.post(address_of(record), read)
        assert time.monotonic() - began < 10


def test_suggestions_take_a_permission(
    staff_with: Callable[..., Staff], record: Any, listing: Listing
) -> None:
    client = staff_with("view_sellersku").client
    where = f"{listing.sku.account_id}:{listing.marketplace.code}"
    assert client.get(address_of(record, suggest="x", marketplace=where)).status_code == 403
    read = {"do": "read_type", "listing": listing.pk}
    assert client.post(address_of(record), read).status_code == 403


def test_a_product_of_many_offers_asks_no_more_than_one_of_two(
    staff: Staff, account: SellerAccount
) -> None:
    def queries(variants: int) -> int:
        parent = factories.product(structure="parent")
        for _ in range(variants):
            record = factories.stock_record(product_=factories.product(parent=parent))
            SellerSkuFactory.create(
                account=account, sku=record.partner_sku, offer_pk=str(record.pk)
            )
        with CaptureQueriesContext(connection) as captured:
            page = reverse("admin:django_amazon_sync_product", args=[parent.pk])
            assert staff.client.get(page).status_code == 200
        return len(captured)

    assert queries(2) == queries(30)


def test_amazons_issues_are_told_in_words(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    issue = {"code": "90226", "severity": "ERROR", "message": "Too many <decimals>."}
    ListingInStepFactory.create(
        marketplace=account.marketplaces.get(code=GERMANY), sku=sku, issues=[issue]
    )
    page = staff.client.get(address_of(record)).content.decode()
    assert "Amazon does not take this price" in page
    assert "Amazon says (90226): Too many &lt;decimals&gt;." in page
