from typing import ClassVar

from django.db import models
from django.db.models import QuerySet
from django.db.models.manager import Manager
from oscar.apps.catalogue.abstract_models import AbstractProduct
from oscar.models.fields import AutoSlugField

class ProductClass(models.Model):
    name = models.CharField(max_length=128)
    slug = AutoSlugField(max_length=128, unique=True)
    requires_shipping = models.BooleanField(default=True)
    track_stock = models.BooleanField(default=True)

class Category(models.Model):
    steplen: ClassVar[int]
    path = models.CharField(max_length=255, unique=True)
    depth = models.PositiveIntegerField()
    numchild = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255)

    objects: ClassVar[Manager[Category]]

    @classmethod
    def add_root(cls, *, name: str) -> Category: ...
    def add_child(self, *, name: str) -> Category: ...
    def get_absolute_url(self) -> str: ...
    def get_parent(self) -> Category | None: ...
    @property
    def full_name(self) -> str: ...

class ProductManager(Manager[Product]):
    def browsable(self) -> QuerySet[Product]: ...

class Product(AbstractProduct):
    objects: ClassVar[ProductManager]

class ProductAttribute(models.Model):
    product_class = models.ForeignKey(
        "catalogue.ProductClass",
        blank=True,
        on_delete=models.CASCADE,
        related_name="attributes",
        null=True,
    )
    name = models.CharField(max_length=128)
    code = models.SlugField(max_length=128)
    type = models.CharField(max_length=20)

class ProductImage(models.Model):
    product = models.ForeignKey(
        "catalogue.Product", on_delete=models.CASCADE, related_name="images"
    )
    original = models.ImageField(max_length=255)
    display_order = models.PositiveIntegerField(default=0)
