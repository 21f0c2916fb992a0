"""The environment of each service process: what it needs, and none of the administrator's secrets."""

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from common.suite import SERVICES
from dev import secret_store
from dev.home import SANDBOX_HTTP, SANDBOX_SMTP, Home
from dev.provision.accounts import broker_accounts, database_accounts, with_account
from dev.provision.management import ManagementApi
from dev.secret_store import SecretStore

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
PASSED_ON_PREFIXES = ("OTEL_", "MARKETHALL_")
OPERATORS_OWN = ("MARKETHALL_ADMIN_", "MARKETHALL_AMQP_", "MARKETHALL_TEST_", "MARKETHALL_HOST")
"""What the shell may hold and no service gets: administrators, and an address beside 127.0.0.1."""
CARD_PREFIX, PAYPAL_PREFIX = "STRIPE_", "PAYPAL_"
MAIL_PREFIX, TEXT_PREFIX, PUSH_PREFIX = "SMTP_", "TWILIO_", "FIREBASE_"
SANDBOX_PROJECT = "markethall-sandbox"
SANDBOX_SENDER = "+15005550006"
DEFAULT_ADMINISTRATOR = "admin@markethall.example"
STRIPE_WEBHOOK_PATH = "/api/payments/webhooks/stripe/platform"
REAL_WHEN_SET = ("STRIPE_API_KEY", "PAYPAL_CLIENT_ID", "SMTP_HOST", "TWILIO_ACCOUNT_SID", "FIREBASE_CREDENTIALS")
"""One variable a provider: where the operator's shell has it, its real provider is used in the sandbox's place."""
PAYPAL_WEBHOOK_PATH = "/api/payments/webhooks/paypal/platform"


@dataclass(frozen=True, slots=True)
class ServerAddresses:
    """The servers with their administrator; `redis` is None where no limit store is shared."""

    mongo: str
    amqp: str
    management: str
    redis: str | None


def has_real_provider(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether every provider is a real one, so that the sandbox stays out."""
    return all(environment.get(name) for name in REAL_WHEN_SET)


def database_prefix() -> str:
    return os.environ.get("MARKETHALL_DATABASE_PREFIX", "")


def service_environments(home: Home, secrets: SecretStore, servers: ServerAddresses) -> dict[str, dict[str, str]]:
    """One environment a service. Only what stands here reaches a service: nothing is inherited whole."""
    keys = {name: secrets.get(f"signing.{name}", secret_store.key) for name in SERVICES}
    public = json.dumps({name: secret_store.public_key(seed) for name, seed in keys.items()})
    shared = {**inherited(), **_suite(home), "MARKETHALL_SERVICE_PUBLIC_KEYS": public}
    if servers.redis:
        shared["REDIS_URL"] = servers.redis
    databases = {each.service: each for each in database_accounts(secrets, database_prefix())}
    brokers = {each.service: each for each in broker_accounts(secrets, database_prefix())}
    environments = {}
    for name, spec in SERVICES.items():
        environments[name] = {
            **shared,
            "MARKETHALL_SERVICE": name,
            "MARKETHALL_PORT": str(home.port(spec.port_offset)),
            "MARKETHALL_SERVICE_KEY": keys[name],
            "MARKETHALL_ENCRYPTION_KEY": secrets.get(f"encryption.{name}", secret_store.key),
            "AMQP_URL": with_account(servers.amqp, brokers[name]),
            "AMQP_MANAGEMENT_URL": ManagementApi(servers.management).page,
            **_own(name, home, secrets),
        }
        if name in databases:
            environments[name]["MONGO_URL"] = with_account(servers.mongo, databases[name])
    return environments


def inherited() -> dict[str, str]:
    """The few variables of the operator's shell that every process may see."""
    return {
        name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }


def _suite(home: Home) -> dict[str, str]:
    return {
        "MARKETHALL_ENVIRONMENT": "development",
        "MARKETHALL_PORT_BASE": str(home.port_base),
        "MARKETHALL_HOME": str(home.path),
        "MARKETHALL_DATABASE_PREFIX": database_prefix(),
        "MARKETHALL_PUBLIC_URL": os.environ.get("MARKETHALL_PUBLIC_URL") or home.service_url("gateway"),
    }


def _own(name: str, home: Home, secrets: SecretStore) -> dict[str, str]:
    match name:
        case "auth":
            email, password = administrator(secrets)
            return {"MARKETHALL_ADMIN_EMAIL": email, "MARKETHALL_ADMIN_PASSWORD": password}
        case "payment":
            return _payment(home, secrets)
        case "notification":
            return _notification(home, secrets)
        case "audit":
            return {"MARKETHALL_AUDIT_CHECKPOINTS": audit_checkpoints(home)}
        case "gateway":
            told = os.environ.get("MARKETHALL_DEFAULT_TENANT") or home.remembered().get("default_tenant")
            return {"MARKETHALL_DEFAULT_TENANT": told} if told else {}
        case _:
            return {}


def audit_checkpoints(home: Home) -> str:
    """The folder of the signed ends of audit chains: the environment's, else one of this home and prefix."""
    told = os.environ.get("MARKETHALL_AUDIT_CHECKPOINTS")
    return told or str(home.data / "audit" / f"{database_prefix()}{SERVICES['audit'].database}")


def administrator(secrets: SecretStore) -> tuple[str, str]:
    """The first super admin's address and password: the environment's, else made; kept in the home."""
    for name in ("email", "password"):
        told = os.environ.get(f"MARKETHALL_ADMIN_{name.upper()}")
        if told and secrets.find(f"administrator.{name}") != told:
            secrets.put(f"administrator.{name}", told)
    email = secrets.get("administrator.email", lambda: DEFAULT_ADMINISTRATOR)
    return email, secrets.get("administrator.password")


def _payment(home: Home, secrets: SecretStore) -> dict[str, str]:
    if os.environ.get("STRIPE_API_KEY"):
        cards = _of_the_shell(CARD_PREFIX)
    else:
        cards = {**sandbox_cards(home, secrets), "STRIPE_RETURN_URL": home.service_url("gateway") + "/"}
    if os.environ.get("PAYPAL_CLIENT_ID"):
        return {**cards, **_of_the_shell(PAYPAL_PREFIX)}
    return {**cards, **sandbox_paypal(home, secrets), "PAYPAL_RETURN_URL": home.service_url("gateway") + "/"}


def sandbox_paypal(home: Home, secrets: SecretStore) -> dict[str, str]:
    """The suite's own PayPal client and webhook, as payment and the sandbox itself need them."""
    return {
        "PAYPAL_CLIENT_ID": secrets.get("paypal.client", lambda: "sandbox_" + secret_store.password()),
        "PAYPAL_CLIENT_SECRET": secrets.get("paypal.secret"),
        "PAYPAL_API_BASE": _sandbox_url(home),
        "PAYPAL_WEBHOOK_ID": secrets.get("paypal.webhook", lambda: "WH" + uuid.uuid4().hex[:15].upper()),
    }


def sandbox_cards(home: Home, secrets: SecretStore) -> dict[str, str]:
    """The sandbox's address, key and webhook secret, as payment and the sandbox itself need them."""
    return {
        "STRIPE_API_KEY": secrets.get("stripe.key", lambda: "sk_test_" + secret_store.password()),
        "STRIPE_API_BASE": _sandbox_url(home),
        "STRIPE_WEBHOOK_SECRET": secrets.get("stripe.webhook", lambda: "whsec_" + secret_store.password()),
    }


def _mail(home: Home) -> dict[str, str]:
    if os.environ.get("SMTP_HOST"):
        return _of_the_shell(MAIL_PREFIX)
    return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(home.port(SANDBOX_SMTP))}


def _notification(home: Home, secrets: SecretStore) -> dict[str, str]:
    texts = _of_the_shell(TEXT_PREFIX) if os.environ.get("TWILIO_ACCOUNT_SID") else sandbox_texts(home, secrets)
    pushes = _of_the_shell(PUSH_PREFIX) if os.environ.get("FIREBASE_CREDENTIALS") else sandbox_pushes(home, secrets)
    return {**_mail(home), **texts, **pushes}


def sandbox_texts(home: Home, secrets: SecretStore) -> dict[str, str]:
    """A Twilio account of the sandbox's."""
    return {
        "TWILIO_ACCOUNT_SID": secrets.get("twilio.account", lambda: "AC" + uuid.uuid4().hex),
        "TWILIO_AUTH_TOKEN": secrets.get("twilio.token", lambda: uuid.uuid4().hex),
        "TWILIO_FROM": SANDBOX_SENDER,
        "TWILIO_API_BASE": _sandbox_url(home),
    }


def sandbox_pushes(home: Home, secrets: SecretStore) -> dict[str, str]:
    """A service account of the sandbox's; only its key is kept, for the port may differ from one start to the next."""
    key = secrets.get("firebase.key", secret_store.rsa_key)
    url = _sandbox_url(home)
    return {
        "FIREBASE_CREDENTIALS": service_account(key, token_uri=f"{url}/token"),
        "FIREBASE_FCM_URL": f"{url}/v1/projects/{SANDBOX_PROJECT}/messages:send",
    }


def service_account(key: str, *, token_uri: str) -> str:
    """A service account's JSON as Google hands it out; `key` is PEM."""
    email = f"sandbox@{SANDBOX_PROJECT}.iam.gserviceaccount.com"
    told = {
        "type": "service_account",
        "project_id": SANDBOX_PROJECT,
        "private_key_id": hashlib.sha256(key.encode()).hexdigest()[:40],
        "private_key": key,
        "client_email": email,
        "client_id": "100000000000000000001",
        "token_uri": token_uri,
    }
    return json.dumps(told, separators=(",", ":"))


def _sandbox_url(home: Home) -> str:
    return f"http://127.0.0.1:{home.port(SANDBOX_HTTP)}"


def _of_the_shell(prefix: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(prefix) and value}


def sandbox_environment(home: Home, secrets: SecretStore) -> dict[str, str]:
    """What the provider sandbox runs with: the same key and secret, and the door it calls back to."""
    return {
        **inherited(),
        **_suite(home),
        **sandbox_cards(home, secrets),
        **sandbox_paypal(home, secrets),
        **sandbox_texts(home, secrets),
        **sandbox_pushes(home, secrets),
        "MARKETHALL_SANDBOX_DB": str(home.data / "sandbox.sqlite3"),
        "MARKETHALL_SANDBOX_WEBHOOK_URL": home.service_url("gateway") + STRIPE_WEBHOOK_PATH,
        "MARKETHALL_SANDBOX_PAYPAL_WEBHOOK_URL": home.service_url("gateway") + PAYPAL_WEBHOOK_PATH,
    }
