"""A database that is away is told as that, wherever in a request it is missed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException

from prepazka.booking.models import Booking, BookingState
from prepazka.edge import hot_routes
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests.edge.conftest import Served
from tests.faults.always import coming_slots

CZECH, ENGLISH = "Služba teď není dostupná", "The service is not available at the moment"


def lost(*_: Any, **__: Any) -> Any:
    raise OperationalError("server closed the connection")


@pytest.mark.parametrize(("language", "said"), [("cs", CZECH), ("en-GB", ENGLISH), ("fr", CZECH)])
@pytest.mark.parametrize("path", ["/zive/lhota/", "/api/v1/offices/lhota/monitor"])
def test_the_edge_says_it_in_the_language_of_the_asker(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str, language: str, said: str
) -> None:
    monkeypatch.setattr(hot_routes, "office_id", lost)
    monkeypatch.setattr(hot_routes, "monitor_of_office", lost)
    answer = served.client.get(path, headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "20")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["title"].startswith(said)
    monkeypatch.undo()
    assert served.client.get("/api/v1/offices/lhota/monitor").status_code == 200


def test_a_database_lost_while_the_job_is_written(
    office: OfficeSnapshot, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library of the jobs gives errors of its own for those of the driver."""

    def lost_by_library(*_: Any, **__: Any) -> Any:
        raise ConnectorException from psycopg.errors.AdminShutdown("terminating connection")

    wanted = {"service": "prepis", "starts_at": coming_slots()[0].isoformat()}
    held = client.post(
        "/api/v1/offices/lhota/holds",
        wanted,
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid4())},
    ).json()
    with monkeypatch.context() as patch:
        patch.setattr(DjangoConnector, "execute_query_all", lost_by_library)
        answer = ask(client, held["token"])
    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert Booking.objects.get().state == BookingState.HELD, "nothing was changed"
    assert ask(client, held["token"]).status_code == 202


def ask(client: Client, token: str) -> Any:
    contact = {"name": "Jana", "email": "jana@example.cz"}
    return client.post(f"/api/v1/holds/{token}/contact", contact, content_type="application/json")


def test_a_database_lost_while_the_session_is_kept(
    office: OfficeSnapshot, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the view, where its refusals are no longer caught."""
    from tests import town  # noqa: PLC0415

    town.clerk(office)
    client.raise_request_exception = False
    monkeypatch.setattr(SessionStore, "save", lost)
    answer = client.post("/ucet/login/", {"login": "novakova", "password": "heslo heslo heslo"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert CZECH in answer.content.decode().replace("\u00a0", " ")
