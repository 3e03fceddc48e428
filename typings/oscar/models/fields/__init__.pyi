from typing import TypeVar

from django.db.models import CharField

from .autoslugfield import AutoSlugField as AutoSlugField

_ST = TypeVar("_ST", contravariant=True, default=str)
_GT = TypeVar("_GT", covariant=True, default=str)

class UppercaseCharField(CharField[_ST, _GT]): ...
class NullCharField(CharField[_ST, _GT]): ...
