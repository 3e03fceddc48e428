"""Which listing an offer is: what is certain is decided, all else is left to staff."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Identifier, Offer
from django_amazon_sync.rules.matching import Index, Keys, SkuOnAmazon, contested, decide

EAN, UPC, ISBN = "4006381333931", "036000291452", "0-306-40615-2"
IN_14 = {EAN: "04006381333931", UPC: "00036000291452", ISBN: "09780306406157"}


def offer(sku: str = "MUG", **identifiers: str) -> Offer:
    codes = tuple(Identifier(kind, value) for kind, value in identifiers.items())
    return Offer(f"pk of {sku}", sku, "Mug", None, 1, identifiers=codes)


def known(sku: str = "OLD", **facts: Any) -> SkuOnAmazon:
    for name in ("asins", "barcodes", "conditions"):
        default = ["new_new"] if name == "conditions" else ()
        facts[name] = frozenset(facts.get(name, default))
    return SkuOnAmazon(sku, **{"expected": "new_new", **facts})


@pytest.mark.parametrize(
    ("identifiers", "facts", "by"),
    [
        ({"asin": "b0mug"}, {"asins": ["B0MUG"]}, "asin"),
        ({"ean": EAN}, {"barcodes": [IN_14[EAN]]}, "ean"),
        ({"upc": UPC}, {"barcodes": [IN_14[UPC]]}, "upc"),
        ({"ean": f"0{UPC}"}, {"barcodes": [IN_14[UPC]]}, "ean"),
        ({"isbn": ISBN}, {"barcodes": [IN_14[ISBN]]}, "isbn"),
        ({"asin": "B0MUG", "ean": EAN}, {"asins": ["B0MUG"], "barcodes": [IN_14[EAN]]}, "asin"),
    ],
)
def test_one_sku_that_nothing_speaks_against_is_it(
    identifiers: dict[str, str], facts: dict[str, Any], by: str
) -> None:
    found = decide(offer(**identifiers), Index([known(**facts), known("OTHER")]), {})
    [candidate] = found.candidates
    assert (candidate.sku, candidate.by, found.code) == ("OLD", by, "")


def test_an_equal_sku_goes_before_every_identifier() -> None:
    others = [known("MUG", asins=["B1"]), known("OLD", asins=["B0"], barcodes=[IN_14[EAN]])]
    found = decide(offer(asin="B0", ean=EAN), Index(others), {})
    [candidate] = found.candidates
    assert (candidate.sku, candidate.by, found.code) == ("MUG", "sku", "")
    assert "ASIN B1" in found.reason


@pytest.mark.parametrize(
    ("of_shop", "there", "doubted"),
    [
        ({"ean": EAN}, [IN_14[UPC]], True),
        ({"ean": EAN, "asin": "B0"}, [IN_14[UPC]], True),
        ({"ean": EAN, "upc": UPC}, [IN_14[UPC]], False),
        ({"ean": f"0{UPC}"}, [IN_14[UPC]], False),
        ({"ean": "4006381333932"}, [IN_14[UPC]], False),  # its check digit is wrong
        ({"ean": EAN}, [], False),
        ({}, [IN_14[UPC]], False),
    ],
)
def test_an_equal_sku_of_another_barcode_is_not_certain(
    of_shop: dict[str, str], there: list[str], doubted: bool
) -> None:
    found = decide(offer(**of_shop), Index([known("MUG", asins=["B0"], barcodes=there)]), {})
    [candidate] = found.candidates
    assert (candidate.by, found.code) == ("sku", "doubt" if doubted else "")
    assert bool(candidate.against) is doubted


def test_the_catalogue_leads_to_a_sku_by_its_asin() -> None:
    one = known(asins=["B0"], barcodes=[IN_14[UPC]])
    found = decide(offer(ean=EAN), Index([one]), {IN_14[EAN]: ["B0"]})
    [candidate] = found.candidates
    # Both barcodes are the item's, as Amazon says itself.
    assert (candidate.by, found.code) == ("ean", "")


@pytest.mark.parametrize(
    ("identifiers", "skus", "code"),
    [
        ({"ean": EAN}, [known("A", barcodes=[IN_14[EAN]]), known("B", barcodes=[IN_14[EAN]])],
         "several"),
        ({"asin": "B0"}, [known("A", asins=["B0"]), known("B", asins=["B0"], by_amazon=True)],
         "channel"),
        ({"asin": "B0", "ean": EAN}, [known("A", asins=["B0"]), known("B", barcodes=[IN_14[EAN]])],
         "contradiction"),
        ({"asin": "B0"}, [known("A", asins=["B0"], offer_pk="another")], "doubt"),
        ({"asin": "B0"}, [known("A", asins=["B0"], conditions=["used_good"])], "doubt"),
        ({"asin": "B0", "ean": EAN}, [known("A", asins=["B0"], barcodes=[IN_14[UPC]])], "doubt"),
        ({"asin": "B0", "ean": EAN}, [known("A", asins=["B1"], barcodes=[IN_14[EAN]])], "doubt"),
        ({}, [known("MUG", offer_pk="another")], "taken"),
    ],
)  # fmt: skip
def test_a_clash_is_left_to_staff(
    identifiers: dict[str, str], skus: list[SkuOnAmazon], code: str
) -> None:
    found = decide(offer(**identifiers), Index(skus), {})
    assert found.code == code
    assert [one.sku for one in found.candidates] == [one.sku for one in skus]
    assert found.reason.endswith(".")


def test_a_barcode_of_several_items_is_left_to_staff() -> None:
    found = decide(offer(ean=EAN), Index([known(asins=["B0"])]), {IN_14[EAN]: ["B0", "B9"]})
    assert found.code == "several"
    assert "B0, B9" in found.reason


@pytest.mark.parametrize(
    ("identifiers", "word"),
    [({}, "neither"), ({"ean": "4006381333932"}, "check digit"), ({"ean": EAN}, "no listing")],
)
def test_nothing_found_says_what_was_lacking(identifiers: dict[str, str], word: str) -> None:
    found = decide(offer(**identifiers), Index([known()]), {})
    assert (found.candidates, found.code) == ((), "none")
    assert word in found.reason


# --- Any shop, any account ----------------------------------------------------------------------

few = st.sampled_from
barcodes = few([EAN, UPC, ISBN, "4006381333932"])
identifiers = st.lists(
    st.one_of(
        st.builds(Identifier, st.just("asin"), few(["B0", "B1"])),
        st.builds(Identifier, few(["ean", "upc", "isbn"]), barcodes),
    ),
    max_size=3,
)
offers = st.lists(
    st.builds(
        Offer,
        pk=few("1234"),
        sku=few("ABCD"),
        title=st.just(""),
        price=st.none(),
        quantity=st.none(),
        identifiers=identifiers.map(tuple),
    ),
    max_size=4,
    unique_by=lambda one: one.pk,
)
sets = st.frozensets
skus_known = st.lists(
    st.builds(
        SkuOnAmazon,
        sku=few("ABXYZ"),
        asins=sets(few(["B0", "B1", "B2"]), max_size=2),
        barcodes=sets(few(list(IN_14.values())), max_size=1),
        conditions=sets(few(["new_new", "used_good"]), max_size=1),
        expected=st.just("new_new"),
        by_amazon=st.booleans(),
        offer_pk=few(["", "", "1", "9"]),
    ),
    max_size=5,
    unique_by=lambda one: one.sku,
)


@given(offers=offers, known=skus_known)
def test_no_offer_is_linked_where_two_skus_may_be_it(
    offers: list[Offer], known: list[SkuOnAmazon]
) -> None:
    index = Index(known)
    for each in offers:
        found, keys = decide(each, index, {}), Keys.of(each)
        may_be = index.of(keys, {})
        if found.code:
            continue
        [candidate] = found.candidates
        one = next(one for one in known if one.sku == candidate.sku)
        assert one.offer_pk in ("", each.pk)
        if candidate.by == "sku":
            assert one.sku == each.sku
            assert not one.barcodes or not keys.barcodes or one.barcodes & keys.barcodes.keys()
        else:
            assert may_be == [one]
            assert keys.asins & one.asins or keys.barcodes.keys() & one.barcodes


@given(st.lists(st.integers(-5, 5)))
def test_what_is_claimed_twice_is_contested(claims: list[int]) -> None:
    assert contested(claims) == {one for one in claims if claims.count(one) > 1}
