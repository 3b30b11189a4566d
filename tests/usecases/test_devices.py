import hashlib
from datetime import timedelta

import pytest

from prepazka.journal.models import Event
from prepazka.offices import devices
from prepazka.offices.models import Device
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.at("7:30")


@pytest.fixture
def kiosk() -> Device:
    return town.kiosk(town.office())


def kinds() -> list[str]:
    found = Event.objects.filter(kind__startswith="Device").order_by("pk")
    return list(found.values_list("kind", flat=True))


def test_a_code_pairs_one_browser_once(kiosk: Device) -> None:
    code = devices.make_pairing_code(device=kiosk, now=NOW)
    device, token = devices.pair_device(code=code, now=NOW)
    assert device == kiosk
    assert devices.device_by_token(token, now=NOW) == kiosk
    assert kinds() == ["DevicePaired"]
    with pytest.raises(devices.PairingCodeWrong):
        devices.pair_device(code=code, now=NOW)


def test_codes_are_readable_and_typed_as_people_type(kiosk: Device) -> None:
    codes = {devices.make_pairing_code(device=kiosk, now=NOW) for _ in range(50)}
    assert len(codes) == 50
    assert not set("".join(codes)) & set("01O2ZIL5S8BUV")
    assert {len(code) for code in codes} == {8}
    last = devices.make_pairing_code(device=kiosk, now=NOW).lower()
    assert devices.pair_device(code=f" {last[:4]}-{last[4:]} ", now=NOW)[0] == kiosk


def test_a_code_holds_fifteen_minutes(kiosk: Device) -> None:
    code = devices.make_pairing_code(device=kiosk, now=NOW)
    with pytest.raises(devices.PairingCodeWrong):
        devices.pair_device(code=code, now=NOW + timedelta(minutes=15))
    assert devices.pair_device(code=code, now=NOW + timedelta(minutes=14, seconds=59))


def test_a_new_code_replaces_the_old_one(kiosk: Device) -> None:
    old = devices.make_pairing_code(device=kiosk, now=NOW)
    devices.make_pairing_code(device=kiosk, now=NOW)
    with pytest.raises(devices.PairingCodeWrong):
        devices.pair_device(code=old, now=NOW)


def test_an_empty_code_pairs_nothing(kiosk: Device) -> None:
    with pytest.raises(devices.PairingCodeWrong):
        devices.pair_device(code="", now=NOW)


def test_a_display_is_not_paired_as_a_kiosk(kiosk: Device) -> None:
    code = devices.make_pairing_code(device=kiosk, now=NOW)
    with pytest.raises(devices.PairingCodeWrong):
        devices.pair_device(code=code, now=NOW, kind=Device.Kind.DISPLAY)


def test_pairing_anew_takes_the_device_from_the_old_browser(kiosk: Device) -> None:
    _, old = devices.pair_device(code=devices.make_pairing_code(device=kiosk, now=NOW), now=NOW)
    _, new = devices.pair_device(code=devices.make_pairing_code(device=kiosk, now=NOW), now=NOW)
    assert devices.device_by_token(old, now=NOW) is None
    assert devices.device_by_token(new, now=NOW) == kiosk


def test_secrets_are_kept_as_hashes_only(kiosk: Device) -> None:
    code = devices.make_pairing_code(device=kiosk, now=NOW)
    kiosk.refresh_from_db()
    assert kiosk.pairing_hash == hashlib.sha256(code.encode()).hexdigest()
    _, token = devices.pair_device(code=code, now=NOW)
    kiosk.refresh_from_db()
    assert token not in {kiosk.token_hash, kiosk.pairing_hash}
    assert kiosk.pairing_hash == ""


def test_revoking_ends_it_at_once_and_once(kiosk: Device) -> None:
    _, token = devices.pair_device(code=devices.make_pairing_code(device=kiosk, now=NOW), now=NOW)
    unused = devices.make_pairing_code(device=kiosk, now=NOW)
    devices.revoke_pairing(device=kiosk.pk, now=NOW)
    devices.revoke_pairing(device=kiosk.pk, now=NOW)
    assert devices.device_by_token(token, now=NOW) is None
    assert kinds() == ["DevicePaired", "DeviceRevoked"]
    with pytest.raises(devices.PairingCodeWrong):
        devices.pair_device(code=unused, now=NOW)


def test_a_retired_device_is_nobody(kiosk: Device) -> None:
    _, token = devices.pair_device(code=devices.make_pairing_code(device=kiosk, now=NOW), now=NOW)
    Device.objects.filter(pk=kiosk.pk).update(retired=True)
    assert devices.device_by_token(token, now=NOW) is None
    assert devices.device_by_token("", now=NOW) is None


def test_it_is_noted_as_seen_at_most_once_a_minute(kiosk: Device) -> None:
    _, token = devices.pair_device(code=devices.make_pairing_code(device=kiosk, now=NOW), now=NOW)
    for seconds, seen in ((59, 0), (60, 60), (100, 60), (120, 120)):
        devices.device_by_token(token, now=NOW + timedelta(seconds=seconds))
        kiosk.refresh_from_db()
        assert kiosk.seen_at == NOW + timedelta(seconds=seen)


def test_a_fault_is_reported_once_until_it_is_over(kiosk: Device) -> None:
    for _ in range(3):
        devices.report_fault(device=kiosk.pk, fault="printer_no_paper", now=NOW)
    kiosk.refresh_from_db()
    assert (kiosk.fault, kiosk.fault_at) == ("printer_no_paper", NOW)
    for _ in range(2):
        devices.clear_fault(device=kiosk.pk, now=NOW)
    devices.report_fault(device=kiosk.pk, fault="printer_no_paper", now=NOW)
    assert kinds() == ["DeviceFault", "DeviceMended", "DeviceFault"]
    assert (
        Event.objects.filter(kind="DeviceFault").earliest("pk").data["fault"] == "printer_no_paper"
    )
