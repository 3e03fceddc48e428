from django.contrib.auth.models import User
from django.db import models
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.strategy import Base

class Basket(models.Model):
    owner = models.ForeignKey(User, null=True, related_name="baskets", on_delete=models.CASCADE)
    status = models.CharField(max_length=128)
    strategy: Base
    def reset_offer_applications(self) -> None: ...
    def submit(self) -> None: ...
    def add_product(self, product: Product, quantity: int = 1) -> tuple[Line, bool]: ...

class Line(models.Model):
    basket = models.ForeignKey("basket.Basket", on_delete=models.CASCADE, related_name="lines")
    quantity = models.PositiveIntegerField(default=1)
