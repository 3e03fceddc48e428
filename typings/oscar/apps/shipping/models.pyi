from django.db import models
from oscar.models.fields import AutoSlugField

class OrderAndItemCharges(models.Model):
    code = AutoSlugField(max_length=128, unique=True)
    name = models.CharField(max_length=128, unique=True)

class WeightBased(models.Model):
    code = AutoSlugField(max_length=128, unique=True)
    name = models.CharField(max_length=128, unique=True)
