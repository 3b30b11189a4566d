"""Addresses of the demo's mailbox."""

from django.urls import path

from prepazka.surfaces.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("", views.mails, name="mails"),
    path("<int:number>/", views.mail, name="mail"),
    path("<int:number>/html/", views.html, name="html"),
    path("<int:number>/priloha/<int:position>/", views.attachment, name="attachment"),
]
