"""The ASGI application: the edge first, Django behind it in one hop."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")

import django

django.setup()

from django.urls import get_resolver  # noqa: E402  # Django must be set up first

from prepazka.config.onehop import OneHop  # noqa: E402
from prepazka.edge.app import Edge  # noqa: E402
from prepazka.surfaces.monitor import monitor_fragment  # noqa: E402
from prepazka.surfaces.ticket import ticket_fragment  # noqa: E402

# All pages are imported now, so that the first requests need not wait for it.
get_resolver().url_patterns  # noqa: B018  # reading it imports them
application = Edge(OneHop(), monitor_fragment.live_view_fragment, ticket_fragment.ticket_fragment)
