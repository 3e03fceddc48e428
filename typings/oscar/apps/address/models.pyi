from django.contrib.auth.models import User
from django.db import models
from oscar.apps.address.abstract_models import AbstractShippingAddress

class UserAddress(AbstractShippingAddress):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    is_default_for_shipping = models.BooleanField(default=False)
    is_default_for_billing = models.BooleanField(default=False)

class Country(models.Model):
    iso_3166_1_a2 = models.CharField(max_length=2, primary_key=True)
    printable_name = models.CharField(max_length=128)
    name = models.CharField(max_length=128)
    is_shipping_country = models.BooleanField(default=False)

    @property
    def code(self) -> str: ...
