"""Settings of the installation; what belongs to an office is in its file, not here."""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from prepazka.accounts.stolen_passwords import NotAHashList, check_hash_list
from prepazka.config.env import (
    SettingError,
    env_address,
    env_bool,
    env_choice,
    env_database,
    env_int,
    env_list,
    env_networks,
    env_secret,
    env_str,
)
from prepazka.core.browser_rules import HOST_PREFIX, REFERRER

PACKAGE = Path(__file__).resolve().parent.parent

DEBUG = False
# A demo for the public is an installation like any other, with the demo's offices and nothing sent:
# no log-in that everybody knows, no clock to move, and of the mailbox each visitor's own part.
DEMO_PUBLIC = env_str("PREPAZKA_DEMO", default="").lower() == "public"
DEMO = not DEMO_PUBLIC and env_bool("PREPAZKA_DEMO", default=False)
# Set by `prepazka run`, whose supervisor plays days when the demo's start page asks for them.
DEMO_PLAYER = DEMO and env_bool("PREPAZKA_PLAYER", default=False)
SHORTEST_KEY = 32  # characters; a random one of them has at least 128 bits
PUBLIC_KEY = "only for the demo town and the tests; " * 2 + "never secret"  # never in production
SECRET_KEY = env_secret("PREPAZKA_SECRET_KEY", default="")
if not SECRET_KEY and (DEMO or "PYTEST_VERSION" in os.environ):
    SECRET_KEY = PUBLIC_KEY
if 0 < len(SECRET_KEY) < SHORTEST_KEY:
    msg = (
        f"Set PREPAZKA_SECRET_KEY to {SHORTEST_KEY} or more random characters; it has"
        f" {len(SECRET_KEY)}. One is made by: python3 -c 'import secrets;"
        " print(secrets.token_urlsafe(48))'"
    )
    raise SettingError(msg)
# Earlier keys, separated by spaces, by which older signatures and sealed secrets are still read.
SECRET_KEY_FALLBACKS = env_secret("PREPAZKA_SECRET_KEY_FALLBACKS", default="").split()
# Seconds by which `make test-days` moves the program's clock. An office's installation has a
# secret of its own, so that it cannot run on another day by mistake.
TEST_CLOCK_OFFSET = env_int("PREPAZKA_TEST_CLOCK_OFFSET", default=0)
if TEST_CLOCK_OFFSET and SECRET_KEY != PUBLIC_KEY:
    msg = (
        "Unset PREPAZKA_TEST_CLOCK_OFFSET: it moves the clock of the project's own tests,"
        " and this installation has a secret key of its own."
    )
    raise SettingError(msg)
BASE_URL = env_address("PREPAZKA_URL", default="http://localhost:8000")
ALLOWED_HOSTS = env_str(
    "PREPAZKA_HOSTS", default="*" if DEMO else "localhost,127.0.0.1,testserver"
).split(",")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    # Before allauth, whose pages it replaces by templates and words of its own.
    "prepazka.surfaces.console",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "prepazka.looks",
    "prepazka.accounts",
    "prepazka.journal",
    "prepazka.offices",
    "prepazka.booking",
    "prepazka.queueing",
    "prepazka.meetings",
    "prepazka.messaging",
    "prepazka.privacy",
    "prepazka.officefile",
    "prepazka.jobs",
    "prepazka.web",
    "prepazka.surfaces.api",
    "prepazka.surfaces.citizen",
    "prepazka.surfaces.embed",
    "prepazka.surfaces.kiosk",
    "prepazka.surfaces.offline",
    "prepazka.surfaces.display",
    "prepazka.surfaces.ticket",
    "prepazka.surfaces.room",
    "prepazka.surfaces.monitor",
    "prepazka.surfaces.manager",
    "prepazka.surfaces.mailbox",
    "prepazka.surfaces.tour",
]

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "prepazka.web.middleware.SecurityHeaders",
    "prepazka.web.request_checks.RequestChecks",
    "prepazka.web.middleware.Shortcut",
    "django.middleware.security.SecurityMiddleware",
    "prepazka.looks.static_versions.static_files",
    "prepazka.web.cookies.CarriedCookies",
    "prepazka.web.middleware.Sessions",
    "prepazka.web.middleware.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "prepazka.web.screen_lock.ScreenLock",
    "prepazka.web.middleware.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "prepazka.web.middleware.PoliteErrors",
]

ROOT_URLCONF = "prepazka.config.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- database -------------------------------------------------------------------------------


NAMED = ("dbname", "user", "password", "host", "port")


def _database(parameters: dict[str, str]) -> dict[str, object]:
    # Other parameters of the address, such as sslmode, are passed to libpq.
    options = {name: value for name, value in parameters.items() if name not in NAMED}
    return {
        "ENGINE": "prepazka.config.postgresql",
        "NAME": parameters.get("dbname", "prepazka"),
        "USER": parameters.get("user", ""),
        "PASSWORD": parameters.get("password", ""),
        "HOST": parameters.get("host", ""),
        "PORT": parameters.get("port", ""),
        # One connection per thread of the web's fixed pool, kept; a health check before the
        # first query of a request makes a database restart cost one polite error at most.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            # Statements are planned once per connection; planning was a third of a booking's cost.
            "server_side_binding": True,
            "prepare_threshold": 3,
            "options": "-c lock_timeout=4000 -c statement_timeout=15000"
            " -c idle_in_transaction_session_timeout=30000",
            **options,
        },
    }


DATABASES = {"default": _database(env_database("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
WEB_THREADS = env_int("PREPAZKA_WEB_THREADS", default=8)

# Counts of allauth, which all web processes must share.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
    }
}

# --- people ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "prepazka.accounts.password_validators.CommonPassword"},
    {"NAME": "prepazka.offices.guessable_passwords.EasilyGuessed"},
]
# A file of hashes of stolen passwords on this machine; without it none is looked up.
if STOLEN_PASSWORDS := env_str("PREPAZKA_STOLEN_PASSWORDS", default=""):
    try:
        check_hash_list(Path(STOLEN_PASSWORDS))
    except (OSError, NotAHashList) as unusable:
        msg = (
            f"PREPAZKA_STOLEN_PASSWORDS is {STOLEN_PASSWORDS}, which cannot be searched: {unusable}."
            " Give the list of SHA-1 hashes ordered by hash, or unset it."
        )
        raise SettingError(msg) from None
    AUTH_PASSWORD_VALIDATORS.append(
        {
            "NAME": "prepazka.accounts.password_validators.StolenPassword",
            "OPTIONS": {"path": STOLEN_PASSWORDS},
        }
    )
ACCOUNT_ADAPTER = "prepazka.surfaces.console.accounts.StaffOnly"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
# Log-ins are counted by accounts.attempts, in a table that other traffic cannot push out.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
MFA_ADAPTER = "prepazka.surfaces.console.second_factor_adapter.SecondFactor"
MFA_FORMS = {
    "authenticate": "prepazka.surfaces.console.accounts.CodeForm",
    "reauthenticate": "prepazka.surfaces.console.accounts.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Přepážka"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "console:home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# --- language and time ----------------------------------------------------------------------

LANGUAGE_CODE = "cs"
# The languages of what citizens meet; an office chooses among them in its file.
LANGUAGES = [
    ("cs", "Čeština"),
    ("en", "English"),
    ("sk", "Slovenčina"),
    ("uk", "Українська"),
    ("de", "Deutsch"),
]
# Those in which no text is missing, staff's screens included: every office offers them.
COMPLETE_LANGUAGES = ("cs", "en")
# Where staff's screens are; in other languages they redirect to English.
STAFF_PATHS = ("/pult/", "/sprava/", "/ucet/")
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_ZONE = ZoneInfo("Europe/Prague")

# --- static files ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env_str("PREPAZKA_STATIC", default="") or None
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "prepazka.looks.static_versions.VersionedStorage"},
}

# --- security -------------------------------------------------------------------------------

HTTPS = BASE_URL.startswith("https://")
if HTTPS and DEMO:
    msg = (
        "Unset PREPAZKA_DEMO: in the demo anybody logs in as anybody and reads every message, and"
        f" {BASE_URL} is an address for the public. With prepazka run, add --no-demo. For a demo in"
        " public, where nothing is sent and nobody gets a known password, set PREPAZKA_DEMO=public."
    )
    raise SettingError(msg)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
TRUSTED_PROXIES = env_int("PREPAZKA_TRUSTED_PROXIES", default=1 if HTTPS else 0)
if HTTPS and not TRUSTED_PROXIES:
    print(  # the log is not there yet, and an update must not keep an office closed
        "PREPAZKA_TRUSTED_PROXIES is 0, but an https address has a proxy in front: all visitors"
        " look like one, and there are no limits by network. Set it to the number of your proxies.",
        file=sys.stderr,
    )
_PREFIX = HOST_PREFIX if HTTPS else ""  # as in web.cookies.name_of
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_PREFIX}sessionid", f"{_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{_PREFIX}django_language"  # read by Django; nobody sets it
MESSAGE_STORAGE = "prepazka.web.cookies.Messages"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Of objednavky.urad.cz all below it, too. At urad.cz itself that would close other services of the
# town that still speak plain http.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and (urlsplit(BASE_URL).hostname or "").count(".") > 1
SECURE_REFERRER_POLICY = REFERRER
CSRF_FAILURE_VIEW = "prepazka.web.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# The limits on public posts; the load driver of the demo comes from one address.
RATE_LIMITS = env_bool("PREPAZKA_RATE_LIMITS", default=not DEMO)

# --- mail -----------------------------------------------------------------------------------

EMAIL_HOST = env_str("SMTP_HOST", default="localhost")
EMAIL_PORT = env_int("SMTP_PORT", default=25)
EMAIL_HOST_USER = env_str("SMTP_USER", default="")
EMAIL_HOST_PASSWORD = env_secret("SMTP_PASSWORD", default="")
EMAIL_USE_TLS = env_bool("SMTP_STARTTLS", default=False)
EMAIL_USE_SSL = env_bool("SMTP_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env_str("PREPAZKA_MAIL_FROM", default="prepazka@localhost")
# Whom a mail that cannot be delivered goes back to; "none" is the empty return path.
MAIL_RETURN_PATH = env_str("PREPAZKA_MAIL_RETURN_PATH", default="")

# --- speech ---------------------------------------------------------------------------------

# Clips of speech for displays; `prepazka voice render` fills it. Without it displays only chime.
VOICE_FOLDER = env_str("PREPAZKA_VOICE", default="")

# --- short messages -------------------------------------------------------------------------

# The demo's mailbox takes them too, unless a gateway is set.
SMS_FOLDER = env_str("PREPAZKA_MAILBOX", default="")
SMS_GATEWAY = env_choice(
    "SMS_GATEWAY",
    "none",
    "file",
    "console",
    "gosms",
    "smsbrana",
    "smsmanager",
    "bulkgate",
    "smpp",
    default="file" if SMS_FOLDER else "none",
).replace("none", "")
SMS_URL = env_str("SMS_URL", default="")
SMS_USER = env_str("SMS_USER", default="")
SMS_PASSWORD = env_secret("SMS_PASSWORD", default="")
SMS_CHANNEL = env_str("SMS_CHANNEL", default="")
# Numbers of other countries are expensive, and somebody else may earn by them.
SMS_COUNTRIES = env_list("PREPAZKA_SMS_COUNTRIES") or ["CZ", "SK"]
# Parts of messages that an office may send within an hour; further ones wait.
SMS_PER_HOUR = env_int("PREPAZKA_SMS_PER_HOUR", default=500)

# --- retention ------------------------------------------------------------------------------

# Days that log-ins of the staff and their viewing of people's records stay in the journal.
AUDIT_DAYS = env_int("PREPAZKA_AUDIT_DAYS", default=550)
FEWEST_AUDIT_DAYS = 30
if AUDIT_DAYS < FEWEST_AUDIT_DAYS:
    msg = (
        f"PREPAZKA_AUDIT_DAYS is {AUDIT_DAYS}; the fewest are {FEWEST_AUDIT_DAYS}, or nobody could"
        " look into what happened."
    )
    raise SettingError(msg)

# --- outside calendars ----------------------------------------------------------------------

# Networks of the office's own in which its calendars may lie; all others must be public.
CALENDAR_NETWORKS = env_networks("PREPAZKA_CALENDAR_NETWORKS")

# --- notices in browsers --------------------------------------------------------------------

# Networks of the office's own in which push services may lie, by http too; all others are public.
PUSH_NETWORKS = env_networks("PREPAZKA_PUSH_NETWORKS")
# --- meetings by telephone and by video ------------------------------------------------------

# Off: people meet in person only; no room, no worker's jobs for papers, nothing of it is loaded.
MEETINGS = env_bool("PREPAZKA_MEETINGS", default=True)

# --- rooms of meetings ----------------------------------------------------------------------

# How browsers find each other when they are not on one network; addresses by commas.
STUN_URLS = env_list("PREPAZKA_STUN")
TURN_URLS = env_list("PREPAZKA_TURN")
TURN_SECRET = env_secret("PREPAZKA_TURN_SECRET", default="")  # coturn's static-auth-secret
# "relay" leads every picture through the relay, to try it or to hide addresses from each other.
ICE_POLICY = env_choice("PREPAZKA_ICE_POLICY", "all", "relay", default="all")

# Conferencing servers that offices may choose in their files; the secrets are only here.
JITSI_URL = env_str("PREPAZKA_JITSI_URL", default="").rstrip("/")
JITSI_APP_ID = env_str("PREPAZKA_JITSI_APP_ID", default="")
JITSI_SECRET = env_secret("PREPAZKA_JITSI_SECRET", default="")
JITSI_AUDIENCE = env_str("PREPAZKA_JITSI_AUDIENCE", default="jitsi")
JITSI_SUBJECT = env_str("PREPAZKA_JITSI_SUBJECT", default="").lower()  # usually the host
BBB_URL = env_str("PREPAZKA_BBB_URL", default="").rstrip("/")  # up to /bigbluebutton
BBB_SECRET = env_secret("PREPAZKA_BBB_SECRET", default="")

# --- files of meetings ----------------------------------------------------------------------

# Outside everything that is served; where several nodes run, a folder that all of them share.
FILES = env_str("PREPAZKA_FILES", default="") or str(Path(".data/files").absolute())
FILE_LARGEST = env_int("PREPAZKA_FILE_MB", default=20) * 1024 * 1024
FILES_OF_OFFICE = env_int("PREPAZKA_FILES_MB", default=5000) * 1024 * 1024
S3_BUCKET = env_str("PREPAZKA_S3_BUCKET", default="")
STORAGES["papers"] = (
    {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env_str("PREPAZKA_S3_URL", default="") or None,
            "region_name": env_str("PREPAZKA_S3_REGION", default="") or None,
            "access_key": env_str("PREPAZKA_S3_USER", default="") or None,
            "secret_key": env_secret("PREPAZKA_S3_PASSWORD", default="") or None,
            "addressing_style": "path",
            "signature_version": "s3v4",
            "file_overwrite": True,
            "default_acl": None,
        },
    }
    if S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": FILES,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
            "allow_overwrite": True,
        },
    }
)
# An antivirus that speaks clamd's protocol: host:port, or the path of its socket.
CLAMD = env_str("PREPAZKA_CLAMD", default="")

# --- a demo for the public ------------------------------------------------------------------

MAILBOX = env_str("PREPAZKA_MAILBOX", default="")
if DEMO_PUBLIC:
    # Whatever else is set, nothing leaves: mails stay in the mailbox that `prepazka run` keeps.
    outgoing = {
        "SMTP_HOST": "" if MAILBOX else env_str("SMTP_HOST", default=""),
        "SMS_GATEWAY": env_str("SMS_GATEWAY", default="").replace("none", ""),
        "PREPAZKA_JITSI_URL": JITSI_URL,
        "PREPAZKA_BBB_URL": BBB_URL,
    }
    if named := ", ".join(name for name, value in outgoing.items() if value):
        msg = f"Unset {named}: the demo for the public (PREPAZKA_DEMO=public) sends nothing."
        raise SettingError(msg)
    SMS_GATEWAY = ""

# --- jobs -----------------------------------------------------------------------------------

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
PROCRASTINATE_IMPORT_PATHS = ["prepazka.jobs.tasks"]

LOG_LEVEL = env_choice(
    "PREPAZKA_LOG", "debug", "info", "warning", "error", "critical", default="warning"
).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        }
    },
    "filters": {
        "refusals": {"()": "prepazka.config.log_folding.RefusalsAreNoErrors"},
        "short": {"()": "prepazka.config.log_folding.ShortRefusals"},
    },
    "handlers": {
        "stderr": {
            "class": "prepazka.config.log_folding.FoldingHandler",
            "formatter": "line",
            "filters": ["refusals", "short"],
        }
    },
    # A refusal is no fault of ours; only faults belong in the log.
    "loggers": {"django.request": {"level": "ERROR", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}
