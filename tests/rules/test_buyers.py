"""Neither an address of Amazon's nor a sentence about an order says who the buyer is."""

from __future__ import annotations

import pytest

from django_amazon_sync.rules.buyers import is_relay, without_words


@pytest.mark.parametrize(
    "email",
    ["", " ", "x7k2@marketplace.amazon.de", "a@m.marketplace.amazon.co.uk",
     "A@Marketplace.Amazon.COM"],
)  # fmt: skip
def test_amazons_own_addresses_and_none_are_relays(email: str) -> None:
    assert is_relay(email)


@pytest.mark.parametrize(
    "email",
    ["ada@example.com", "ada@amazon.de", "ada@notmarketplace.amazon.de",
     "marketplace.amazon.de@example.com", "ada@example.com (@marketplace.amazon"],
)  # fmt: skip
def test_a_buyers_own_address_is_none(email: str) -> None:
    assert not is_relay(email)


@pytest.mark.parametrize(
    ("said", "word", "left"),
    [
        ("Mustermanns Konto", "Mustermann", "… Konto"),
        ("Mustermann's, Mustermann\u2019s and MUSTERMANN", "Mustermann", "…, … and …"),
        ("die Klauses und der Klausner", "Klaus", "die … und der Klausner"),
        ("Mustermannstraße 1, Altmustermann", "Mustermann", "Mustermannstraße 1, Altmustermann"),
        ("1234567 is in 12345678", "1234567", "… is in 12345678"),
        ("Ott and otter", "Ott", "Ott and otter"),
        ("17 Goose\n  neck Mews", "17 Goose neck Mews", "…"),
        ("In STRASSE 17 and Straße 17", "Straße 17", "In … and …"),
        ("Mu\u0308ller and MÜLLER", "Müller", "… and …"),
        ("お客様佐藤様は", "佐藤", "お客様…様は"),
        ("お客様林様は", "林", "お客様…様は"),
        ("の荷物", "の", "の荷物"),
        ("お客様Mustermann様は", "Mustermann", "お客様…様は"),
        ("電話090-1234-5678です", "090-1234-5678", "電話…です"),
        ("нет Иванова", "Иванов", "нет …а"),
        ("김철수님은", "김철수", "…님은"),
    ],
)
def test_a_word_is_left_out_in_each_language(said: str, word: str, left: str) -> None:
    assert without_words(said, [word]) == left


@pytest.mark.parametrize(
    ("said", "name", "left"),
    [
        ("For Ann, at Ann's", "Ann Other", "For …, at …"),
        ("The shop has no other ann", "Ann Other", "The shop has no … ann"),
        ("ANN\nOTHER", "Ann Other", "…"),
        ("Lena", "Anna-Lena Muster", "…"),
        ("The order of H. Muster-Mann", "H. Muster-Mann", "The order of …"),
        ("It is in stock", "In It", "It is in stock"),
    ],
)
def test_no_part_of_a_name_is_left(said: str, name: str, left: str) -> None:
    assert without_words(said, [], [name]) == left
