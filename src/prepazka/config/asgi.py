"""The ASGI application: the edge first, Django behind it in one hop."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")

import django

django.setup()

from django.urls import get_resolver  # noqa: E402  # Django must be set up first

from prepazka.config.onehop import OneHop  # noqa: E402
from prepazka.edge.app import Edge  # noqa: E402
from prepazka.surfaces.monitor import live as board  # noqa: E402
from prepazka.surfaces.ticket import live as own_ticket  # noqa: E402

# All pages are imported now, so that the first requests need not wait for it.
get_resolver().url_patterns  # noqa: B018  # reading it imports them
application = Edge(OneHop(), board.fragment, own_ticket.fragment)
