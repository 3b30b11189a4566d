"""Addresses of the callbacks."""

from django.urls import path

from prepazka.surfaces.callbacks import views

app_name = "callbacks"
urlpatterns = [path("<slug:gateway>/<str:token>/", views.sms_callback, name="sms")]
