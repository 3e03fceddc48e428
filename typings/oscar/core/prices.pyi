from decimal import Decimal

class Price:
    currency: str
    excl_tax: Decimal
    incl_tax: Decimal | None
    tax_code: str | None
    is_tax_known: bool
    def __init__(
        self,
        currency: str,
        excl_tax: Decimal,
        incl_tax: Decimal | None = None,
        tax: Decimal | None = None,
        tax_code: str | None = None,
    ) -> None: ...
