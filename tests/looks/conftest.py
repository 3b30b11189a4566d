"""Settings enough to render the shared templates when the project's own are not configured."""
import importlib.util
import os

import django
from django.conf import settings

from prepazka.looks.compile_messages import compile_messages

compile_messages()

if not settings.configured:
    if os.environ.get("DJANGO_SETTINGS_MODULE") or importlib.util.find_spec("prepazka.config.settings"):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")
    else:
        settings.configure(
            INSTALLED_APPS=["django.contrib.staticfiles", "prepazka.looks"],
            TEMPLATES=[{
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }],
            ALLOWED_HOSTS=["testserver"],
            LANGUAGE_CODE="cs",
            LANGUAGES=[("cs", "Čeština"), ("en", "English")],
            TIME_ZONE="Europe/Prague",
            USE_TZ=True,
            STATIC_URL="/static/",
            SECRET_KEY="only for tests",
        )
    django.setup()
