from typing import ClassVar

from django.db import models
from oscar.apps.catalogue.models import ProductClass
from oscar.models.fields import NullCharField

class AttributesContainer:
    def __getattr__(self, name: str) -> str: ...
    def __setattr__(self, name: str, value: str) -> None: ...

class AbstractProduct(models.Model):
    STANDALONE: ClassVar[str]
    PARENT: ClassVar[str]
    CHILD: ClassVar[str]

    structure = models.CharField(max_length=10)
    is_public = models.BooleanField(default=True)
    upc = NullCharField(max_length=64, blank=True, null=True, unique=True)
    parent = models.ForeignKey(
        "catalogue.Product",
        blank=True,
        null=True,
        on_delete=models.CASCADE,
        related_name="children",
    )
    title = models.CharField(max_length=255, blank=True)
    slug = models.SlugField(max_length=255)
    description = models.TextField(blank=True)
    product_class = models.ForeignKey(
        "catalogue.ProductClass",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="products",
    )
    categories = models.ManyToManyField("catalogue.Category")
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)
    attr: AttributesContainer

    class Meta:
        abstract = True

    @property
    def is_standalone(self) -> bool: ...
    @property
    def is_parent(self) -> bool: ...
    @property
    def is_child(self) -> bool: ...
    def get_absolute_url(self) -> str: ...
    def get_title(self) -> str: ...
    def get_product_class(self) -> ProductClass | None: ...
