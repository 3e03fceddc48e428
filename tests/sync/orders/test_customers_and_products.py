"""What an order brings that the shop lacks: its customer, and products."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from django_amazon_sync.data import Buyer, NewProduct
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.models import (
    AmazonOrder,
    Listing,
    OrderState,
    Outcome,
    SellerSku,
)
from django_amazon_sync.rules.buyers import is_relay
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.orders import customers_and_products
from tests import factories
from tests.faults.racing import just_before
from tests.world import World, lines_of, shop_order

ADA = {"buyerName": "Ada Byron", "buyerEmail": "Ada@Engine.example"}


@pytest.fixture
def shop_of_customers(connect: Callable[..., World]) -> World:
    world = connect()
    set_account(world, import_customers=True)
    world.sell("MUG", quantity=99)
    return world


def set_account(world: World, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(world.account, name, value)
    world.account.save(update_fields=list(columns))


def users() -> Any:
    return get_user_model().objects.order_by("pk")


def customer(email: str, **columns: Any) -> Any:
    return get_user_model().objects.create_user(
        username=email, email=email, password="my own", **columns
    )


# --- Customers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "relay"),
    [
        ("", True),
        ("  ", True),
        ("abc123@marketplace.amazon.de", True),
        ("abc123@MARKETPLACE.Amazon.co.uk", True),
        ("abc123@members.marketplace.amazon.com", True),
        ("ada@engine.example", False),
        ("marketplace.amazon.de@engine.example", False),
        ("ada@notmarketplace.amazon.example", False),
    ],
)
def test_whose_address_it_is(email: str, relay: bool) -> None:
    assert is_relay(email) is relay


def test_without_the_switch_the_buyer_is_a_guest(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", buyer=ADA)
    world.import_orders()
    assert shop_order(number).user is None
    assert shop_order(number).guest_email == "Ada@Engine.example"
    assert not users().exists()


def test_a_buyer_becomes_a_customer_once(shop_of_customers: World) -> None:
    world = shop_of_customers
    first = world.buy("MUG", buyer=ADA)
    again = world.buy("MUG", buyer={**ADA, "buyerEmail": "ADA@ENGINE.EXAMPLE"})
    world.import_orders()
    ada = users().get()
    assert (ada.first_name, ada.last_name, ada.email) == ("Ada", "Byron", "ada@engine.example")
    assert shop_order(first).user == shop_order(again).user == ada
    assert shop_order(first).shipping_address is not None
    assert shop_order(first).billing_address is not None
    book = ada.addresses.get()
    assert book.line1 == shop_order(first).shipping_address.line1
    assert book.is_default_for_shipping
    assert not ada.alerts.exists()
    assert mail.outbox == []


def is_verified(user: Any) -> bool:
    """As a project with its own table of proven addresses says it."""
    return bool(user.first_name == "A.")


def no_table(user: Any) -> bool:
    raise LookupError("no such table")


def set_function(settings: Any, name: str) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "CUSTOMER_IS_VERIFIED": f"{__name__}.{name}"}


def test_who_registered_with_the_buyers_address_does_not_see_the_order(
    shop_of_customers: World, client: Client, settings: Any
) -> None:
    """Anybody can write an address when registering; name and street are the buyer's."""
    world = shop_of_customers
    mallory = customer("ada@engine.example")
    number = world.buy("MUG", buyer=ADA)
    world.import_orders()
    set_function(settings, "is_verified")
    asked = world.buy("MUG", buyer=ADA)
    world.import_orders()
    for each in (number, asked):
        assert shop_order(each).user is None
        assert shop_order(each).guest_email == "Ada@Engine.example"
    assert users().get() == mallory
    client.force_login(mallory)
    assert number not in client.get(reverse("customer:order-list")).content.decode()


def test_where_the_projects_function_fails_the_order_is_a_guests(
    shop_of_customers: World, settings: Any
) -> None:
    world = shop_of_customers
    set_function(settings, "no_table")
    customer("ada@engine.example")
    number = world.buy("MUG", buyer=ADA)
    run = world.import_orders()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.PLACED
    assert message.startswith("The order is a guest's. ")
    assert shop_order(number).user is None


def test_a_customer_whose_address_is_proven_gets_the_order_and_stays_as_it_is(
    shop_of_customers: World, settings: Any
) -> None:
    world = shop_of_customers
    set_function(settings, "is_verified")
    ada = customer("ada@engine.example", first_name="A.")
    before = users().values().get()
    number = world.buy("MUG", buyer=ADA)
    world.import_orders()
    assert shop_order(number).user == ada
    assert users().values().get() == before
    assert not ada.addresses.exists()


@pytest.mark.parametrize("relays", [False, True])
@pytest.mark.parametrize("email", ["", "b1@marketplace.amazon.de"])
def test_a_relay_address_is_never_an_existing_customers(
    shop_of_customers: World, relays: bool, email: str
) -> None:
    world = shop_of_customers
    set_account(world, relay_customers=relays)
    customer("b1@marketplace.amazon.de")
    customer("nobody@engine.example", first_name="Ada")
    get_user_model().objects.create_user(username="without an address", password="x")
    number = world.buy("MUG", buyer={**ADA, "buyerEmail": email})
    world.import_orders()
    user = shop_order(number).user
    if relays and not email:
        assert user.username.startswith("amazon-")
        assert (user.first_name, user.email) == ("Ada", "")
    else:
        assert user is None


def test_a_relay_address_makes_one_customer_where_staff_want_it(shop_of_customers: World) -> None:
    world = shop_of_customers
    set_account(world, relay_customers=True)
    buyer = {**ADA, "buyerEmail": "b1@marketplace.amazon.de"}
    numbers = [world.buy("MUG", buyer=buyer) for _ in range(2)]
    world.import_orders()
    assert {shop_order(number).user for number in numbers} == {users().get()}


def test_a_made_customer_logs_in_only_once_it_has_asked_for_a_password(
    shop_of_customers: World, client: Client
) -> None:
    """Oscar's own reset mail goes out, and its link sets the first password there is."""
    world = shop_of_customers
    number = world.buy("MUG", buyer=ADA)
    world.import_orders()
    ada = users().get()
    assert ada.last_login is None
    for guess in ("", " ", "!", "ada@engine.example", ada.password):
        assert authenticate(username=ada.email, password=guess) is None
        assert authenticate(username=ada.username, password=guess) is None

    client.post(reverse("password-reset"), {"email": "ada@engine.example"})
    [letter] = mail.outbox
    assert letter.to == ["ada@engine.example"]
    [link] = re.findall(r"https?://[^/]+(/\S*password-reset/\S+)", str(letter.body))
    page = client.get(link, follow=True)
    new = {"new_password1": "Difference-Engine-2", "new_password2": "Difference-Engine-2"}
    client.post(page.redirect_chain[-1][0], new)
    assert authenticate(username=ada.email, password="Difference-Engine-2") == ada
    assert client.login(username=ada.email, password="Difference-Engine-2")
    assert number in client.get(reverse("customer:order-list")).content.decode()

    OscarShop().anonymise(str(shop_order(number).pk))
    ada.refresh_from_db()
    assert ada.email == "ada@engine.example"  # it has become somebody's own


def test_who_was_there_without_a_password_is_never_forgotten(
    shop_of_customers: World, settings: Any
) -> None:
    """Another system may have made users who never logged in here."""
    world = shop_of_customers
    set_function(settings, "is_verified")
    there = get_user_model().objects.create(
        username="ada", email="ada@engine.example", first_name="A."
    )
    number = world.buy("MUG", buyer=ADA)
    world.import_orders()
    assert shop_order(number).user == there
    OscarShop().anonymise(str(shop_order(number).pk))
    there.refresh_from_db()
    assert (there.email, there.is_active) == ("ada@engine.example", True)


def test_two_workers_make_one_customer(
    shop_of_customers: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one makes it right after this one has looked."""
    from django_amazon_sync.shops import customers

    look = customers._with_email
    others: list[str] = []

    def look_then_lose(email: str) -> list[Any]:
        found = look(email)
        if not others:
            others.append("")
            others[0] = OscarShop().customer_for(Buyer("Ada", email), None, relay=False)
        return found

    monkeypatch.setattr(customers, "_with_email", look_then_lose)
    mine = OscarShop().customer_for(Buyer("Ada", "ada@engine.example"), None, relay=False)
    assert mine == others[0] == str(users().get().pk)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (ShopRefused("The shop's users need a birthday."), "The shop's users need a birthday."),
        (IntegrityError("NOT NULL: Ada Byron"), "IntegrityError in cannot"),
    ],
)
def test_an_order_is_placed_for_a_guest_where_no_customer_can_be_made(
    shop_of_customers: World, monkeypatch: pytest.MonkeyPatch, fault: Exception, sentence: str
) -> None:
    world = shop_of_customers

    def cannot(*args: Any, **kwargs: Any) -> str:
        raise fault

    monkeypatch.setattr(OscarShop, "customer_for", cannot)
    number = world.buy("MUG", buyer=ADA)
    run = world.import_orders()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.PLACED
    assert message.startswith(f"The order is a guest's. {sentence}")
    assert "Byron" not in message
    assert shop_order(number).user is None


def test_letters_that_only_look_alike_are_another_customer(db: None) -> None:
    customer("ada@engine.example")
    shop = OscarShop()
    made = shop.customer_for(Buyer("Ada", "ada@eng\u0131ne.example"), None, relay=False)
    assert users().get(pk=made).email == "ada@eng\u0131ne.example"


@pytest.mark.parametrize("email", ["Ada Byron", "a@b\x00.example", f"ada@{'x' * 300}.example", "@"])
def test_what_is_no_address_is_nobodys(db: None, email: str) -> None:
    assert OscarShop().customer_for(Buyer("Ada", email), None, relay=False) == ""
    assert not users().exists()


# --- Products -----------------------------------------------------------------------------------


@pytest.fixture
def shop_of_products(connect: Callable[..., World]) -> World:
    world = connect(scope="warehouse")
    category = factories.category("From Amazon")
    set_account(world, create_products=True, default_category=str(category.pk))
    world.sell("MUG", quantity=9)
    world.list_on_amazon("STRANGE", price="3.00", quantity=5)
    return world


def record(sku: str) -> Any:
    return get_model("partner", "StockRecord").objects.get(partner_sku=sku)


def test_what_the_shop_lacks_is_made_unpublished_and_marked(shop_of_products: World) -> None:
    world = shop_of_products
    number = world.buy("", lines=[("MUG", 1), ("STRANGE", 2)])
    world.import_orders()
    made = record("STRANGE")
    assert (made.partner.code, made.price, made.price_currency) == (
        "warehouse", Decimal("3.00"), "EUR"
    )  # fmt: skip
    product = made.product
    assert not product.is_public
    assert product.get_categories().get().name == "From Amazon"
    assert "order on Amazon" in product.attr.made_by_import
    assert shop_order(number).lines.get(partner_sku="STRANGE").product == product
    assert made.num_in_stock == 0
    sku = SellerSku.objects.get(sku="STRANGE")
    assert (sku.made_by_import, sku.offer_pk) == (True, str(made.pk))
    again = world.buy("STRANGE")
    world.import_orders()
    assert shop_order(again).lines.get().product == product
    assert get_model("catalogue", "Product").objects.count() == 2


def test_an_offer_that_was_deleted_is_made_again(shop_of_products: World) -> None:
    world = shop_of_products
    world.export()
    get_model("catalogue", "Product").objects.all().delete()
    number = world.buy("MUG")
    world.import_orders()
    assert shop_order(number).lines.get().stockrecord == record("MUG")
    assert SellerSku.objects.get(sku="MUG").offer_pk == str(record("MUG").pk)


def test_no_product_is_made_for_a_sku_that_is_linked_to_what_is_gone(
    shop_of_products: World,
) -> None:
    """Staff said what it is; a new product of its name would be another one, and take the link."""
    world = shop_of_products
    row = SellerSku.objects.create(account=world.account, sku="STRANGE")
    link_by_hand(row, "987654")
    number = world.buy("STRANGE", 2)
    run = world.import_orders()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.PLACED
    assert "is linked to offer 987654, which the shop no longer has" in message
    assert shop_order(number).lines.get().product is None
    row.refresh_from_db()
    assert (row.offer_pk, row.matched, row.made_by_import) == ("987654", True, False)
    assert get_model("catalogue", "Product").objects.count() == 1


def test_a_link_that_staff_make_while_a_product_is_made_stays(
    shop_of_products: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shop_of_products
    row = SellerSku.objects.create(account=world.account, sku="STRANGE")
    mug = str(record("MUG").pk)
    world.buy("STRANGE", 2)
    with just_before(customers_and_products, "link_made", lambda: link_by_hand(row, mug)):
        world.import_orders()
    row.refresh_from_db()
    assert (row.offer_pk, row.matched, row.made_by_import) == (mug, True, False)


def test_what_was_made_is_never_sent_to_amazon(shop_of_products: World) -> None:
    world = shop_of_products
    world.buy("STRANGE", 2)
    world.import_orders()
    world.import_orders()
    world.send_changes()
    world.export()
    world.verify()
    world.export()
    assert world.live("STRANGE").quantity == 3
    assert str(world.live("STRANGE").price) == "3.00"
    assert not Listing.objects.filter(sku__sku="STRANGE").exclude(believed={}).exists()


def test_without_the_switch_the_line_has_no_product(world: World) -> None:
    world.list_on_amazon("STRANGE", price="3.00", quantity=5)
    number = world.buy("STRANGE")
    world.import_orders()
    assert shop_order(number).lines.get().product is None
    assert not SellerSku.objects.filter(made_by_import=True).exists()


def test_an_order_is_placed_without_a_product_that_cannot_be_made(
    shop_of_products: World,
) -> None:
    world = shop_of_products
    world.sell("MUG", partner_code="attic")
    set_account(world, shop_scope="no-such-partner")
    number = world.buy("STRANGE")
    run = world.import_orders()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.PLACED
    assert "No product was made for SKU STRANGE. The shop has no partner" in message
    assert shop_order(number).lines.get().product is None
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED


def test_a_category_that_is_gone_and_no_price_stop_nothing(db: None) -> None:
    pk = OscarShop().create_product(NewProduct("NEW", "", category="12345"))
    made = get_model("partner", "StockRecord").objects.get(pk=pk)
    assert (made.price, made.partner.name, made.product.title) == (None, "Amazon", "NEW")


def test_categories_are_offered_by_their_full_names(db: None) -> None:
    old = factories.category("Books > Old")
    books = old.get_parent()
    assert books is not None
    assert [(item.code, item.label) for item in OscarShop().menu().categories] == [
        (str(books.pk), "Books"),
        (str(old.pk), "Books > Old"),
    ]


def test_two_workers_make_one_product(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from django_amazon_sync.shops.oscar import products

    factories.partner("warehouse")
    product = NewProduct("NEW", "New")
    look = products._there
    others: list[str] = []

    def look_then_lose(*args: Any) -> str:
        found = look(*args)
        if not others:
            others.append("")
            others[0] = OscarShop().create_product(product, "warehouse")
        return found

    monkeypatch.setattr(products, "_there", look_then_lose)
    assert OscarShop().create_product(product, "warehouse") == others[0]
    assert get_model("catalogue", "Product").objects.count() == 1
