"""Typed readers of environment variables; errors say in one sentence what to set."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})


class SettingError(Exception):
    """An environment variable is missing or cannot be understood."""


def env_str(name: str, default: str | None = None) -> str:
    """Return the variable's text. Raise SettingError when it is unset or empty and has no default."""
    text = os.environ.get(name, "").strip()
    if text:
        return text
    if default is None:
        msg = f"Set the environment variable {name}; it is required and has no default."
        raise SettingError(msg)
    return default


def env_bool(name: str, *, default: bool | None = None) -> bool:
    """Return yes or no. Raise SettingError for anything but 1/true/yes/on and 0/false/no/off."""
    text = env_str(name, None if default is None else str(default)).lower()
    if text in YES:
        return True
    if text in NO:
        return False
    msg = f"Set {name} to one of true, yes, on, 1, false, no, off, 0; {text!r} is none of them."
    raise SettingError(msg)


def env_choice(name: str, *choices: str, default: str | None = None) -> str:
    """Return one of the choices, in lower case. Raise SettingError for any other word."""
    text = env_str(name, default).lower()
    if text not in choices:
        msg = f"Set {name} to one of {', '.join(choices)}; {text!r} is none of them."
        raise SettingError(msg)
    return text


def env_int(
    name: str,
    default: int | None = None,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
) -> int:
    """Return a whole number within the bounds. Raise SettingError otherwise."""
    text = env_str(name, None if default is None else str(default))
    try:
        number = int(text)
    except ValueError:
        msg = f"Set {name} to a whole number; {text!r} is not one."
        raise SettingError(msg) from None
    if at_least is not None and number < at_least:
        msg = f"Set {name} to {at_least} or more; it is {number}."
        raise SettingError(msg)
    if at_most is not None and number > at_most:
        msg = f"Set {name} to {at_most} or less; it is {number}."
        raise SettingError(msg)
    return number


def env_address(name: str, default: str) -> str:
    """Return an address on the web without a last slash. Raise SettingError for anything else."""
    text = env_str(name, default).rstrip("/")
    address = urlsplit(text)
    if address.scheme not in {"http", "https"} or not address.hostname:
        msg = f"Set {name} to an address such as https://objednavky.urad.cz; {text!r} is not one."
        raise SettingError(msg)
    return text


def env_database(name: str) -> dict[str, str]:
    """Return the connection parameters of a PostgreSQL address; none when it is unset.

    Raise SettingError for what is no address, without repeating it: it may hold a password.
    """
    try:
        parameters = conninfo_to_dict(env_str(name, ""))
    except ProgrammingError:
        msg = (
            f"Set {name} to an address such as postgresql://user:password@host:5432/name; its "
            "value cannot be read as one. In a password, write signs such as @ : / % # as %40 and so on."
        )
        raise SettingError(msg) from None
    return {keyword: str(value) for keyword, value in parameters.items() if value is not None}


def env_list(name: str) -> list[str]:
    """Return the texts between commas; none when it is unset."""
    return [text.strip() for text in env_str(name, "").split(",") if text.strip()]


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return networks separated by commas; none when unset. Raise SettingError if one is wrong."""
    networks = []
    for text in env_str(name, "").split(","):
        try:
            networks += [ip_network(text.strip(), strict=False)] if text.strip() else []
        except ValueError:
            msg = f"Set {name} to networks such as 10.0.0.0/8, separated by commas; {text!r} is not one."
            raise SettingError(msg) from None
    return networks


def env_secret(name: str, default: str | None = None) -> str:
    """Return the secret in NAME or in the file that NAME_FILE names; never repeat it in an error."""
    file_name = os.environ.get(f"{name}_FILE", "").strip()
    if not file_name:
        if default is None and not os.environ.get(name, "").strip():
            msg = (
                f"Set the secret {name}, or set {name}_FILE to the path of a file that contains it."
            )
            raise SettingError(msg)
        return env_str(name, default)
    if os.environ.get(name, "").strip():
        msg = f"Set either {name} or {name}_FILE; both are set, and they may differ."
        raise SettingError(msg)
    try:
        secret = Path(file_name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        msg = f"Set {name}_FILE to a readable file; {file_name} cannot be read: {reason}."
        raise SettingError(msg) from None
    if not secret:
        msg = f"Write the secret into {file_name}, which {name}_FILE names; the file is empty."
        raise SettingError(msg)
    return secret
