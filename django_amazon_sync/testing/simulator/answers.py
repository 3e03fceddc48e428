"""Requests, answers and refusals, as the modules of the single APIs see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .clock import read_time
from .world import Seller

Json = dict[str, Any]


class Refused(Exception):
    """An answer with an error body: status, code word, message and details."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(f"{status} {code}: {message} {details}".strip())
        self.status = status
        self.error: Json = {"code": code, "message": message, "details": details}


def invalid(message: str, details: str = "") -> Refused:
    """400: a parameter or a body that cannot be understood."""
    return Refused(400, "InvalidInput", message, details)


def not_found(message: str) -> Refused:
    """404: the thing is not there."""
    return Refused(404, "NotFound", message)


def forbidden(details: str = "") -> Refused:
    """403: the message is always the same, only the details tell the cause."""
    return Refused(403, "Unauthorized", "Access to requested resource is denied.", details)


@dataclass(frozen=True)
class Success:
    """A success: JSON body (None = no body) and status."""

    body: Any
    status: int = 200


@dataclass(frozen=True)
class Request:
    """One authorised request; ``path`` holds the decoded path arguments in their order."""

    operation: str
    seller: Seller
    path: Sequence[str]
    query: dict[str, list[str]]
    body: Any = None
    base_url: str = ""
    region: str = ""
    now: float = field(default=0.0)

    def text(self, name: str, default: str = "") -> str:
        """The only value of a parameter; 400 if it comes twice."""
        values = self.query.get(name, [default])
        if len(values) != 1:
            raise invalid(f"Parameter '{name}' was given {len(values)} times.")
        return values[0]

    def words(self, name: str, allowed: Sequence[str] = (), most: int = 0) -> list[str]:
        """The values of a list parameter, comma-delimited or repeated (Swagger ``csv``).

        A value that holds a comma can therefore not be given: it arrives as two.
        """
        words = [word for value in self.query.get(name, []) for word in value.split(",") if word]
        unknown = [word for word in words if allowed and word not in allowed]
        if unknown:
            raise invalid(f"Invalid '{name}' provided: {', '.join(unknown)}.")
        if most and len(words) > most:
            raise invalid(f"Expected a maximum of {most} in '{name}', got {len(words)}.")
        return words

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to ``most``."""
        text = self.text(name, str(default))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise invalid(f"'{name}' must be between 1 and {most}, got {text!r}.")
        return int(text)

    def flag(self, name: str) -> bool:
        """Whether a parameter is true; clients in Python write it with a capital letter."""
        text = self.text(name, "false").lower()
        if text not in ("true", "false"):
            raise invalid(f"'{name}' must be true or false, got {text!r}.")
        return text == "true"

    def moment(self, name: str) -> float | None:
        """Seconds since 1970 of a date-time parameter; None if it is absent."""
        text = self.text(name)
        if not text:
            return None
        try:
            return read_time(text)
        except ValueError:
            raise invalid(f"'{name}' is not an ISO 8601 date and time: {text!r}.") from None

    def marketplaces(self, *, required: bool = True, most: int = 0) -> list[str]:
        """``marketplaceIds``, each one the seller's; 400 without any, 403 for another region's."""
        ids = self.words("marketplaceIds", most=most)
        if required and not ids:
            raise invalid("'marketplaceIds' is required.")
        foreign = [id_ for id_ in ids if id_ not in self.seller.marketplaces]
        if foreign:
            region = (self.region or self.seller.region).upper()
            raise forbidden(f"The marketplaces {foreign} are not valid for region {region}.")
        return ids
