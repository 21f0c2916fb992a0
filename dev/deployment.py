"""``python -m dev.deployment > .env``: every secret that docker-compose.yml asks for, made anew."""

import json
import secrets
import sys

from common.suite import SERVICES
from dev.provision.environments import DEFAULT_ADMINISTRATOR, service_account
from dev.secret_store import key, password, public_key, rsa_key

SANDBOX_URL = "http://sandbox:8013"
"""Where the sandbox answers inside docker-compose.yml."""


def deployment_environment() -> dict[str, str]:
    """Names and fresh values, in the order in which they are written."""
    seeds = {name: key() for name in SERVICES}
    public = {name: public_key(seed) for name, seed in seeds.items()}
    made = {
        "MARKETHALL_ADMIN_EMAIL": DEFAULT_ADMINISTRATOR,
        "MARKETHALL_ADMIN_PASSWORD": password(),
        "MONGO_ADMIN_PASSWORD": password(),
        "MONGO_REPLICA_KEY": secrets.token_hex(48),
        "RABBITMQ_ADMIN_PASSWORD": password(),
        "REDIS_PASSWORD": password(),
        "STRIPE_API_KEY": "sk_test_" + password(),
        "STRIPE_WEBHOOK_SECRET": "whsec_" + password(),
        "PAYPAL_CLIENT_ID": "sandbox_" + password(),
        "PAYPAL_CLIENT_SECRET": password(),
        "PAYPAL_WEBHOOK_ID": "WH" + secrets.token_hex(8).upper(),
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "FIREBASE_CREDENTIALS": service_account(rsa_key(), token_uri=f"{SANDBOX_URL}/token"),
        "MARKETHALL_SERVICE_PUBLIC_KEYS": json.dumps(public, separators=(",", ":")),
    }
    for name, spec in SERVICES.items():
        if spec.database:
            made[f"{name.upper()}_MONGO_PASSWORD"] = password()
        made[f"{name.upper()}_AMQP_PASSWORD"] = password()
        made[f"{name.upper()}_SERVICE_KEY"] = seeds[name]
        made[f"{name.upper()}_ENCRYPTION_KEY"] = key()
    return made


def main() -> None:
    for name, value in deployment_environment().items():
        sys.stdout.write(f"{name}='{value}'\n")


if __name__ == "__main__":
    main()
