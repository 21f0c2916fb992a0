"""What the sandbox reads from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.sandbox.fcm.access import ServiceAccount, read_account


class SettingsRefused(Exception):
    """The sandbox cannot start as it was told to; the message says why."""


@dataclass(frozen=True)
class FixedEndpoint:
    """A webhook receiver that is known from the start, for the events of every account."""

    url: str
    secret: str


@dataclass(frozen=True)
class FixedWebhook:
    """PayPal's webhook that is known from the start; its events are signed by the sandbox's own certificate."""

    id: str
    url: str


@dataclass(frozen=True)
class PayPalSettings:
    """The suite's own client, whose secret is checked, and its webhook."""

    client_id: str | None
    client_secret: str | None
    webhook: FixedWebhook | None


@dataclass(frozen=True)
class TwilioSettings:
    """The suite's own account, whose token is checked; callbacks are signed with it."""

    account_sid: str
    auth_token: str


@dataclass(frozen=True)
class Shortcut:
    """Where the gateway is reached from here, when its public address leads elsewhere, as it does in a container."""

    public: str
    inside: str

    def of(self, url: str) -> str:
        """Where to send what is addressed, and signed, to `url`."""
        return self.inside + url.removeprefix(self.public) if url.startswith(self.public + "/") else url


@dataclass(frozen=True)
class Settings:
    """`database` is None for memory only; `public_url` is where a customer's browser reaches the sandbox."""

    public_url: str
    database: Path | None
    endpoint: FixedEndpoint | None
    paypal: PayPalSettings
    twilio: TwilioSettings | None
    firebase: ServiceAccount | None
    shortcut: Shortcut | None


def read_settings(environ: Mapping[str, str], *, host: str, http_port: int) -> Settings:
    """Settings from the environment; raises SettingsRefused."""
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    public_url = environ.get("MARKETHALL_SANDBOX_PUBLIC_URL") or f"http://{reachable}:{http_port}"
    return Settings(
        public_url=public_url.rstrip("/"),
        database=_database(environ),
        endpoint=_endpoint(environ),
        paypal=_paypal(environ),
        twilio=_twilio(environ),
        firebase=_firebase(environ),
        shortcut=_shortcut(environ),
    )


def _database(environ: Mapping[str, str]) -> Path | None:
    chosen = environ.get("MARKETHALL_SANDBOX_DB")
    if chosen == ":memory:":
        return None
    if chosen:
        return Path(chosen)
    home = environ.get("MARKETHALL_HOME")
    return Path(home) / "sandbox.sqlite3" if home else None


def _endpoint(environ: Mapping[str, str]) -> FixedEndpoint | None:
    url = environ.get("MARKETHALL_SANDBOX_WEBHOOK_URL")
    if not url:
        return None
    secret = environ.get("STRIPE_WEBHOOK_SECRET")
    if not secret:
        raise SettingsRefused("MARKETHALL_SANDBOX_WEBHOOK_URL needs STRIPE_WEBHOOK_SECRET beside it")
    return FixedEndpoint(url=url, secret=secret)


def _paypal(environ: Mapping[str, str]) -> PayPalSettings:
    url, webhook_id = environ.get("MARKETHALL_SANDBOX_PAYPAL_WEBHOOK_URL"), environ.get("PAYPAL_WEBHOOK_ID")
    client_id, secret = environ.get("PAYPAL_CLIENT_ID"), environ.get("PAYPAL_CLIENT_SECRET")
    if url and not webhook_id:
        raise SettingsRefused("MARKETHALL_SANDBOX_PAYPAL_WEBHOOK_URL needs PAYPAL_WEBHOOK_ID beside it")
    if client_id and not secret:
        raise SettingsRefused("PAYPAL_CLIENT_ID needs PAYPAL_CLIENT_SECRET beside it")
    webhook = FixedWebhook(id=webhook_id, url=url) if url and webhook_id else None
    return PayPalSettings(client_id or None, secret or None, webhook)


def _twilio(environ: Mapping[str, str]) -> TwilioSettings | None:
    sid, token = environ.get("TWILIO_ACCOUNT_SID"), environ.get("TWILIO_AUTH_TOKEN")
    if sid and not token:
        raise SettingsRefused("TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN beside it")
    return TwilioSettings(sid, token) if sid and token else None


def _firebase(environ: Mapping[str, str]) -> ServiceAccount | None:
    credentials = environ.get("FIREBASE_CREDENTIALS")
    try:
        return read_account(credentials) if credentials else None
    except (ValueError, LookupError, TypeError) as error:
        raise SettingsRefused(f"FIREBASE_CREDENTIALS is not a service account's JSON: {error}") from error


def _shortcut(environ: Mapping[str, str]) -> Shortcut | None:
    public, inside = environ.get("MARKETHALL_PUBLIC_URL"), environ.get("MARKETHALL_SANDBOX_GATEWAY_URL")
    return Shortcut(public.rstrip("/"), inside.rstrip("/")) if public and inside else None
