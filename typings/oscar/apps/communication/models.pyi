from django.contrib.auth.models import User
from django.db import models

class Email(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="emails", null=True)
    email = models.EmailField(null=True, blank=True)
    subject = models.TextField(max_length=255)
    body_text = models.TextField()

class Notification(models.Model):
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    subject = models.CharField(max_length=255)
    body = models.TextField()
