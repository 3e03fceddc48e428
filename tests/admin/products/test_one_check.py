"""One field has one check: what one page refuses all four refuse, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.products.edit_steps import edit, edited
from tests.admin.products.page_steps import errors_of
from tests.admin.products.page_steps import save as save_page
from tests.admin.products.sheet_steps import faults, look
from tests.admin.products.sheet_steps import save as save_file
from tests.factories_amazon import GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db

#: What is a column of its row, and no own value.
COLUMNS = ("own_price", "set_quantity", "asin", "condition")

#: What is typed: a field of a listing or of its SKU, and its parts.
Typed = Mapping[str, str]


@pytest.fixture
def record(db: None) -> Any:
    """A mug for 10.00 EUR in the shop, on sale in Germany; no price of its own is set."""
    account = LiveAccountFactory.create(name="Main shop")
    place = MarketplaceFactory.create(account=account)
    record = factories.stock_record("MUG", price="10.00", in_stock=5)
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    ListingInStepFactory.create(marketplace=place, sku=sku, believed={"price": "10.00 EUR"})
    return record


def _parts(typed: Typed, before: str = "") -> dict[str, str]:
    """As the inputs of a form have it: a sale and a business price have several."""
    posted: dict[str, str] = {}
    for name, text in typed.items():
        first, _sign, rest = text.partition(";" if name == "business_price" else " ")
        if name == "sale_price":
            start, _slash, end = rest.partition("/")
            parts = {"_price": first, "_start": start, "_end": end}
        elif name == "business_price":
            parts = {"_price": first, "_tiers": rest.strip()}
        else:
            parts = {"": text}
        its = name if name in COLUMNS else before + name
        posted |= {its + part: value for part, value in parts.items()}
    return posted


def by_product_page(staff: Staff, record: Any, typed: Typed) -> str:
    sku = SellerSku.objects.get()
    prefix = f"sku{sku.pk}-" + ("" if _of_sku(typed) else f"{GERMANY}-")
    posted = {prefix + name: text for name, text in _parts(typed).items()}
    response = save_page(staff.client, record, **posted)
    return "" if response.status_code == 302 else str(list(errors_of(response).values()))


def by_listing_page(staff: Staff, record: Any, typed: Typed) -> str:
    row = SellerSku.objects.get() if _of_sku(typed) else Listing.objects.get()
    posted = _parts(typed, "own_")
    if _of_sku(typed):
        posted = {"shop_sku": "MUG", "condition": "new_new", **posted}
    answer = staff.save(type(row), row.pk, **posted)
    return "" if answer.status_code == 302 else str(answer.context["adminform"].form.errors)


def by_edit_selected(staff: Staff, record: Any, typed: Typed) -> str:
    model: type[Any] = SellerSku if _of_sku(typed) else Listing
    posted = {"edit_field": list(typed), **{f"{name}_how": "set" for name in typed}}
    answer = edit(staff, model, "look", **posted, **_parts(typed))
    outlook = answer.context.get("outlook")
    if outlook is None:
        return str(answer.context["form"].errors)
    if outlook.faults:
        return str(outlook.faults)
    edited(staff, model, **posted, **_parts(typed))
    return ""


def by_spreadsheet(staff: Staff, record: Any, typed: Typed) -> str:
    names = [name if _of_sku(typed) else f"{name} DE" for name in typed]
    texts = [f'"{text}"' for text in typed.values()]
    file = f"shop_sku\t{chr(9).join(names)}\nMUG\t{chr(9).join(texts)}\n"
    answer = look(staff, SellerSku.objects.get().account, file)
    if told := faults(answer):
        return str(told)
    save_file(staff, answer)
    return ""


def _of_sku(typed: Typed) -> bool:
    its = {"set_quantity", "handling_time", "restock_date", "asin", "condition"}
    return bool(its & set(typed))


DOORS: list[Callable[[Staff, Any, Typed], str]] = [
    by_product_page, by_listing_page, by_edit_selected, by_spreadsheet,
]  # fmt: skip

DAYS = "2026-12-01/2026-12-24"

#: What is typed, and the words of the refusal; none where it is saved.
TABLE: list[tuple[Typed, str]] = [
    ({"sale_price": f"12.00 {DAYS}"}, "The sale price 12.00 EUR is not below the price 10.00 EUR"),
    ({"sale_price": f"10,00 {DAYS}"}, "is not below the price 10.00 EUR"),
    ({"sale_price": f"9,50 {DAYS}"}, ""),
    ({"sale_price": f"1.234 {DAYS}"}, "can be read as 1234"),
    ({"sale_price": f"12.00 {DAYS}", "own_price": "13.00"}, ""),
    ({"sale_price": f"9.00 {DAYS}", "own_price": "8.00"}, "is not below the price 8.00 EUR"),
    ({"business_price": "11.00"}, "The business price 11.00 EUR is above the price 10.00 EUR"),
    ({"business_price": "9.00; 10: 8.50"}, ""),
    ({"minimum_price": "11.00"}, "The price 10.00 EUR is below the minimum price 11.00 EUR"),
    ({"minimum_price": "9.00", "maximum_price": "8.00"}, "is above the maximum price 8.00 EUR"),
    ({"maximum_price": "9.00"}, "The price 10.00 EUR is above the maximum price 9.00 EUR"),
    ({"minimum_price": "8", "maximum_price": "12"}, ""),
    ({"list_price": "12 USD"}, "currency is EUR, not USD"),
    ({"list_price": "0"}, "above 0"),
    ({"own_price": "1.234"}, "can be read as 1234"),
    ({"own_price": "-1"}, "Write a price such as"),
    ({"own_price": "9.999"}, "can be read as 9999"),
    ({"own_price": "9,9"}, ""),
    ({"own_price": "5.00", "minimum_price": "6.00"}, "is below the minimum price 6.00 EUR"),
    ({"set_quantity": "1.000"}, "can be read as 1000"),
    ({"set_quantity": "-1"}, "Write a whole number"),
    ({"set_quantity": "7"}, ""),
    ({"handling_time": "31"}, "from 0 to 30"),
    ({"restock_date": "31.12.2026"}, "2026-12-31"),
    ({"restock_date": "2020-01-01"}, "This day is over"),
    ({"restock_date": "2999-01-01"}, ""),
]

#: How what was typed is kept, where that is another text.
CLEANED = {"b000000001": "B000000001"}

#: What is not among the fields of a file or of many rows, or has a choice of its own there.
ON_PAGES: list[tuple[Typed, str]] = [
    ({"asin": "nope"}, "nope is not a valid ASIN"),
    ({"asin": "B00-00_0001"}, "B00-00_0001 is not a valid ASIN"),
    ({"asin": "b000000001"}, ""),
    ({"condition": "shiny"}, "shiny is not one of the available choices"),
    ({"condition": "used_good"}, ""),
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
@pytest.mark.parametrize(("typed", "words"), TABLE, ids=str)
def test_every_door_says_the_same(
    staff: Staff, record: Any, door: Callable[..., str], typed: Typed, words: str
) -> None:
    told = door(staff, record, typed).replace("&#x27;", "'")
    if words:
        assert words in told
    else:
        assert told == ""
    sku, listing = SellerSku.objects.get(), Listing.objects.get()
    kept: dict[str, object] = {**sku.own_values, **listing.own_values}
    kept |= {"own_price": listing.own_price} if listing.own_price is not None else {}
    kept |= {"set_quantity": sku.set_quantity} if sku.set_quantity is not None else {}
    assert kept.keys() == (set() if words else set(typed))


@pytest.mark.parametrize("door", [by_product_page, by_listing_page], ids=lambda door: door.__name__)
@pytest.mark.parametrize(("typed", "words"), ON_PAGES, ids=str)
def test_both_pages_of_a_sku_say_the_same(
    staff: Staff, record: Any, door: Callable[..., str], typed: Typed, words: str
) -> None:
    before = SellerSku.objects.get()
    told = door(staff, record, typed)
    [(name, text)] = typed.items()
    if words:
        assert words in told
    else:
        assert told == ""
    kept = getattr(SellerSku.objects.get(), name)
    assert kept == (getattr(before, name) if words else CLEANED.get(text, text))


@pytest.mark.parametrize("door", [by_edit_selected, by_spreadsheet], ids=lambda door: door.__name__)
def test_no_file_and_no_form_for_many_takes_an_unknown_condition(
    staff: Staff, record: Any, door: Callable[..., str]
) -> None:
    assert "shiny is not one of the available choices" in door(
        staff, record, {"condition": "shiny"}
    )
    assert SellerSku.objects.get().condition == "new_new"


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_a_day_that_is_over_by_now_keeps_nothing_else_from_being_saved(
    staff: Staff, record: Any, door: Callable[..., str]
) -> None:
    """So does an ASIN and a condition that were saved before anybody looked at them."""
    own = {"restock_date": "2020-01-01"}
    SellerSku.objects.update(own_values=own, asin="nope", condition="shiny")
    typed = {"handling_time": "3", "restock_date": "2020-01-01"}
    if door is by_listing_page:
        typed |= {"asin": "nope", "condition": "shiny"}
    assert door(staff, record, typed) == ""
    sku = SellerSku.objects.get()
    assert sku.own_values == {**own, "handling_time": 3}
    assert (sku.asin, sku.condition) == ("nope", "shiny")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_what_was_wrong_before_keeps_nothing_else_from_being_saved(
    staff: Staff, record: Any, door: Callable[..., str]
) -> None:
    """The shop's price fell below a sale that was set long ago."""
    sale = {"price": "12.00 EUR", "start": "2026-11-01", "end": "2026-11-30"}
    Listing.objects.update(own_values={"sale_price": sale})
    typed: Typed = {"list_price": "15.00"}
    if door is by_listing_page:  # its form has the sale, too
        typed = {**typed, "sale_price": "12.00 2026-11-01/2026-11-30"}
    assert door(staff, record, typed) == ""
    assert Listing.objects.get().own_values == {"sale_price": sale, "list_price": "15.00 EUR"}
