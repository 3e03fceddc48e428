"""What this package relies on in a shop, as a test suite for every adapter (needs hypothesis).

    class TestMyShop(ShopContract):
        @pytest.fixture
        def shop(self) -> Shop: ...          # holding the sample products

        @pytest.fixture
        def sample(self) -> Sample: ...      # says which they are

        def read_order(self, pk: str) -> PlacedOrder: ...
        def add_offers(self, count: int) -> None: ...

``docs/shops.md`` tells how to write an adapter; each test here is one promise of ``Shop``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from itertools import count
from typing import Any, Literal, TypeAlias, TypeVar, cast

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.data import (
    Address,
    Buyer,
    Choices,
    LineAmounts,
    Money,
    NewProduct,
    Offer,
    OrderAmounts,
    OrderData,
    OrderLine,
    ShipmentData,
    Taxed,
)
from django_amazon_sync.errors import NotSupported, ShopRefused
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.signals import offers_changed

__all__ = ["PlacedLine", "PlacedOrder", "Sample", "ShopContract"]

numbers = count(1)

#: Lets the project say of every user whether the e-mail address is proven.
Verified: TypeAlias = Callable[[object], AbstractContextManager[None]]

Test = TypeVar("Test", bound=Callable[..., None])


def undone(test: Test) -> Test:
    """What one example of a test did is undone before the next, as they share their fixtures."""

    @wraps(test)
    def with_rollback(*args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            test(*args, **kwargs)
            transaction.set_rollback(True)

    return cast(Test, with_rollback)


examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)

cents = st.integers(min_value=0, max_value=99_999).map(lambda amount: Decimal(amount) / 100)
taxed = st.builds(Taxed, net=cents, tax=cents)
line_amounts = st.builds(
    LineAmounts, goods=taxed, shipping=taxed, gift_wrap=taxed, other=taxed, discount=taxed
)
# An order's life: its second line's quantity as Amazon says it next, or a word.
steps = st.lists(st.one_of(st.integers(0, 4), st.sampled_from(["again", "request", "cancel"])))


@dataclass(frozen=True)
class Sample:
    """What the shop under test holds.

    ``tracked`` and ``another`` are SKUs on sale with at least five pieces each; ``untracked`` is
    one without stock tracking, empty where the shop tracks all. ``identifier`` is the barcode of
    ``tracked``, empty where the shop keeps none. ``scope`` holds ``tracked``, ``other_scope`` does
    not; both are empty where the shop knows no scopes.
    """

    tracked: str
    another: str
    identifier: str
    untracked: str = ""
    scope: str = ""
    other_scope: str = ""


@dataclass(frozen=True)
class PlacedLine:
    """One line as the shop has it; ``known`` is whether it stands for one of its products.

    ``sku`` is Amazon's or, of a linked offer, the shop's own.
    """

    item_id: str
    sku: str
    quantity: int
    known: bool


@dataclass(frozen=True)
class PlacedOrder:
    """One order as the shop has it.

    ``parts`` is the sum of all that the shop shows beside the total: lines, shipping, charges,
    a difference. ``text`` is all that it stores of the order, addresses and notes included.
    ``status`` is the code of the shop's menu. What the shop does not keep (``ShopContract.keeps``)
    may be None, False or empty.
    """

    total: Money | None
    parts: Decimal | None
    lines: tuple[PlacedLine, ...]
    cancelled: bool
    text: str
    status: str = ""


class ShopContract(ABC):
    """Subclass as ``TestMyShop``; give the fixtures ``shop`` and ``sample`` and two methods."""

    pytestmark = pytest.mark.django_db

    #: What the shop keeps of an order beside its lines: Amazon's total and what it is made of, the
    #: buyer's data, notes for staff, whether it is cancelled, its status. Take out what yours has
    #: no place for.
    keeps: Collection[str] = ("total", "buyer", "notes", "cancelled", "status")

    #: How an order leaves: as "several" parcels, as "one", or "" where the shop tells of none.
    parcels: Literal["", "one", "several"] = ""

    @abstractmethod
    def read_order(self, pk: str) -> PlacedOrder:
        """Read an order back from the shop's own models."""

    @abstractmethod
    def add_offers(self, count: int) -> None:
        """Add that many offers to the shop, whatever they are."""

    def send_parcel(self, pk: str, items: Mapping[str, int], tracking: str) -> None:
        """Let the shop hand units of an order's lines, by Amazon's item ids, to DHL."""
        raise NotImplementedError("Needed where the shop tells of parcels.")

    def correct_parcel(self, parcel: ShipmentData, tracking: str) -> None:
        """Let the shop correct the tracking number of a parcel that it told of."""
        raise NotImplementedError("Needed where the shop tells of parcels.")

    def assert_total(self, placed: PlacedOrder, amount: str) -> None:
        """The order's total is Amazon's, in euros, and what it is made of adds up to it."""
        if "total" in self.keeps:
            assert placed.total == Money(Decimal(amount), "EUR")
            assert placed.parts == Decimal(amount)

    @pytest.fixture
    def choices(self, shop: Shop) -> Choices:
        menu = shop.menu()
        return Choices(menu.shipping_methods[0].code, menu.payment_methods[0].code)

    @pytest.fixture
    def order(self, sample: Sample) -> OrderData:
        return new_order(new_line("1", sample.tracked, 2), new_line("2", sample.another, 3))

    # --- Offers ------------------------------------------------------------------------------

    def test_offers_come_ordered_and_each_once(self, shop: Shop, sample: Sample) -> None:
        pks = [offer.pk for offer in shop.offers()]
        assert len(pks) == len(set(pks))
        assert [offer.pk for offer in shop.offers(pks=reversed(pks))] == pks

    def test_reading_offers_takes_a_fixed_number_of_queries(self, shop: Shop) -> None:
        few, queries_for_few = read_all(shop)
        self.add_offers(100)
        many, queries_for_many = read_all(shop)
        assert len(many) == len(few) + 100
        assert queries_for_many == queries_for_few

    def test_only_offers_that_exist_are_given(self, shop: Shop, sample: Sample) -> None:
        pk = offer_of(shop, sample.tracked).pk
        assert [offer.pk for offer in shop.offers(pks=["no-such-pk", "", pk, "0"])] == [pk]
        assert list(shop.offers(pks=[])) == []

    def test_an_offer_is_found_by_sku_and_by_barcode(self, shop: Shop, sample: Sample) -> None:
        offer = offer_of(shop, sample.tracked)
        assert offer in shop.find(sample.tracked)
        assert shop.find("no-such-code") == []
        if sample.identifier:
            assert offer in shop.find(sample.identifier)
            assert sample.identifier in [identifier.value for identifier in offer.identifiers]

    def test_a_scope_holds_its_own_offers_only(self, shop: Shop, sample: Sample) -> None:
        if not sample.scope:
            assert list(shop.offers("")) == list(shop.offers())
            return
        within = {offer.sku for offer in shop.offers(sample.scope)}
        without = {offer.sku for offer in shop.offers(sample.other_scope)}
        assert sample.tracked in within
        assert sample.tracked not in without
        assert shop.find(sample.tracked, sample.other_scope) == []
        assert within | without <= {offer.sku for offer in shop.offers()}

    def test_a_user_of_no_part_of_the_shop_is_told_of_so(self, shop: Shop) -> None:
        """None is all of the shop; a set is these scopes, which ``offers`` takes."""
        scopes = shop.scopes_of("0")
        assert scopes is None or isinstance(scopes, frozenset)
        for scope in scopes or ():
            list(shop.offers(scope))

    def test_tracked_stock_is_a_number_and_untracked_is_none(
        self, shop: Shop, sample: Sample
    ) -> None:
        assert (quantity_of(shop, sample.tracked) or 0) >= 5
        if sample.untracked:
            assert quantity_of(shop, sample.untracked) is None

    # --- Placing -----------------------------------------------------------------------------

    def test_an_order_is_placed_once(self, shop: Shop, order: OrderData, choices: Choices) -> None:
        assert shop.order_pk(order.number) == ""
        first = shop.place_order(order, choices)
        stock = stock_of(shop)
        assert shop.place_order(order, choices) == first == shop.order_pk(order.number)
        assert stock_of(shop) == stock

    def test_placing_takes_the_stock_and_tells_of_it(
        self, shop: Shop, sample: Sample, order: OrderData, choices: Choices
    ) -> None:
        before = stock_of(shop)
        with told_of() as told:
            shop.place_order(order, choices)
        sold = {sample.tracked: 2, sample.another: 3}
        assert fallen(before, stock_of(shop)) == sold
        assert told >= {offer_of(shop, sku).pk for sku in sold}

    def test_the_order_is_what_amazon_says(
        self, shop: Shop, order: OrderData, choices: Choices, mailoutbox: list[EmailMessage]
    ) -> None:
        placed = self.read_order(shop.place_order(order, choices))
        self.assert_total(placed, "60.00")
        assert placed.lines == tuple(
            PlacedLine(line.item_id, line.sku, line.quantity, known=True) for line in order.lines
        )
        assert not placed.cancelled
        assert mailoutbox == []

    @examples
    @given(amounts=st.lists(line_amounts, min_size=1, max_size=3), extra=cents, total=cents)
    @undone
    def test_amazons_total_wins_and_a_difference_is_seen(
        self,
        shop: Shop,
        sample: Sample,
        choices: Choices,
        amounts: list[LineAmounts],
        extra: Decimal,
        total: Decimal,
    ) -> None:
        lines = [
            replace(new_line(str(number), sample.tracked, 1), amounts=each)
            for number, each in enumerate(amounts)
        ]
        explained = sum((each.gross for each in amounts), extra)
        order = replace(
            new_order(*lines), amounts=OrderAmounts("EUR", total, extra, total - explained)
        )
        placed = self.read_order(shop.place_order(order, choices))
        self.assert_total(placed, str(total))

    def test_an_unknown_sku_becomes_a_flagged_line(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        order = new_order(new_line("1", sample.tracked, 1), new_line("2", "NO-SUCH-SKU", 4))
        before = stock_of(shop)
        placed = self.read_order(shop.place_order(order, choices))
        assert [(line.sku, line.quantity, line.known) for line in placed.lines] == [
            (sample.tracked, 1, True),
            ("NO-SUCH-SKU", 4, False),
        ]
        self.assert_total(placed, "60.00")
        assert fallen(before, stock_of(shop)) == {sample.tracked: 1}

    def test_the_linked_offer_goes_before_the_sku(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        """Amazon's SKU may be unknown to the shop, or be the shop's own of something else."""
        linked = offer_of(shop, sample.tracked).pk
        order = new_order(
            replace(new_line("1", "NO-SUCH-SKU", 2), offer_pk=linked),
            replace(new_line("2", sample.another, 1), offer_pk=linked),
        )
        before = stock_of(shop)
        pk = shop.place_order(order, choices)
        assert [line.known for line in self.read_order(pk).lines] == [True, True]
        assert fallen(before, stock_of(shop)) == {sample.tracked: 3}
        lowered = replace(order, lines=(replace(order.lines[0], quantity=1), order.lines[1]))
        shop.update_order(pk, lowered, choices)
        assert fallen(before, stock_of(shop)) == {sample.tracked: 2}
        shop.update_order(pk, replace(lowered, status="CANCELLED"), choices)
        assert stock_of(shop) == before

    @pytest.mark.parametrize("gone", ["no-such-offer", "0"])
    def test_a_line_of_an_offer_that_is_gone_is_no_product_of_its_sku(
        self, shop: Shop, sample: Sample, choices: Choices, gone: str
    ) -> None:
        """What the shop has under an equal SKU is another product: it is not packed, nor taken."""
        lines = (
            replace(new_line("1", sample.tracked, 2), offer_pk=gone),
            new_line("2", sample.tracked, 1),
        )
        order = new_order(*lines)
        before = stock_of(shop)
        pk = shop.place_order(order, choices)
        placed = self.read_order(pk)
        assert placed.lines == (
            PlacedLine("1", sample.tracked, 2, known=False),
            PlacedLine("2", sample.tracked, 1, known=True),
        )
        assert fallen(before, stock_of(shop)) == {sample.tracked: 1}
        shop.update_order(
            pk, replace(order, lines=(replace(lines[0], quantity=1), *lines[1:])), choices
        )
        shop.update_order(pk, replace(order, status="CANCELLED"), choices)
        assert stock_of(shop) == before

    def test_lack_of_stock_never_prevents_placing(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        stock = quantity_of(shop, sample.tracked) or 0
        order = new_order(new_line("1", sample.tracked, stock + 3))
        placed = self.read_order(shop.place_order(order, choices))
        assert placed.lines[0].quantity == stock + 3
        assert (quantity_of(shop, sample.tracked) or 0) <= 0

    def test_what_was_lacking_is_not_given_back(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        before = stock_of(shop)
        stock = before[sample.tracked]
        order = new_order(new_line("1", sample.tracked, stock), new_line("2", sample.tracked, 3))
        pk = shop.place_order(order, choices)
        lowered = replace(order, lines=(order.lines[0], replace(order.lines[1], quantity=1)))
        shop.update_order(pk, lowered, choices)
        assert (quantity_of(shop, sample.tracked) or 0) <= 0
        shop.update_order(pk, replace(lowered, status="CANCELLED"), choices)
        assert stock_of(shop) == before

    def test_an_order_that_takes_no_stock_leaves_it_alone(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        before = stock_of(shop)
        pk = shop.place_order(order, replace(choices, takes_stock=False))
        shop.update_order(pk, replace(order, status="CANCELLED"), choices)
        assert stock_of(shop) == before

    def test_untracked_stock_stays_untracked(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        order = new_order(new_line("1", sample.untracked or sample.tracked, 1))
        before = quantity_of(shop, sample.untracked or sample.tracked)
        pk = shop.place_order(order, choices)
        shop.update_order(pk, replace(order, status="CANCELLED"), choices)
        assert quantity_of(shop, sample.untracked or sample.tracked) == before

    @pytest.mark.parametrize("field", ["shipping_method", "payment_method", "status"])
    def test_a_refusal_names_the_cause_and_takes_no_stock(
        self, shop: Shop, order: OrderData, choices: Choices, field: str
    ) -> None:
        before = list(shop.offers())
        chosen: dict[str, Any] = {field: "no-such-choice"}
        with pytest.raises(ShopRefused, match="no-such-choice"):
            shop.place_order(order, replace(choices, **chosen))
        assert list(shop.offers()) == before
        assert shop.order_pk(order.number) == ""

    def test_an_order_without_a_total_is_refused(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        with pytest.raises(ShopRefused, match=order.number):
            shop.place_order(replace(order, amounts=None), choices)
        assert shop.order_pk(order.number) == ""

    # --- Buyers ------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "delivery",
        [
            None,
            Address(),
            Address(city="Berlin", country="DE"),
            Address(name="Cher", line1="1", country="UK", postcode="not a postcode", phone="?"),
            Address(
                name="x" * 3000,
                line1="\x00 \N{PARTY POPPER}" * 900,
                city="y" * 3000,
                postcode="z" * 3000,
                state="s" * 3000,
                phone="0" * 3000,
                country="zz",
            ),
        ],
    )
    def test_personal_data_may_be_missing_or_odd(
        self, shop: Shop, order: OrderData, choices: Choices, delivery: Address | None
    ) -> None:
        order = replace(order, delivery=delivery, buyer=Buyer())
        assert self.read_order(shop.place_order(order, choices)).lines

    def test_odd_titles_are_stored_as_far_as_they_fit(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        line = replace(new_line("1", sample.tracked, 1), title="\x00\t\N{PARTY POPPER}" * 1000)
        placed = self.read_order(shop.place_order(new_order(line), choices))
        assert [(line.sku, line.quantity) for line in placed.lines] == [(sample.tracked, 1)]

    def test_a_buyer_is_forgotten_and_the_totals_stay(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        personal = ("Ada", "Byron", "Engine Row", "EC1A", "ada@", "7946", "Happy birthday")
        pk = shop.place_order(order, choices)
        placed = self.read_order(pk)
        if "buyer" in self.keeps:
            assert [word for word in personal if word not in placed.text] == []
        try:
            shop.anonymise(pk)
        except NotSupported:
            return
        forgotten = self.read_order(pk)
        assert [word for word in personal if word in forgotten.text] == []
        assert (forgotten.total, forgotten.lines) == (placed.total, placed.lines)

    def test_what_the_packer_must_know_is_noted_once_and_the_buyers_part_forgotten(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        line = replace(
            new_line("1", sample.tracked, 1),
            gift_wrap="Classic wrap",
            personalisation_url="https://custom.example.com/ada-1",
            personalisation="Engraved for\nCharles",
            delivery_needs=("recipientAgeVerification", "signatureConfirmation"),
            ioss_number="IM0000000001",
            tax_collected_by="Amazon Services",
        )
        order = replace(
            new_order(line, new_line("2", sample.another, 1)),
            replaces="302-0000001-0000001",
            programs=("PRIME", "AMAZON_BUSINESS"),
            buyer=Buyer(name="Ada Byron", purchase_order="PO-77-ADA"),
            delivery_place="PORCH",
            delivery_instructions="Ring twice for Ada",
        )
        told = (
            "Classic wrap", "has to sign", "recipient's age", "IM0000000001", "Amazon Services",
            "302-0000001-0000001", "Prime", "A business bought it", "PORCH",
        )  # fmt: skip
        personal = (
            "custom.example.com/ada-1", "Engraved for", "Charles", "PO-77-ADA", "Ring twice",
        )  # fmt: skip
        pk = shop.place_order(order, choices)
        shop.update_order(pk, order, choices)
        if "notes" not in self.keeps:
            return
        text = self.read_order(pk).text
        assert [word for word in (*told, *personal) if word not in text] == []
        assert [word for word in (*told[:2], *personal) if text.count(word) > 1] == []
        try:
            shop.anonymise(pk)
        except NotSupported:
            return
        forgotten = self.read_order(pk).text
        assert [word for word in personal if word in forgotten] == []
        assert [word for word in told if word not in forgotten] == []

    # --- Products ----------------------------------------------------------------------------

    def test_an_offer_is_among_those_of_its_product(self, shop: Shop) -> None:
        pks = [offer.pk for offer in shop.offers()]
        for offer, product in shop.products_of(pks).items():
            assert offer in shop.offers_of_product(product)
        assert shop.products_of(["no-such-offer"]) == {}

    # --- Customers ---------------------------------------------------------------------------

    @pytest.fixture
    def verified(self, monkeypatch: pytest.MonkeyPatch) -> Verified:
        """What the project's ``CUSTOMER_IS_VERIFIED`` says of everybody; with None it has none."""

        @contextmanager
        def says(answer: object) -> Iterator[None]:
            path = "" if answer is None else f"{__name__}.is_verified"
            monkeypatch.setattr(f"{__name__}.is_verified", lambda user: answer)
            with override_settings(AMAZON_SYNC={**ours, "CUSTOMER_IS_VERIFIED": path}):
                yield

        ours: dict[str, object] = getattr(project, "AMAZON_SYNC", {})
        return says

    @pytest.fixture
    def buyer(self) -> Buyer:
        return Buyer(name="Ada Byron", email="Ada@Engine.example")

    def test_a_customer_is_made_once_and_found_again_whatever_the_case(
        self, shop: Shop, buyer: Buyer, order: OrderData, choices: Choices
    ) -> None:
        if not shop.menu().customers:
            return
        pk = shop.customer_for(buyer, order.delivery, relay=False)
        again = replace(buyer, email="aDA@eNGINE.example")
        assert shop.customer_for(again, order.delivery, relay=False) == pk
        user = get_user_model().objects.get(pk=pk)
        assert user.get_full_name() == "Ada Byron"
        assert not user.is_staff
        assert not any(user.check_password(guess) for guess in ("", "!", user.password, None))
        assert shop.place_order(order, replace(choices, customer=pk))

    @pytest.mark.parametrize(
        "columns",
        [{"is_staff": True}, {"is_superuser": True}, {"is_active": False}],
        ids=["staff", "superuser", "not active"],
    )
    def test_whom_an_order_never_belongs_to(
        self, shop: Shop, buyer: Buyer, columns: dict[str, bool]
    ) -> None:
        """Neither to these, nor to a second user with their address: a guest's."""
        if not shop.menu().customers:
            return
        user = a_user("ada@engine.example", **columns)
        before = row_of(user)
        assert shop.customer_for(buyer, None, relay=False) == ""
        assert get_user_model().objects.count() == 1
        assert row_of(user) == before

    def test_who_only_wrote_the_buyers_address_gets_no_order(
        self, shop: Shop, buyer: Buyer, verified: Verified
    ) -> None:
        """Whoever registered with an address may not be who reads its mail: a guest's order."""
        if not shop.menu().customers:
            return
        user = a_user("ada@engine.example")
        before = row_of(user)
        for says in (None, False, "yes"):
            with verified(says):
                assert shop.customer_for(buyer, None, relay=False) == "", says
        assert get_user_model().objects.count() == 1
        assert row_of(user) == before

    def test_a_customer_whose_address_is_proven_is_found_and_left_as_it_is(
        self, shop: Shop, buyer: Buyer, verified: Verified
    ) -> None:
        if not shop.menu().customers:
            return
        user = a_user("ADA@engine.example")
        before = row_of(user)
        renamed = replace(buyer, name="Somebody Else")
        with verified(True):
            assert shop.customer_for(renamed, Address(name="Else"), relay=False) == str(user.pk)
        assert row_of(user) == before

    def test_amazons_own_address_is_never_that_of_a_customer_who_was_there(
        self, shop: Shop, buyer: Buyer, verified: Verified
    ) -> None:
        if not shop.menu().customers:
            return
        user = a_user("ada@engine.example")
        with verified(True):
            assert shop.customer_for(buyer, None, relay=True) == ""
        other = replace(buyer, email="x1@marketplace.amazon.example")
        made = shop.customer_for(other, None, relay=True)
        assert made not in ("", str(user.pk))
        assert shop.customer_for(other, None, relay=True) == made

    def test_a_made_customer_is_forgotten_with_the_last_order(
        self, shop: Shop, buyer: Buyer, order: OrderData, choices: Choices
    ) -> None:
        if not shop.menu().customers:
            return
        customer = shop.customer_for(buyer, order.delivery, relay=False)
        choices = replace(choices, customer=customer)
        first = shop.place_order(order, choices)
        last = shop.place_order(new_order(*order.lines), choices)
        users = get_user_model().objects.filter(pk=customer)
        shop.anonymise(first)
        assert users.get().get_full_name() == "Ada Byron"
        shop.anonymise(last)
        left = str(users.values())
        assert [word for word in ("Ada", "Byron", "ada@", "engine") if word in left] == []
        assert not users.get().is_active

    def test_a_customer_who_was_there_is_not_forgotten(
        self, shop: Shop, buyer: Buyer, order: OrderData, choices: Choices, verified: Verified
    ) -> None:
        if not shop.menu().customers:
            return
        user = a_user("ada@engine.example")
        with verified(True):
            customer = shop.customer_for(buyer, order.delivery, relay=False)
        assert customer == str(user.pk)
        shop.anonymise(shop.place_order(order, replace(choices, customer=customer)))
        user.refresh_from_db()
        assert (user.email, user.is_active) == ("ada@engine.example", True)

    # --- Products that are made --------------------------------------------------------------

    def test_a_product_is_made_once_not_on_sale_and_without_stock(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        if not shop.menu().products:
            return
        product = NewProduct("NEW\u00a0SKU", "\x00New " * 300, "B0NEW", Money(Decimal(5), "EUR"))
        pk = shop.create_product(product, sample.scope)
        assert shop.create_product(product, sample.scope) == pk
        [offer] = shop.offers(sample.scope, [pk])
        assert (offer.sku, offer.quantity, offer.on_sale) == (product.sku, 0, False)
        order = new_order(new_line("1", product.sku, 2))
        placed = self.read_order(shop.place_order(order, replace(choices, scope=sample.scope)))
        assert placed.lines == (PlacedLine("1", product.sku, 2, known=True),)

    def test_what_the_shop_has_is_not_made_again(self, shop: Shop, sample: Sample) -> None:
        if not shop.menu().products:
            return
        before = list(shop.offers())
        pk = shop.create_product(NewProduct(sample.tracked, "Another title"), sample.scope)
        assert pk == offer_of(shop, sample.tracked).pk
        assert list(shop.offers()) == before

    # --- Following Amazon --------------------------------------------------------------------

    def test_a_lowered_quantity_is_released_once(
        self, shop: Shop, sample: Sample, order: OrderData, choices: Choices
    ) -> None:
        before = stock_of(shop)
        pk = shop.place_order(order, choices)
        lowered = replace(order, lines=(order.lines[0], replace(order.lines[1], quantity=1)))
        shop.update_order(pk, lowered, choices)
        placed = self.read_order(pk)
        shop.update_order(pk, lowered, choices)
        assert fallen(before, stock_of(shop)) == {sample.tracked: 2, sample.another: 1}
        assert self.read_order(pk) == placed
        assert [line.quantity for line in placed.lines] == [2, 1]
        assert not placed.cancelled

    def test_a_lowered_total_is_followed(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        pk = shop.place_order(order, choices)
        lines = (order.lines[0], replace(order.lines[1], quantity=1))
        shop.update_order(
            pk, replace(order, lines=lines, amounts=OrderAmounts("EUR", Decimal("41.50"))), choices
        )
        placed = self.read_order(pk)
        self.assert_total(placed, "41.50")

    def test_a_cancelled_order_is_released_once(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        before = stock_of(shop)
        pk = shop.place_order(order, choices)
        shop.update_order(pk, replace(order, status="CANCELLED"), choices)
        placed = self.read_order(pk)
        shop.update_order(pk, replace(order, status="CANCELLED"), choices)
        assert stock_of(shop) == before
        assert self.read_order(pk) == placed
        assert placed.cancelled or "cancelled" not in self.keeps
        assert "total" not in self.keeps or placed.total == Money(Decimal("60.00"), "EUR")

    def test_a_cancelled_order_need_not_name_its_lines(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        before = stock_of(shop)
        pk = shop.place_order(order, choices)
        cancelled = replace(order, status="CANCELLED", lines=(), amounts=None)
        for _ in range(2):
            shop.update_order(pk, cancelled, choices)
        placed = self.read_order(pk)
        assert stock_of(shop) == before
        assert [line.quantity for line in placed.lines] == [0, 0]
        assert placed.cancelled or "cancelled" not in self.keeps

    def test_an_order_that_names_no_lines_loses_none(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        pk = shop.place_order(order, choices)
        stock, placed = stock_of(shop), self.read_order(pk)
        shop.update_order(pk, replace(order, lines=(), amounts=None), choices)
        now = self.read_order(pk)
        assert (now.lines, now.total, now.cancelled) == (placed.lines, placed.total, False)
        assert stock_of(shop) == stock

    def test_a_request_to_cancel_is_shown_once_and_takes_nothing_back(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        pk = shop.place_order(order, choices)
        stock, placed = stock_of(shop), self.read_order(pk)
        for _ in range(2):
            shop.update_order(pk, replace(order, cancellation_requested=True), choices)
        asked = self.read_order(pk)
        assert len(asked.text) > len(placed.text) or "notes" not in self.keeps
        assert asked.text.lower().count("asks amazon to cancel") <= 1
        assert (asked.lines, asked.cancelled, stock_of(shop)) == (placed.lines, False, stock)

    def test_an_order_that_the_shop_does_not_have_is_refused(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        with pytest.raises(ShopRefused, match=order.number):
            shop.update_order("0", order, choices)

    @examples
    @given(steps=steps, takes_stock=st.booleans())
    @undone
    def test_stock_is_right_after_any_life_of_an_order(
        self,
        shop: Shop,
        sample: Sample,
        choices: Choices,
        steps: list[int | str],
        takes_stock: bool,
    ) -> None:
        """Sold is what Amazon last counted, never more again, and nothing once it is cancelled."""
        choices = replace(choices, takes_stock=takes_stock)
        order = new_order(new_line("1", sample.tracked, 1), new_line("2", sample.another, 4))
        before = stock_of(shop)
        pk = shop.place_order(order, choices)
        sold = {sample.tracked: 1, sample.another: 4}
        for step in steps:
            if step == "again":
                assert shop.place_order(order, choices) == pk
                continue
            if step == "request":
                order = replace(order, cancellation_requested=True)
            elif step == "cancel":
                order, sold = replace(order, status="CANCELLED"), {}
            elif isinstance(step, int):
                lines = (order.lines[0], replace(order.lines[1], quantity=step))
                order = replace(order, lines=lines)
                sold = {
                    sku: min(held, step) if sku == sample.another else held
                    for sku, held in sold.items()
                }
            shop.update_order(pk, order, choices)
            expected = {sku: held for sku, held in sold.items() if held and takes_stock}
            assert fallen(before, stock_of(shop)) == expected

    # --- Status ------------------------------------------------------------------------------

    def test_an_order_has_the_status_that_is_chosen_and_follows_the_next(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        """The way goes along the shop's own rules, as ``Menu.flow`` says them."""
        if "status" not in self.keeps:
            return
        menu = shop.menu()
        for first in menu.statuses:
            if menu.flow.first and menu.flow.way(menu.flow.first, first.code) is None:
                continue
            for following in menu.statuses:
                new = replace(order, number=f"302-{next(numbers):07d}-1234567")
                pk = shop.place_order(new, replace(choices, status=first.code))
                placed = self.read_order(pk)
                assert placed.status == first.code
                if placed.cancelled:
                    continue
                remark = shop.update_order(pk, new, replace(choices, status=following.code))
                there = menu.flow.way(first.code, following.code) is not None
                assert self.read_order(pk).status == (following if there else first).code
                assert bool(remark) != there

    def test_no_status_leaves_what_staff_set(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        pk = shop.place_order(order, choices)
        before = self.read_order(pk).status
        assert shop.update_order(pk, order, choices) == ""
        if "status" in self.keeps:
            assert before == (shop.menu().flow.first or before)
            assert self.read_order(pk).status == before

    # --- Parcels -----------------------------------------------------------------------------

    def test_a_parcel_is_told_whole(self, shop: Shop, order: OrderData, choices: Choices) -> None:
        pk = shop.place_order(order, choices)
        other = shop.place_order(new_order(*order.lines), choices)
        if not self.parcels:
            with pytest.raises(NotSupported):
                list(shop.shipments([pk]))
            return
        assert list(shop.shipments([pk, other])) == []
        self.send_parcel(pk, {line.item_id: line.quantity for line in order.lines}, "JD0001")
        [parcel] = shop.shipments([pk, other, "", "0", "none"])
        assert (parcel.order_pk, parcel.carrier, parcel.tracking) == (pk, "DHL", "JD0001")
        assert parcel.pk
        assert parcel.shipped_at.utcoffset() is not None
        assert sorted(parcel.items) == sorted((line.item_id, line.quantity) for line in order.lines)

    def test_parcels_hold_parts_of_lines(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        if self.parcels != "several":
            return
        pk = shop.place_order(order, choices)
        first, second = order.lines
        sent = [
            ({first.item_id: 1}, "JD0001"),
            ({first.item_id: 1, second.item_id: 2}, "JD0002"),
            ({second.item_id: 1}, "JD0002"),
        ]
        for items, tracking in sent:
            self.send_parcel(pk, items, tracking)
        told = list(shop.shipments([pk]))
        assert [(dict(parcel.items), parcel.tracking) for parcel in told] == sent
        assert len({parcel.pk for parcel in told}) == 3
        assert list(shop.shipments([pk])) == told

    def test_a_corrected_parcel_stays_the_same(
        self, shop: Shop, order: OrderData, choices: Choices
    ) -> None:
        if not self.parcels:
            return
        pk = shop.place_order(order, choices)
        self.send_parcel(pk, {line.item_id: line.quantity for line in order.lines}, "JD0001")
        [before] = shop.shipments([pk])
        self.correct_parcel(before, "JD0002")
        [after] = shop.shipments([pk])
        assert after == replace(before, tracking="JD0002")

    # --- Menu --------------------------------------------------------------------------------

    def test_the_menu_offers_what_placing_accepts(
        self, shop: Shop, sample: Sample, choices: Choices
    ) -> None:
        menu = shop.menu()
        chosen = [replace(choices, shipping_method=item.code) for item in menu.shipping_methods]
        chosen += [replace(choices, payment_method=item.code) for item in menu.payment_methods]
        chosen += [replace(choices, status=item.code) for item in menu.statuses]
        chosen += [replace(choices, payment_method="")]
        for each in chosen:
            assert shop.place_order(new_order(new_line("1", sample.tracked, 1)), each)


# --- Orders to place --------------------------------------------------------------------------


def a_user(email: str, **columns: bool) -> Any:
    """A user of the project with this address, made as the project's own forms do."""
    model = get_user_model()
    others = {} if model.USERNAME_FIELD == "email" else {model.USERNAME_FIELD: email}
    user = model(email=email, **others, **columns)
    user.set_password("a password of its own")
    user.save()
    return user


def is_verified(user: Any) -> object:
    """What ``CUSTOMER_IS_VERIFIED`` names in these tests, which say what it answers."""
    return False


def row_of(user: Any) -> dict[str, Any]:
    """All columns of a user, as they are stored."""
    return dict(get_user_model().objects.filter(pk=user.pk).values().get())


def new_line(item_id: str, sku: str, quantity: int) -> OrderLine:
    """A line of 30.00 EUR: 26.00 for the goods, 6.00 shipping, 2.00 discount, taxes included."""
    return OrderLine(
        item_id=item_id,
        sku=sku,
        asin="B000000001",
        title=f"Amazon's title of {sku}",
        quantity=quantity,
        amounts=LineAmounts(
            goods=Taxed(Decimal("21.85"), Decimal("4.15")),
            shipping=Taxed(Decimal("5.04"), Decimal("0.96")),
            discount=Taxed(Decimal("1.68"), Decimal("0.32")),
        ),
        gift_message="Happy birthday",
    )


def new_order(*lines: OrderLine) -> OrderData:
    """An order under a new number; its total is that of two lines of ``new_line``."""
    placed_at = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
    return OrderData(
        number=f"302-{next(numbers):07d}-1234567",
        marketplace="A1PA6795UKMFR9",
        channel="AMAZON",
        status="UNSHIPPED",
        fulfilled_by="MERCHANT",
        created=placed_at,
        updated=placed_at,
        lines=lines,
        amounts=OrderAmounts("EUR", Decimal("60.00")),
        buyer=Buyer(name="Ada Byron", email="ada@marketplace.example.com"),
        delivery=Address(
            name="Ada Byron",
            line1="12 Engine Row",
            city="London",
            postcode="EC1A 1BB",
            country="GB",
            phone="+44 20 7946 0958",
        ),
    )


# --- Stock and queries ------------------------------------------------------------------------


def offer_of(shop: Shop, sku: str) -> Offer:
    return next(offer for offer in shop.offers() if offer.sku == sku)


def quantity_of(shop: Shop, sku: str) -> int | None:
    return offer_of(shop, sku).quantity


def stock_of(shop: Shop) -> dict[str, int]:
    """The sellable quantity of each tracked SKU."""
    return {offer.sku: offer.quantity for offer in shop.offers() if offer.quantity is not None}


def fallen(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """By how much each quantity is lower now; what is equal is left out."""
    return {sku: held - after[sku] for sku, held in before.items() if held != after[sku]}


def read_all(shop: Shop) -> tuple[list[Offer], int]:
    with CaptureQueriesContext(connection) as queries:
        offers = list(shop.offers())
    return offers, len(queries)


@contextmanager
def told_of() -> Iterator[set[str]]:
    """The pks of the offers that a shop tells of meanwhile."""
    told: set[str] = set()

    def listen(pks: list[str], **kwargs: Any) -> None:
        told.update(pks)

    offers_changed.connect(listen)
    try:
        yield told
    finally:
        offers_changed.disconnect(listen)
