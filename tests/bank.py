"""The European Central Bank's document of rates."""

from __future__ import annotations

from collections.abc import Mapping


def document(rates: Mapping[str, object], day: str = "2026-11-24") -> bytes:
    """The document as the bank makes it (eurofxref-daily.xml)."""
    cubes = "".join(f'<Cube currency="{name}" rate="{rate}"/>' for name, rate in rates.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
        ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
        "<gesmes:subject>Reference rates</gesmes:subject>"
        "<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>"
        f'<Cube><Cube time="{day}">{cubes}</Cube></Cube></gesmes:Envelope>'
    ).encode()
