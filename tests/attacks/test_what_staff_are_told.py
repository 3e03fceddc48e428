"""Pages, alarms, commands and lines that say what is not so, or end in a traceback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.models import AmazonOrder, Listing, SellerAccount, SellerSku
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.admin.conftest import Staff
from tests.attacks.steps import Era, change
from tests.world import DE

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def matters() -> list[str]:
    """What the overview and the alarms tell, as kinds."""
    found = attention.matters(SellerAccount.objects.all())
    return [str(matter.kind) for those in found.values() for matter in those]


# --- Pages and alarms -----------------------------------------------------------------------------


def test_a_listing_that_was_made_is_not_refused_any_more(era: Era, staff: Staff) -> None:
    """A stop ends when Amazon accepts what it stopped. A creation was refused for want of an ASIN,
    staff set one, Amazon accepts the offer and sells it, and the list, the overview and the page go
    on saying "refused by Amazon", for ever. ``answered`` ends the stops of the accepted fields, and
    nobody ends the one of the creation."""
    factories.stock_record("MUG", price="10.00", in_stock=5)
    era.world.export()
    assert list(era.world.listing("MUG").refused) == ["creation"]
    era.world.amazon.add_product(asin="B000000001", title="Mug")
    SellerSku.objects.filter(sku="MUG").update(asin="B000000001")
    era.minutes(2)
    era.world.export()
    era.minutes(2)
    assert era.units() == 5
    assert era.world.listing("MUG").refused == {}
    assert "refused by Amazon</td>" not in staff.see(Listing)
    assert "refused" not in matters()


def test_a_listing_that_was_made_again_is_not_missing_any_more(era: Era) -> None:
    """A drift ends when Amazon accepts a value or shows ours. Amazon had lost a listing, the next
    export made it again, a verification finds all in step, and the alarm "listings drifted" is
    never mended. ``missing`` writes the drift "listing", which no later event takes away."""
    era.sold()
    era.world.amazon.remove_listing(era.world.seller, "MUG", DE)
    era.world.verify()
    assert era.world.listing("MUG").drift == {"listing": "missing"}
    era.minutes(5)
    era.world.export()
    era.minutes(70, every=10)
    era.world.verify()
    assert era.units() == 5
    assert era.world.listing("MUG").drift == {}
    assert "drift" not in matters()


@pytest.mark.parametrize("broken", ["Amazon's writes", "the shop"])
def test_an_account_of_which_nothing_leaves_is_told(
    era: Era, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Where live is not as desired, there is a visible reason on which a person can act. Every
    patch ends with 500, or the shop's adapter raises, a zero waits for a day, each run fails or
    stops, and neither the overview nor an alarm says anything. ``attention`` has no matter for runs
    that fail one after the other, nor for notes that grow old."""
    era.sold()
    if broken == "the shop":

        def fail(*args: object, **options: object) -> Any:
            raise RuntimeError("The shop's database is away.")

        monkeypatch.setattr(type(era.world.shop), "offers", fail)
    else:
        era.world.amazon.faults.add(Fault("patchListingsItem", "500", times=None))
    change("MUG", num_in_stock=0)
    era.minutes(timedelta(hours=25) / timedelta(minutes=1), every=50)
    assert era.units() == 5
    assert matters() != []


def test_a_cancellation_that_the_shop_does_not_take_is_told(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Amazon cancelled must not be packed, so staff are told where the shop does not take it.
    The shop refuses the update of a placed order with each run, its order stays open, and neither
    the overview nor an alarm says so: only lines of runs do. ``placing._update`` keeps the reason
    in the row, whose state is PLACED, and ``attention._of_orders`` looks at quarantine only."""
    era.sold()
    number = era.world.buy("MUG", 2)
    era.minutes(9)

    def refuse(*args: object) -> str:
        raise ShopRefused("The order is locked by the packing table.")

    monkeypatch.setattr(type(era.world.shop), "update_order", refuse)
    era.world.amazon.cancel(number)
    era.minutes(60, every=5)
    assert AmazonOrder.objects.get().status == "CANCELLED"
    assert matters() != []


# --- Tracebacks -----------------------------------------------------------------------------------


def test_a_search_for_orders_until_the_last_day_of_all_is_answered(era: Era, staff: Staff) -> None:
    """A page answers whatever a clerk types into its form. Who looks for orders until 31 December
    9999, as people write who mean "no end", gets an error page. ``SearchForm.asked`` adds a day to
    it."""
    url = reverse("admin:django_amazon_sync_amazonorder_search")
    data = {
        "account": era.world.account.pk,
        "period": "dates",
        "since": "2026-12-01",
        "until": "9999-12-31",
    }
    assert staff.client.post(url, data).status_code == 200


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00"])
def test_a_moment_that_utc_has_not_is_refused_in_a_sentence(era: Era, moment: str) -> None:
    """A command ends with one sentence and its exit code, never with a traceback. A moment near the
    ends of the calendar, with a zone, raises OverflowError. ``moment`` of ``amazon_import_orders``
    turns it into UTC outside of its try."""
    with pytest.raises(CommandError):
        call_command("amazon_import_orders", "--since", moment)


# --- Buyers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["family name", "in capitals"])
def test_what_a_shop_says_of_a_buyer_in_its_own_way_is_not_kept(
    era: Era, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """No reason, line, log or mail holds a buyer's name, whoever put it there. A shop refuses an
    order and names the buyer by the family name, or in capitals as on a label, and both stand in
    the order's reason and in the run's line. ``without_buyer`` takes away each text of Amazon's
    only as a whole and letter by letter."""
    era.sold()
    told: list[str] = []

    def refuse(shop: Any, order: Any, choices: Any) -> str:
        name: str = order.delivery.name
        told.append(name.split()[-1] if said == "family name" else name.upper())
        raise ShopRefused(f"The customer {told[-1]} is blocked.")

    monkeypatch.setattr(type(era.world.shop), "place_order", refuse)
    era.world.buy("MUG", 1, address={"name": "Erika Mustermann"})
    era.time.sleep(180)
    run = era.world.import_orders()
    assert told
    assert told[0] not in AmazonOrder.objects.get().reason
    assert not run.lines.filter(message__contains=told[0]).exists()
