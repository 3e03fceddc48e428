from django.db import models
from oscar.models.fields import UppercaseCharField
from phonenumber_field.modelfields import PhoneNumberField

class AbstractAddress(models.Model):
    title = models.CharField(max_length=64, blank=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    line1 = models.CharField(max_length=255)
    line2 = models.CharField(max_length=255, blank=True)
    line3 = models.CharField(max_length=255, blank=True)
    line4 = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=255, blank=True)
    postcode = UppercaseCharField(max_length=64, blank=True)
    country = models.ForeignKey("address.Country", on_delete=models.CASCADE)
    search_text = models.TextField(editable=False)

    class Meta:
        abstract = True

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...

class AbstractShippingAddress(AbstractAddress):
    phone_number = PhoneNumberField(blank=True)
    notes = models.TextField(blank=True)

    class Meta:
        abstract = True
