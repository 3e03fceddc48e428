"""A SKU is sold as what staff or matching chose, whatever the shop does with its products.

Products are made, deleted, made anew and renamed; staff link by hand, by a file and by proposals;
matching links by barcodes; buyers order. Each product has prices and numbers of units that no other
has, so each value that leaves tells whose it is. .ci/nightly tells ten times as many.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from django_amazon_sync.errors import Halted
from django_amazon_sync.models import Job, Proposal, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.listings import link
from django_amazon_sync.sync.matching import proposals
from tests.examples import examples
from tests.histories import staff
from tests.histories.amazon import Sent
from tests.histories.blank import Blank
from tests.histories.world import DE, RUNS_OF_A_TICK, Scene, Thing, World, opened
from tests.plainshop.models import Item, OrderLine

#: Names that products of the shop have, and SKUs that the account has on Amazon.
CODES = ("MUG", "CUP", "BOWL", "NEW")
AMAZONS = ("AMZ-MUG", "AMZ-CUP", "OLD")
SKUS = (*CODES, *AMAZONS)
BARCODES = ("", "4006381333931", "5901234123457")

#: Units and cents that are one product's: no sale and no change of a price leads to another's.
UNITS_APART, CENTS_APART = 100, Decimal("0.10")


@dataclass
class Product:
    """One product, from its making to its deletion; ``number`` is in its prices and units."""

    number: int
    pk: str

    def has(self, sent: Sent) -> bool:
        """Whether a value that left is this product's."""
        if sent.field == "quantity":
            return int(sent.value) // UNITS_APART == self.number
        return (Decimal(sent.value) - 10) // CENTS_APART == self.number


class Links(RuleBasedStateMachine):
    """See the module; ``chosen`` has the product (pk) that staff or matching made of each SKU."""

    blank: Blank

    @initialize(codes=st.sets(st.sampled_from(CODES[:3]), min_size=2))
    def begin(self, codes: set[str]) -> None:
        self.stack = ExitStack()
        things = tuple(Thing(code, 1, "10.00") for code in sorted(codes))
        self.world: World = self.stack.enter_context(
            opened(Scene(seed=1, things=things, guard=1000), self.blank)
        )
        self.world.workers.quiet = True
        self.products: dict[str, Product] = {}
        self.chosen: dict[str, str] = {}
        self.made = 0
        self.wrong: list[str] = []
        for item in list(Item.objects.order_by("pk")):
            self._now_known(item)
        self._tick(3)
        self.world.amazon.leaves = self._leaves

    # --- What may leave --------------------------------------------------------------------------

    def _leaves(self, sent: list[Sent]) -> None:
        for one in sent:
            if one.field == "quantity" and one.value == 0:
                continue
            pk = self._holder(one.sku)
            product = self.products.get(pk)
            if product is None or not Item.objects.filter(pk=pk).exists():
                self.wrong.append(f"{one} left, and nothing is sold under it")
            elif not product.has(one):
                self.wrong.append(f"{one} left, and it is product {product.number}")

    def _holder(self, sku: str) -> str:
        """The product (pk) that a SKU is: what was chosen, else what has its name."""
        if sku in self.chosen:
            return self.chosen[sku]
        return str(Item.objects.filter(code=sku).values_list("pk", flat=True).first() or "")

    def _look(self) -> None:
        assert not self.wrong, self.wrong
        rows = SellerSku.objects.filter(sku__in=self.chosen)
        others = {row.sku: row.offer_pk for row in rows if row.offer_pk != self.chosen[row.sku]}
        assert not others, f"{others} instead of {self.chosen}"

    # --- The shop --------------------------------------------------------------------------------

    def _now_known(self, item: Item) -> None:
        self.made += 1
        self.products[str(item.pk)] = Product(self.made, str(item.pk))
        self._set(item, 50, 5)

    def _set(self, item: Item, units: int, cents: int) -> None:
        number = self.products[str(item.pk)].number
        item.on_hand = number * UNITS_APART + units
        item.price = 10 + number * CENTS_APART + Decimal(cents) / 100
        item.save()

    @rule(code=st.sampled_from(CODES), barcode=st.sampled_from(BARCODES))
    def a_product_is_made(self, code: str, barcode: str) -> None:
        if not Item.objects.filter(code=code).exists():
            item = Item(code=code, name=code.title(), price=10, on_hand=0, barcode=barcode)
            item.vendor = self.world.vendor
            item.save()
            self._now_known(item)

    @rule(sku=st.sampled_from(AMAZONS))
    def a_product_is_made_whose_number_is_amazons(self, sku: str) -> None:
        self.a_product_is_made(sku, "")

    @rule(data=st.data(), anew=st.booleans())
    def a_product_is_deleted(self, data: st.DataObject, anew: bool) -> None:
        """Or made anew under another key, as a nightly import does it."""
        item = self._drawn(data)
        if item is not None:
            item.delete()
            if anew:
                self.a_product_is_made(item.code, item.barcode)

    @rule(data=st.data(), code=st.sampled_from(SKUS))
    def a_product_is_renamed(self, data: st.DataObject, code: str) -> None:
        """Two may change their names with each other."""
        item = self._drawn(data)
        if item is None or item.code == code:
            return
        other = Item.objects.filter(code=code).first()
        before, item.code = item.code, code
        if other is not None:
            other.code = "ASIDE"
            other.save()
        item.save()
        if other is not None:
            other.code = before
            other.save()

    @rule(data=st.data(), units=st.integers(20, 90), cents=st.integers(0, 9))
    def a_product_changes(self, data: st.DataObject, units: int, cents: int) -> None:
        item = self._drawn(data)
        if item is not None:
            self._set(item, units, cents)

    def _drawn(self, data: st.DataObject) -> Item | None:
        items = list(Item.objects.order_by("pk"))
        return data.draw(st.sampled_from(items)) if items else None

    # --- Staff and matching ----------------------------------------------------------------------

    @rule(data=st.data(), sku=st.sampled_from(SKUS))
    def staff_link(self, data: st.DataObject, sku: str) -> None:
        item = self._drawn(data)
        if item is not None:
            self._list(sku)
            staff.link_by_hand(self.world.account, sku, str(item.pk))
            row = SellerSku.objects.get(sku=sku)
            if row.matched:
                self.chosen[sku] = str(item.pk)

    @rule(sku=st.sampled_from(SKUS))
    def staff_unlink(self, sku: str) -> None:
        if sku in self.chosen:
            staff.link_by_hand(self.world.account, sku, "")
            del self.chosen[sku]

    @rule(data=st.data(), sku=st.sampled_from(SKUS))
    def a_file_names_another_sku(self, data: st.DataObject, sku: str) -> None:
        """As a row of a spreadsheet does, whose product has a SKU or none so far."""
        item = self._drawn(data)
        if item is None:
            return
        shop, account = configured_shop(), self.world.account
        [offer] = shop.offers(account.shop_scope, [str(item.pk)])
        rows = SellerSku.objects.filter(account=account, offer_pk=offer.pk)
        before = rows.exclude(sku=sku).order_by("pk").first()
        was = before.sku if before else ""
        with suppress(link.SkuTaken):
            link.sell_under(account, shop, offer, sku, instead_of=before)
            self._follow(was, sku)

    def _follow(self, *skus: str) -> None:
        """What these SKUs are from now on, by a decision of staff's."""
        for sku in skus:
            row = SellerSku.objects.filter(sku=sku, matched=True).first()
            if row is not None:
                self.chosen[sku] = row.offer_pk
            else:
                self.chosen.pop(sku, None)

    @rule(data=st.data(), accept=st.booleans())
    def staff_decide_on_a_proposal(self, data: st.DataObject, accept: bool) -> None:
        open_ones = list(Proposal.objects.filter(refused=False).select_related("sku"))
        if not open_ones:
            return
        row = data.draw(st.sampled_from(sorted(open_ones, key=lambda row: row.pk)))
        its = Proposal.objects.filter(pk=row.pk)
        if not accept:
            proposals.refuse(its)
            return
        linked, _why_not = proposals.accept(configured_shop(), its)
        if linked:
            self.chosen[row.sku.sku] = row.offer_pk
            others = SellerSku.objects.filter(sku__in=self.chosen, offer_pk="")
            self._follow(*others.values_list("sku", flat=True))

    @rule(barcode=st.sampled_from(BARCODES))
    def matching_runs(self, barcode: str) -> None:
        """It may link what nobody has chosen yet, to a product with the barcode of Amazon's."""
        self.world.amazon.advance(180)
        free = set(SellerSku.objects.filter(matched=False).values_list("sku", flat=True))
        self._perform(jobs.request(self.world.account, Job.MATCH))
        for row in SellerSku.objects.filter(matched=True).exclude(sku__in=self.chosen):
            assert row.sku in free or row.sku not in SKUS
            self.chosen[row.sku] = row.offer_pk

    # --- Amazon, and time ------------------------------------------------------------------------

    def _list(self, sku: str) -> None:
        amazon, seller = self.world.amazon, self.world.seller
        if amazon.live("eu", sku, DE) is None:
            asin = f"B0000001{SKUS.index(sku)}0"
            code = BARCODES[1 + SKUS.index(sku) % 2]
            amazon.add_product(asin=asin, title=sku, ean=code)
            amazon.add_listing(seller, sku, marketplace=DE, asin=asin, price="10.05", quantity=1)

    @rule(sku=st.sampled_from(SKUS))
    def somebody_lists_it_by_hand(self, sku: str) -> None:
        self._list(sku)

    @rule(sku=st.sampled_from(SKUS))
    def a_buyer_orders(self, sku: str) -> None:
        """Of what is on sale; the shop packs what the SKU is, or what nobody names."""
        live = self.world.amazon.live("eu", sku, DE)
        if live is None or not live.quantity:
            return
        number = self.world.amazon.buy(self.world.seller, DE, sku, 1, status="UNSHIPPED")
        self.world.clock.sleep(300)
        self._tick(1)
        for line in OrderLine.objects.filter(order__reference=number).exclude(item=None):
            assert str(line.item_id) == self._holder(sku), f"{sku} is packed as {line.item}"

    @rule(minutes=st.sampled_from((1, 15, 70)))
    def time_passes(self, minutes: int) -> None:
        self._tick(minutes)

    @rule()
    def all_is_exported(self) -> None:
        self._perform(jobs.request(self.world.account, Job.EXPORT))
        self._look()

    def _tick(self, minutes: int) -> None:
        for _ in range(min(minutes, 2)):
            self.world.clock.sleep(minutes * 60 / min(minutes, 2))
            for run in islice(jobs.due_runs([self.world.account]), RUNS_OF_A_TICK):
                self._perform(run)
        self._look()

    def _perform(self, run: object) -> None:
        with suppress(Halted):
            jobs.perform(run, patience=5)  # type: ignore[arg-type]

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        try:
            if hasattr(self, "wrong"):
                self._at_rest()
        finally:
            self.stack.close()

    def _at_rest(self) -> None:
        """Of what is gone nothing is on sale, and of what is there its own units."""
        for _ in range(3):
            self._tick(70)
            self.all_is_exported()
        for sku, pk in self.chosen.items():
            live = self.world.amazon.live("eu", sku, DE)
            if live is None or live.quantity is None:
                continue
            there = Item.objects.filter(pk=pk).exists()
            if not there:
                assert live.quantity == 0, f"{sku} is on sale, and its product is gone"
            elif live.quantity:
                sent = Sent(sku, DE, "quantity", live.quantity)
                assert self.products[pk].has(sent), f"{sku} has {live.quantity} units"


@pytest.mark.any_database
def test_a_sku_is_sold_as_what_was_chosen(blank: Blank) -> None:
    image = blank

    class Machine(Links):
        blank = image

    run_state_machine_as_test(
        Machine,
        settings=settings(
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            max_examples=examples(12),
            stateful_step_count=14,
            suppress_health_check=list(HealthCheck),
        ),
    )
