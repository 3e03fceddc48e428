from typing import TypeVar

from django.db.models import SlugField

_ST = TypeVar("_ST", contravariant=True, default=str)
_GT = TypeVar("_GT", covariant=True, default=str)

class AutoSlugField(SlugField[_ST, _GT]): ...
