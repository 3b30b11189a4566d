"""Schemathesis over the API by its own description: documented answers or problems, never a 5xx.

`PREPAZKA_FUZZ=1` tries more examples of each operation than the ordinary run.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from prepazka.booking import booking_links
from prepazka.offices import clock, office_snapshot
from prepazka.surfaces.api.api import api
from tests import halls, town
from tests.raw_requests import JSON, Program

pytestmark = pytest.mark.django_db
EXAMPLES = 300 if os.environ.get("PREPAZKA_FUZZ") else 6
HEALTH = "GET /api/v1/health"
NOW = town.at("9:40")
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/api/v1/"))
EVERY: Any = list(SCHEMA.get_all_operations())
OPERATIONS = [made.ok() for made in EVERY]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Values that lead somewhere, by the name of the parameter; and tokens that open the rest."""
    monkeypatch.setattr(clock, "real_now", lambda: NOW)
    office = town.office()
    held, booked = town.hold(office, "11:00", NOW), town.confirmed(office, "15:00", NOW)
    kiosk = halls.paired(office, "kiosk", NOW)
    return {
        "slug": ["lhota"],
        "code": ["prepis", "p1"],
        "service": ["prepis"],
        "token": [
            booking_links.sign_token(held.pk, "hold"),
            booking_links.sign_token(booked.pk, "personal"),
        ],
        "action": ["next", "park"],
        "bearer": [next(iter(kiosk.cookies.values())).value],
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.label for one in OPERATIONS])
def test_no_operation_breaks(operation: Any, known: dict[str, list[str]]) -> None:
    program, declared = Program(), set(operation.responses.status_codes)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def attempt(case: Any, data: st.DataObject) -> None:
        path = {
            name: data.draw(st.sampled_from([*known.get(name, []), str(value)]))
            for name, value in case.path_parameters.items()
        }
        target = operation.path
        for name, value in path.items():
            target = target.replace(f"{{{name}}}", quote(str(value), safe=""))
        query = "&".join(f"{quote(str(k))}={quote(str(v))}" for k, v in (case.query or {}).items())
        headers = {"authorization": f"Bearer {known['bearer'][0]}"}
        key = (case.headers or {}).get("Idempotency-Key")
        if key is not None:
            headers["idempotency-key"] = str(key).encode("utf-8", "replace").decode("latin1")
        body = case.body if case.body is not None else ""
        sent = _encoded(body) if isinstance(body, (dict, list)) else b""
        with transaction.atomic():
            reply = program.ask(
                operation.method.upper(), f"{target}?{query}", sent, JSON, dict(headers)
            )
            transaction.set_rollback(True)
        office_snapshot._cached_by_id.clear()
        if operation.label == HEALTH and reply.status == 503:
            assert "failing_steps" in reply.json(), "the documented state, no problem"
            return
        assert reply.status < 500, (target, query, sent, reply.text[:300])
        if reply.status >= 400:
            assert reply.is_problem, (target, reply.text[:300])
            assert str(reply.status) in declared | {"400", "405", "413", "415", "422"}
        else:
            assert str(reply.status) in declared

    attempt()


def _encoded(body: Any) -> bytes:

    return json.dumps(body).encode()


def test_every_operation_is_tried() -> None:
    described = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    assert len(OPERATIONS) == sum(len(one) for one in described.values()) > 25
