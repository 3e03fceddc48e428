"""Barcodes: one form for all kinds, so that equal codes are equal texts."""

from __future__ import annotations

from stdnum import ean, isbn


def gtin(code: str) -> str:
    """The code in 14 digits (GTIN-14), or an empty text where it is not a valid one.

    "4006381333931", "0-306-40615-2" and "036000291452" come in one form; the check digit decides.
    """
    try:
        thirteen = isbn.to_isbn13(code) if isbn.isbn_type(code) == "ISBN10" else code
        return str(ean.validate(thirteen)).zfill(14)
    except ValueError:  # ValidationError is one, and stdnum stumbles over a line's end within
        return ""
