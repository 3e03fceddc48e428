from typing import TypeVar

from django.db.models import CharField
from phonenumber_field.phonenumber import PhoneNumber

_ST = TypeVar("_ST", contravariant=True, default=PhoneNumber | str | None)
_GT = TypeVar("_GT", covariant=True, default=PhoneNumber | str | None)

class PhoneNumberField(CharField[_ST, _GT]): ...
