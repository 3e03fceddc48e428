"""The page of order mappings: what can be chosen, what is refused, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.models import (
    AmazonOrder,
    CarrierMapping,
    OrderMappings,
    OrderState,
    PaymentMapping,
    SellerAccount,
    ShippingMapping,
)
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests import factories
from tests.admin.conftest import Staff, address
from tests.factories_amazon import LiveAccountFactory

pytestmark = pytest.mark.django_db

TABLES = ("shipping_mappings", "payment_mappings", "carrier_mappings")


@pytest.fixture
def account() -> SellerAccount:
    return LiveAccountFactory.create(
        default_shipping_method="free-shipping", default_payment_method="amazon"
    )


def page_of(account: SellerAccount, **changes: Any) -> dict[str, Any]:
    """What the browser posts of the page; ``changes`` may add rows of the tables."""
    form: dict[str, Any] = {
        "import_orders": "on",
        "default_shipping_method": "free-shipping",
        "default_payment_method": "amazon",
        "default_carrier": "",
    }
    for table in TABLES:
        form |= {f"{table}-TOTAL_FORMS": "0", f"{table}-INITIAL_FORMS": "0"}
    return form | changes


def row(table: str, number: int = 0, **columns: str) -> dict[str, str]:
    return {f"{table}-{number}-{name}": value for name, value in columns.items()} | {
        f"{table}-TOTAL_FORMS": str(number + 1)
    }


def save(staff: Staff, account: SellerAccount, **changes: Any) -> Any:
    return staff.save(OrderMappings, account.pk, **page_of(account, **changes))


def errors_of(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


# --- Statuses -----------------------------------------------------------------------------------


def test_a_map_that_works_is_saved(staff: Staff, account: SellerAccount) -> None:
    response = save(
        staff, account, status_unshipped="Being processed", status_shipped="Complete",
        status_cancelled="Cancelled",
    )  # fmt: skip
    assert response.status_code == 302, errors_of(response)
    account.refresh_from_db()
    assert account.order_statuses == {
        "UNSHIPPED": "Being processed",
        "SHIPPED": "Complete",
        "CANCELLED": "Cancelled",
    }
    assert "Unshipped: Being processed; Shipped: Complete" in staff.see(OrderMappings)


@pytest.mark.parametrize(
    ("mapped", "field", "way"),
    [
        (
            {"status_unshipped": "Complete", "status_shipped": "Being processed"},
            "status_shipped",
            "“Being processed” cannot follow “Complete”",
        ),
        (
            {"status_unshipped": "Complete", "status_cancelled": "Cancelled"},
            "status_cancelled",
            "“Cancelled” cannot follow “Complete”",
        ),
    ],
)
def test_an_impossible_step_is_refused_at_its_field_and_nothing_is_saved(
    staff: Staff, account: SellerAccount, mapped: dict[str, str], field: str, way: str
) -> None:
    response = save(staff, account, import_orders="", **mapped)
    [error] = errors_of(response)[field]
    assert way in error
    account.refresh_from_db()
    assert account.order_statuses == {}
    assert account.import_orders


def test_a_status_that_the_shop_does_not_have_is_refused(
    staff: Staff, account: SellerAccount
) -> None:
    assert "status_shipped" in errors_of(save(staff, account, status_shipped="Nonsense"))


# --- Tables -------------------------------------------------------------------------------------


def test_words_that_orders_had_and_methods_of_the_shop_are_offered(
    staff: Staff, account: SellerAccount
) -> None:
    factories.shipping_method("Courier")
    AmazonOrderFactory.create(account=account, service_level="DRONE", payment_methods=["Barter"])
    AmazonOrderFactory.create(
        account=LiveAccountFactory.create(), service_level="BALLOON", payment_methods=["Beads"]
    )
    page = staff.see(OrderMappings, account.pk)
    for word in ("DRONE", "EXPEDITED", "Barter", "CashOnDelivery", "courier", "Being processed"):
        assert f'<option value="{word}">' in page, word
    assert "BALLOON" not in page
    assert "Beads" not in page


def test_rows_are_saved_and_a_row_without_its_method_is_none(
    staff: Staff, account: SellerAccount
) -> None:
    factories.shipping_method("Courier")
    response = save(
        staff,
        account,
        **row("shipping_mappings", service_level="EXPEDITED", shop_method="courier"),
        **row("payment_mappings", method="Pix", shop_method=""),
        **row("carrier_mappings", shop_carrier="Parcel post", carrier="dhl"),
    )
    assert response.status_code == 302, response.context["errors"]
    assert ShippingMapping.objects.get().shop_method == "courier"
    assert CarrierMapping.objects.get().carrier == "DHL"
    assert not PaymentMapping.objects.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            row("carrier_mappings", shop_carrier="Bike", carrier="other"),
            "Beside “Other” Amazon needs the name of the carrier.",
        ),
        (row("carrier_mappings", shop_carrier="", carrier="DHL"), "This field is required."),
        (
            row("shipping_mappings", service_level="STANDARD", shop_method="no-such-method"),
            "no-such-method is not one of the available choices",
        ),
        (
            row("payment_mappings", method="Unheard", shop_method="amazon"),
            "Unheard is not one of the available choices",
        ),
    ],
)
def test_a_bad_row_is_refused_and_nothing_is_saved(
    staff: Staff, account: SellerAccount, changes: dict[str, str], message: str
) -> None:
    response = save(staff, account, status_shipped="Complete", **changes)
    assert response.status_code == 200
    assert message in response.content.decode()
    account.refresh_from_db()
    assert account.order_statuses == {}
    assert not CarrierMapping.objects.exists()


def test_a_word_is_mapped_once(staff: Staff, account: SellerAccount) -> None:
    columns = {"service_level": "STANDARD", "shop_method": "free-shipping"}
    rows = row("shipping_mappings", 0, **columns) | row("shipping_mappings", 1, **columns)
    response = save(staff, account, **rows)
    assert "Please correct the duplicate" in response.content.decode()
    assert not ShippingMapping.objects.exists()


def test_a_method_that_the_shop_gave_up_stays_to_be_seen(
    staff: Staff, account: SellerAccount
) -> None:
    PaymentMapping.objects.create(account=account, method="Pix", shop_method="gone")
    assert '<option value="gone" selected>' in staff.see(OrderMappings, account.pk)


# --- Customers and products ---------------------------------------------------------------------


def test_customers_and_products_are_switched_on(staff: Staff, account: SellerAccount) -> None:
    category = factories.category("From Amazon")
    response = save(
        staff, account, import_customers="on", relay_customers="on", create_products="on",
        default_category=str(category.pk),
    )  # fmt: skip
    assert response.status_code == 302, errors_of(response)
    account.refresh_from_db()
    assert account.import_customers
    assert account.relay_customers
    assert account.default_category == str(category.pk)


def test_what_makes_no_sense_is_refused_at_its_field(staff: Staff, account: SellerAccount) -> None:
    factories.category("From Amazon")
    errors = errors_of(save(staff, account, relay_customers="on", create_products="on"))
    assert set(errors) == {"relay_customers", "default_category"}
    account.refresh_from_db()
    assert not account.create_products


def test_what_the_shops_adapter_cannot_make_is_refused(
    staff: Staff, account: SellerAccount, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": "tests.shops.plain.BareShop"}
    account.default_shipping_method = "amazon"
    account.save()
    errors = errors_of(
        save(
            staff, account, default_shipping_method="amazon", import_customers="on",
            create_products="on",
        )
    )  # fmt: skip
    assert set(errors) == {"import_customers", "create_products"}


# --- Orders that wait ---------------------------------------------------------------------------


def test_a_row_is_begun_for_what_orders_wait_for(staff: Staff, account: SellerAccount) -> None:
    waiting = AmazonOrderFactory.create(
        account=account,
        state=OrderState.QUARANTINED,
        reason_code="payment-method",
        payment_methods=["Barter"],
    )
    page = staff.see(OrderMappings, account.pk)
    assert '<option value="Barter" selected>' in page
    assert "1 order</a>" in page
    order_page = staff.see(AmazonOrder, waiting.pk)
    assert address(OrderMappings, account.pk) in order_page
    assert "the next import places it by itself" in order_page
    assert "Barter" in order_page


def test_where_no_order_waits_the_page_says_so(staff: Staff, account: SellerAccount) -> None:
    assert "None." in staff.see(OrderMappings, account.pk)


def test_the_accounts_page_leads_here(staff: Staff, account: SellerAccount) -> None:
    assert address(OrderMappings, account.pk) in staff.see(SellerAccount, account.pk)


def test_the_page_asks_as_often_whatever_there_is(
    staff: Staff, account: SellerAccount, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        level = f"LEVEL-{number}"
        AmazonOrderFactory.create(account=account, service_level=level, payment_methods=[level])
        ShippingMapping.objects.create(account=account, service_level=level, shop_method="x")
    with django_assert_max_num_queries(30):
        staff.see(OrderMappings, account.pk)


# --- Who may ------------------------------------------------------------------------------------


def test_who_may_only_look_sees_the_map_and_saves_nothing(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    SellerAccount.objects.update(order_statuses={"SHIPPED": "Complete"})
    looker = staff_with("view_selleraccount")
    page = looker.see(OrderMappings, account.pk)
    assert "Shipped: Complete" in page
    assert 'name="_save"' not in page
    assert save(looker, account, status_shipped="").status_code == 403


def test_who_may_change_accounts_needs_nothing_else(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    manager = staff_with("change_selleraccount")
    columns = row("payment_mappings", method="Pix", shop_method="amazon")
    assert save(manager, account, **columns).status_code == 302
    assert PaymentMapping.objects.exists()


def test_who_may_do_neither_sees_nothing(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    packer = staff_with("view_amazonorder")
    assert packer.client.get(address(OrderMappings, account.pk)).status_code == 403
    assert packer.client.get(address(OrderMappings)).status_code == 403


def test_a_partners_staff_see_their_own_accounts_only(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    own = LiveAccountFactory.create(shop_scope="warehouse")
    vendor = staff_with("change_selleraccount")
    user = vendor.client.get(address(OrderMappings)).context["user"]
    factories.partner("warehouse").users.add(user)
    assert vendor.client.get(address(OrderMappings, own.pk)).status_code == 200
    assert save(vendor, account, status_shipped="Complete").status_code == 302
    account.refresh_from_db()
    assert account.order_statuses == {}
