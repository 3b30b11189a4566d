"""Addresses of the demo's mailbox."""

from django.urls import path

from prepazka.surfaces.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("", views.list_mails, name="mails"),
    path("<int:number>/", views.mail_page, name="mail"),
    path("<int:number>/html/", views.mail_html, name="html"),
    path("<int:number>/priloha/<int:position>/", views.mail_attachment, name="attachment"),
]
