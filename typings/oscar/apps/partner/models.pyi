from django.contrib.auth.models import User
from django.db import models
from oscar.apps.partner.abstract_models import AbstractStockRecord
from oscar.models.fields import AutoSlugField

# As Oscar has it where a fork defines StockRecord itself and imports the rest with a star.
__all__ = [
    "Partner",
]

class Partner(models.Model):
    code = AutoSlugField(max_length=128, unique=True)
    name = models.CharField(max_length=128, blank=True)
    users = models.ManyToManyField(User, related_name="partners", blank=True)

class StockRecord(AbstractStockRecord): ...
