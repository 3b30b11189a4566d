"""Notices to browsers: sealed for one browser, signed by us, and never sent where they must not be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from prepazka.gateways import push
from prepazka.messaging.message_types import Push, PushGone, Undeliverable
from prepazka.messaging.models import PushKey
from tests.clock import machine_time
from tests.gateways import push_peer
from tests.gateways.push_peer import Browser, opened, plain

pytestmark = pytest.mark.django_db
CONTENT = {"title": "Blíží se řada na Vás", "body": "Číslo V17", "url": "https://x.example/t/A/"}


@pytest.fixture
def browser(settings: Any) -> Iterator[Browser]:
    settings.PUSH_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.DEFAULT_FROM_EMAIL = "urad@lhota.example"
    with push_peer.running() as found:
        yield found


def notice(browser: Browser, **more: Any) -> Push:
    return replace(Push(**browser.subscription, content=CONTENT, lasts=600), **more)


def test_the_browser_reads_what_was_sent_and_nobody_else_does(browser: Browser) -> None:
    push.send_notice(notice(browser))
    assert browser.read() == CONTENT
    headers, body = browser.came[0]
    assert headers["content-encoding"] == "aes128gcm"
    assert headers["ttl"] == "600"
    assert headers["urgency"] == "high"
    assert b"V17" not in body
    with pytest.raises(InvalidTag):
        opened(body, ec.generate_private_key(ec.SECP256R1()), browser.secret)


def test_the_tests_browser_reads_the_example_of_the_rfc() -> None:
    """RFC 8291, appendix A: so what it reads above was sealed as browsers expect."""
    private = int.from_bytes(plain("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAm"
        "S6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Q"
        "ulcy4a-fN"
    )
    key = ec.derive_private_key(private, ec.SECP256R1())
    said = opened(plain(body), key, plain("BTBZMqHH6r4Tts7J_aSIgg"))
    assert said == b"When I grow up, I want to be a watermelon"


def test_the_push_service_can_tell_that_it_is_us(browser: Browser) -> None:
    push.send_notice(notice(browser))
    claims = browser.claims(push.push_public_key())
    assert claims["aud"] == "http://127.0.0.1"
    assert claims["sub"] == "mailto:urad@lhota.example"
    assert machine_time() < claims["exp"] <= machine_time() + 24 * 3600
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    header = browser.came[0][0]["authorization"]
    other = push_peer.written(stranger.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    with pytest.raises(InvalidSignature):
        push_peer.claims_of(header.split("k=")[0] + f"k={other}", plain(other))


def test_the_keys_are_made_once() -> None:
    first = push.push_public_key()
    assert len(plain(first)) == 65
    assert push.push_public_key() == first
    assert PushKey.objects.count() == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_wants_no_more(browser: Browser, status: int) -> None:
    browser.status = status
    with pytest.raises(PushGone):
        push.send_notice(notice(browser))


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (403, True), (413, True), (429, False), (503, False)]
)
def test_what_is_tried_again(browser: Browser, status: int, permanent: bool) -> None:  # noqa: FBT001
    browser.status = status
    with pytest.raises(Undeliverable) as found:
        push.send_notice(notice(browser))
    assert found.value.permanent is permanent
    assert not isinstance(found.value, PushGone)


def test_it_follows_no_redirect(browser: Browser) -> None:
    browser.status, browser.location = 307, browser.endpoint
    with pytest.raises(Undeliverable):
        push.send_notice(notice(browser))
    assert len(browser.came) == 1


@pytest.mark.parametrize(
    "endpoint", ["https://127.0.0.1:9/x", "https://localhost/x", "https://[::ffff:10.0.0.1]/x"]
)
def test_nobody_sends_us_into_our_own_network(
    browser: Browser, settings: Any, endpoint: str
) -> None:
    settings.PUSH_NETWORKS = []
    with pytest.raises(Undeliverable, match="forbidden") as found:
        push.send_notice(notice(browser, endpoint=endpoint))
    assert found.value.permanent


def test_what_is_no_subscription(browser: Browser, settings: Any) -> None:
    good = browser.subscription
    assert push.is_valid_subscription(**good)
    assert push.is_valid_subscription(**good | {"endpoint": "https://push.example/a?b=c"})
    for wrong in (
        {"endpoint": "http://push.example/a"},
        {"endpoint": "https://"},
        {"endpoint": "https://a:b@push.example/"},
        {"endpoint": "file:///etc/passwd"},
        {"endpoint": "https://push.example/" + "a" * 1000},
        {"auth": ""},
        {"auth": "žžž"},
        {"p256dh": good["auth"]},
        {"p256dh": "A" * 87},
    ):
        assert not push.is_valid_subscription(**good | wrong), wrong
    settings.PUSH_NETWORKS = []
    assert not push.is_valid_subscription(**good), "http only into a network that was named"
