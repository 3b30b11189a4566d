"""Clients who have proved again that it is them, as somebody who has just entered the password."""

from __future__ import annotations

from allauth.account.internal.flows import login
from django.contrib.auth import SESSION_KEY
from django.test import Client

from prepazka.web.confirmation import FACTOR, PASSWORD
from tests.clock import machine_time


def prove(client: Client, *proofs: str, ago: float = 0) -> Client:
    """The client whose session says that the proofs were given; `ago` in seconds."""
    session = client.session
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = session[SESSION_KEY]
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": proof, "at": machine_time() - ago, "reauthenticated": True}
        for proof in proofs or (PASSWORD, FACTOR)
    ]
    session.save()
    return client
