"""Secrets of second factors at rest: sealed, read with earlier keys, in clear while delayed."""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.test import Client, override_settings

from prepazka.accounts import sealing
from prepazka.accounts.models import SealingDelay, User
from prepazka.booking import external_calendars
from prepazka.core import text_encryption
from prepazka.jobs import periodic_steps
from prepazka.journal.models import Event, StepRun
from tests import town
from tests.surfaces.test_login import code_for, log_in

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
OLD, NEW, OTHER = ("k" * 40, "n" * 40, "o" * 40)


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    return town.clerk(town.office())


def protect(user: User) -> tuple[str, str]:
    """The TOTP secret and the seed of the recovery codes."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user)
    return secret, sealing.open_secret(codes.instance.data["seed"])


def dump() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator ORDER BY id")
        return "\n".join(row[0] for row in cursor.fetchall())


def recovery_codes(user: User) -> list[str]:
    row = Authenticator.objects.get(user=user, type="recovery_codes")
    return list(row.wrap().get_unused_codes())


def code_opens(code: str) -> bool:
    client = Client()
    log_in(client)
    client.post("/ucet/2fa/authenticate/", {"code": code})
    return client.get("/pult/lhota/").status_code == 200


def test_a_dump_holds_no_secret_in_clear(user: User) -> None:
    secret, seed = protect(user)
    held = dump()
    assert held.count(text_encryption.MARK) == 2
    assert secret not in held
    assert seed not in held
    for code in recovery_codes(user):
        assert code not in held


def test_a_recovery_code_works_once_whatever_is_sealed_anew_meanwhile(user: User) -> None:
    protect(user)
    code, other = recovery_codes(user)[:2]
    assert code_opens(code)
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[sealing._keys()[0]]):
        assert sealing.seal_all_secrets() == 2
        assert not code_opens(code)
        assert code_opens(other)


def test_the_key_changes_with_the_earlier_one_as_a_fallback(user: User) -> None:
    with override_settings(SECRET_KEY=OLD):
        secret, _ = protect(user)
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OTHER, OLD]):
        assert code_opens(code_for(secret))
        assert sealing.seal_all_secrets() == 2
        assert sealing.seal_all_secrets() == 0, "nothing is written again"
    with override_settings(SECRET_KEY=NEW):
        cache.clear()
        assert code_opens(code_for(secret)), "the earlier key is needed no more"


def test_passwords_of_calendars_follow_the_key_too() -> None:
    with override_settings(SECRET_KEY=OLD):
        sealed = external_calendars.encrypt_secret("heslo")
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        assert external_calendars.decrypt_secret(sealed) == "heslo"


def test_a_wrong_key_is_a_polite_error_that_is_noted(
    user: User, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(SECRET_KEY=OLD):
        secret, _ = protect(user)
    with override_settings(SECRET_KEY=OTHER):
        client = Client()
        log_in(client)
        for _ in range(7):
            page = client.post("/ucet/2fa/authenticate/", {"code": code_for(secret)})
            assert page.status_code == 200
            assert "Váš druhý faktor nejde přečíst" in page.content.decode()
        assert any("PREPAZKA_SECRET_KEY_FALLBACKS" in line.message for line in caplog.records)
        assert not Event.objects.filter(kind="LogInFailed").exists(), "nobody guessed"
        client.force_login(user)
        for page in (client.get("/ucet/2fa/"), client.get("/ucet/2fa/recovery-codes/")):
            assert page.status_code < 500
        caplog.set_level(logging.CRITICAL)
        assert (
            periodic_steps.run_if_due(
                periodic_steps.STEPS["seal_secrets"], now=town.at("4:00"), even_if_done=True
            )
            == 1
        )
        assert StepRun.objects.get(step="seal_secrets").failures == 1
        healthy = town.clerk(town.office("jinde"), "zdrava")
        TOTP.activate(healthy, generate_totp_secret())
        Authenticator.objects.filter(user=healthy).update(data={"secret": "ABCDEFGH"})
        with pytest.raises(sealing.SecretsUnreadable, match="PREPAZKA_SECRET_KEY"):
            sealing.seal_all_secrets()
        assert "ABCDEFGH" not in dump(), "one account's trouble stays in it"


def test_what_was_in_clear_before_is_read_and_sealed_at_night(user: User) -> None:
    secret = generate_totp_secret()
    Authenticator.objects.create(user=user, type="totp", data={"secret": secret})
    Authenticator.objects.create(
        user=user, type="recovery_codes", data={"migrated_codes": ["11112222"]}
    )
    assert code_opens(code_for(secret))
    assert (
        periodic_steps.run_if_due(
            periodic_steps.STEPS["seal_secrets"], now=town.at("4:00"), even_if_done=True
        )
        == 0
    )
    assert secret not in dump()
    assert "11112222" not in dump()
    cache.clear()
    assert code_opens(code_for(secret))
    assert code_opens("11112222")
    assert not code_opens("11112222")


def test_the_release_before_reads_all_while_sealing_is_delayed(user: User) -> None:
    migration = import_module("prepazka.accounts.migrations.0007_sealing_delay")
    migration.delay_sealing(apps, None)
    secret, seed = protect(user)
    assert sealing.seal_all_secrets() == 0
    assert secret in dump()
    assert seed in dump()
    assert code_opens(code_for(secret))
    SealingDelay.objects.update(until=Now() - timedelta(seconds=1))
    assert sealing.seal_all_secrets() == 2
    assert secret not in dump()


def test_an_operator_ends_the_delay_at_once(user: User) -> None:
    SealingDelay.objects.create(until=Now() + timedelta(days=7))
    secret, _ = protect(user)
    assert sealing.end_sealing_delay() == 2
    assert secret not in dump()


def test_a_new_installation_seals_from_the_start() -> None:
    migration = import_module("prepazka.accounts.migrations.0007_sealing_delay")
    migration.delay_sealing(apps, None)
    assert not sealing.is_sealing_delayed()
