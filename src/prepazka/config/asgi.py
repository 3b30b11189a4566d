"""The ASGI application: the edge first, Django behind it in one hop."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")

import django

django.setup()

from prepazka.config.onehop import OneHop  # noqa: E402  # Django must be set up first
from prepazka.edge.app import Edge  # noqa: E402
from prepazka.surfaces.monitor.live import fragment  # noqa: E402

application = Edge(OneHop(), fragment)
