"""Seeded buyers, and whether anything of them is left wherever one looks."""

from __future__ import annotations

import random
import re
from typing import Any

from django.db import connection

from django_amazon_sync.management.commands.amazon_rotate_keys import encrypted_columns

SYLLABLES = ("quil", "zeb", "ottol", "vran", "hesk", "mordu", "pelik", "swen", "tarq", "ywain")
WORD = re.compile(f"(?:{'|'.join(SYLLABLES)}){{3}}[0-9]{{4,}}")


class People:
    """Seeded buyers: every word of theirs is nobody else's, and none of the shop's."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.words: list[str] = []

    def _word(self) -> str:
        parts = (self._dice.choice(SYLLABLES) for _ in range(3))
        word = f"{''.join(parts).title()}{len(self.words):04}"
        self.words.append(word)
        return word

    def buyer(self) -> dict[str, Any]:
        """What the simulator takes of one buyer."""
        return {
            "buyer": {
                "buyerName": f"{self._word()} {self._word()}",
                "buyerEmail": f"{self._word()}@buyers.example.com",
                "buyerCompanyName": f"{self._word()} Ltd",
                "buyerPurchaseOrderNumber": self._word(),
            },
            "address": {
                "name": f"{self._word()} {self._word()}",
                "companyName": self._word(),
                "addressLine1": f"17 {self._word()} Mews",
                "addressLine2": f"Attic {self._word()}",
                "districtOrCounty": self._word(),
                "postalCode": self._word(),
                "countryCode": "GB",
                "phone": f"+44 113 {self._word()}",
            },
            "gift_message": f"Dearest {self._word()}, love",
        }


def everything() -> str:
    """Every column of every row of every table of the database, the encrypted ones opened too."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(row) for row in cursor.fetchall()]
    for model, column in encrypted_columns():
        rows += [str(getattr(row, column)) for row in model._default_manager.all()]
    return "\n".join(rows)


def named_in(text: str) -> set[str]:
    """Every word of a buyer's that stands in it, also as a part of something else."""
    return set(WORD.findall(text.lower()))
