"""Every error of this package, sorted by who acts.

AmazonSyncError
├── AmazonError                 Amazon, or the way to it; has operation, status, code, request id
│   ├── Throttled               wait: not before ``retry_at``
│   ├── Unavailable             wait: an outage, a broken answer; a write's outcome is open
│   │   ├── TooLate             compute anew: its time had passed before it left; nothing was sent
│   │   └── NoReport            wait: Amazon made no report, or none that can be used
│   ├── Unauthorized            reconnect, or give the application the missing role
│   │   └── Disconnected        reconnect: the authorisation or the secret is no longer accepted
│   ├── NotSelling              mend the seller account: nobody can buy from it in a store
│   └── Rejected                mend the data: Amazon read the request and refused it
│       └── NotFound            Amazon has no such thing
├── ConfigurationError          mend the settings
├── Halted                      release or resume the account; another worker took over
│   └── Busy                    wait: another worker is doing this job
├── NotYet                      wait: Amazon is still at it; the run goes on at ``retry_at``
├── MappingMissing              mend the mapping (a default method, a status, a marketplace)
│   └── PaymentUnmatched        match Amazon's payment method to the shop's
├── ShopRefused                 mend the data in the shop
├── NotSupported                this shop adapter cannot do it
├── Unreadable                  Amazon's document has a shape that we do not know
├── Misplaced                   somebody moved an encrypted value; get it from Amazon again
└── Unexpected                  report a bug
"""

from __future__ import annotations

import logging
from datetime import datetime

from django_amazon_sync.messages import Code

__all__ = [
    "AmazonError",
    "AmazonSyncError",
    "Busy",
    "ConfigurationError",
    "Disconnected",
    "Halted",
    "MappingMissing",
    "Misplaced",
    "NoReport",
    "NotFound",
    "NotSelling",
    "NotSupported",
    "NotYet",
    "PaymentUnmatched",
    "Rejected",
    "ShopRefused",
    "Throttled",
    "TooLate",
    "Unauthorized",
    "Unavailable",
    "Unexpected",
    "Unreadable",
]

logger = logging.getLogger("django_amazon_sync.errors")


class AmazonSyncError(Exception):
    """Base of all errors of this package; its text is one sentence for people.

    ``code`` is a stable word for rows and JSON. A sentence that is kept in a row is raised as a
    ``Message``.
    """

    code: Code = Code.ERROR


class AmazonError(AmazonSyncError):
    """Something went wrong at Amazon or on the way there.

    ``status`` is the HTTP status, 0 where there was no answer; ``amazon_code`` and ``request_id``
    are Amazon's own, for Amazon's support.
    """

    code = Code.AMAZON

    def __init__(
        self,
        operation: str,
        message: str,
        *,
        status: int = 0,
        amazon_code: str = "",
        details: str = "",
        request_id: str = "",
    ) -> None:
        self.operation = operation
        self.message = message
        self.status = status
        self.amazon_code = amazon_code
        self.details = details
        self.request_id = request_id
        super().__init__(message)

    def __str__(self) -> str:
        facts = [str(self.status)] if self.status else []
        facts += [fact for fact in (self.amazon_code, self.details) if fact]
        if self.request_id:
            facts.append(f"request {self.request_id}")
        suffix = f" ({', '.join(facts)})" if facts else ""
        return f"{self.operation}: {self.message}{suffix}"


class Throttled(AmazonError):
    """A rate limit, ours or Amazon's: nothing was done; try again at ``retry_at`` (aware UTC)."""

    code = Code.THROTTLED

    def __init__(
        self,
        operation: str,
        message: str,
        *,
        retry_at: datetime,
        status: int = 0,
        request_id: str = "",
    ) -> None:
        self.retry_at = retry_at
        super().__init__(operation, message, status=status, request_id=request_id)


class Unavailable(AmazonError):
    """No usable answer. ``sent`` says whether the request may have reached Amazon."""

    code = Code.UNAVAILABLE

    def __init__(
        self,
        operation: str,
        message: str,
        *,
        sent: bool = True,
        status: int = 0,
        amazon_code: str = "",
        details: str = "",
        request_id: str = "",
    ) -> None:
        self.sent = sent
        super().__init__(
            operation,
            message,
            status=status,
            amazon_code=amazon_code,
            details=details,
            request_id=request_id,
        )


class TooLate(Unavailable):
    """The moment had passed after which it must not leave: not one byte of it was sent."""

    code = Code.TOO_LATE

    def __init__(self, operation: str) -> None:
        said = "it had waited for too long and was not sent; what it carried is computed anew."
        super().__init__(operation, said, sent=False)


class NoReport(Unavailable):
    """Amazon made no report, or one that cannot be used: nothing of it was taken in."""

    code = Code.NO_REPORT


class Unauthorized(AmazonError):
    """Amazon refuses access: a role is missing, or the region or the account is wrong."""

    code = Code.UNAUTHORIZED


class Disconnected(Unauthorized):
    """The refresh token, client id or client secret is no longer accepted; connect again."""

    code = Code.DISCONNECTED


class NotSelling(AmazonError):
    """The seller does not take part in a store, or is suspended there: nobody can buy."""

    code = Code.NOT_SELLING


class Rejected(AmazonError):
    """Amazon understood the request and refused it."""

    code = Code.REJECTED


class NotFound(Rejected):
    """Amazon does not know the SKU, order or item asked for."""

    code = Code.NOT_FOUND


class ConfigurationError(AmazonSyncError):
    """A setting or an option is missing or wrong; the text names it and the remedy."""

    code = Code.CONFIGURATION


class Halted(AmazonSyncError):
    """Writing stopped: the account is not live here, or another worker holds the job."""

    code = Code.HALTED


class Busy(Halted):
    """Another worker that is alive is doing this job for this account."""


class NotYet(AmazonSyncError):
    """The run has to wait for Amazon, or gives way to others; it goes on at ``retry_at``."""

    code = Code.NOT_YET

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        self.retry_at = retry_at
        super().__init__(message)


class MappingMissing(AmazonSyncError):
    """Staff have to choose something first, such as a default payment method."""

    code = Code.MAPPING_MISSING


class PaymentUnmatched(MappingMissing):
    """Amazon names a payment method that staff matched to none of the shop's."""

    code = Code.PAYMENT_METHOD


class ShopRefused(AmazonSyncError):
    """The shop cannot do it with this data."""

    code = Code.SHOP_REFUSED


class NotSupported(AmazonSyncError):
    """This shop adapter does not offer an optional feature."""

    code = Code.NOT_SUPPORTED


class Unreadable(AmazonSyncError):
    """A document of Amazon lacks what cannot be done without."""

    code = Code.UNREADABLE


class Misplaced(AmazonSyncError):
    """An encrypted value stands in another row or column than it was encrypted for, so somebody
    wrote to the database beside this app; the text names the place, never the value."""

    code = Code.MISPLACED


#: What is wrong with the way to the database, by PostgreSQL's code of its error.
_OF_THE_DATABASE = {
    "25006": "The database takes no writes: DATABASE_ROUTERS or HOST leads to a replica.",
    "26000": "A pooler gives each transaction another connection: leave prepared statements off "
    "(prepare_threshold).",
    "34000": "A pooler gives each transaction another connection: set DISABLE_SERVER_SIDE_CURSORS "
    "of the database, as code of the shop keeps a cursor open.",
}


class Unexpected(AmazonSyncError):
    """A fault of this package or of the shop's own code, kept beside its order or SKU."""

    code = Code.UNEXPECTED

    @classmethod
    def from_fault(cls, fault: Exception) -> Unexpected:
        """The fault's type and where it arose; never its text, which may hold a buyer's data.

        The places that led there go to the log, without what stood in them.
        """
        trace = fault.__traceback__
        places: list[str] = []
        last = ""
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
            last = f" in {code.co_name}, line {trace.tb_lineno}"
            trace = trace.tb_next
        logger.error("%s at %s", type(fault).__name__, " > ".join(places) or "an unknown place")
        states = (getattr(error, "sqlstate", None) or "" for error in (fault, fault.__cause__))
        known = [_OF_THE_DATABASE[state] for state in states if state in _OF_THE_DATABASE]
        remedy = known[0] if known else "Please report it with the run's number."
        return cls(f"{type(fault).__name__}{last}. {remedy}")
