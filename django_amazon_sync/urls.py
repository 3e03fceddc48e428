"""Addresses beside the admin's: ``path("amazon/", include("django_amazon_sync.urls"))``."""

from django.urls import path

from django_amazon_sync import views

app_name = "django_amazon_sync"

urlpatterns = [path("cron/<int:pk>/<slug:job>/", views.cron, name="cron")]
