"""Every form of every page, sent wrongly in every way, by everybody who sees it: never a 5xx.

The addresses are those of the strangers' walk. An address that takes a POST and that no form of a
page leads to fails the test, unless BY_SCRIPT says what a script sends there, which is then sent
wrongly too. `PREPAZKA_FUZZ=1` sends everything as everybody; the ordinary run sends a fixed part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, resolve

from prepazka.booking import feeds, links, offers
from prepazka.booking.models import Booking, Lane, Offer, State, WaitingListEntry
from prepazka.core.interval import Interval
from prepazka.meetings import links as meeting_links
from prepazka.meetings.models import Document
from prepazka.offices import clock, devices, directory
from prepazka.offices.models import (
    Agenda,
    Device,
    HoursException,
    Incident,
    Membership,
    Office,
    Official,
    Role,
    System,
)
from prepazka.queueing import counters, tickets, turns
from prepazka.web import door
from prepazka.web.heard import callback_token
from tests import halls, meetings_town, officials, town
from tests.raw_requests import FORM, Program, Reply, cookies_of
from tests.surfaces.test_strangers import API, DEMO, EVERY
from tests.web_forms import Form, encoded, multipart, mutated, read_page, target_of

pytestmark = pytest.mark.django_db
WHOLE = bool(os.environ.get("PREPAZKA_FUZZ"))
NOW = town.at("9:40")
SECRET = "a" * 32  # of the protection against foreign forms: cookie and field are the same
NOBODY, KIOSK, PANEL = "nobody", "kiosk", "panel"

# What scripts of pages and programs send where no form of a page leads: its fields.
BY_SCRIPT: dict[str, tuple[str, ...]] = {}
# Takes POST only in the demo, or answers any method alike and reads nothing of it.
WITHOUT_FIELDS: set[str] = set()
