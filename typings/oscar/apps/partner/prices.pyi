from decimal import Decimal

class Base:
    exists: bool
    is_tax_known: bool
    excl_tax: Decimal | None
    incl_tax: Decimal  # where is_tax_known
    currency: str  # where exists

class FixedPrice(Base):
    def __init__(
        self,
        currency: str,
        excl_tax: Decimal,
        tax: Decimal | None = None,
        tax_code: str | None = None,
    ) -> None: ...
