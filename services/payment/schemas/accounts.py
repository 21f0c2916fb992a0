"""Requests and answers about companies' own accounts at providers, and the providers' callbacks."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from common.web.schema import In, Out, PatchIn, Resource, Text
from services.payment.clients import CLIENT_SECRET, SECRET_KEY, WEBHOOK_ID, WEBHOOK_SECRET
from services.payment.domain import KeptEvent, ProviderAccount
from services.payment.domain.provider_account import ProviderName


def _printable(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be a key as the provider shows it")
    return key


Key = Annotated[SecretStr, Field(min_length=4, max_length=300), AfterValidator(_printable)]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{4,200}$")]
_NEEDED = {"stripe": ("secret_key",), "paypal": ("client_id", "client_secret")}
_FOREIGN = {"stripe": ("client_id", "client_secret", "webhook_id"), "paypal": ("secret_key", "webhook_secret")}


class _Keys:
    """The keys of a body by the names they are kept under."""

    secret_key: SecretStr | None
    webhook_secret: SecretStr | None
    client_secret: SecretStr | None
    webhook_id: SecretStr | None

    def keys(self) -> dict[str, str]:
        """Those that were sent."""
        named = {
            SECRET_KEY: self.secret_key,
            WEBHOOK_SECRET: self.webhook_secret,
            CLIENT_SECRET: self.client_secret,
            WEBHOOK_ID: self.webhook_id,
        }
        return {name: key.get_secret_value() for name, key in named.items() if key is not None}


class AccountIn(In, _Keys):
    """What connecting an account takes: for Stripe ``secretKey``, for PayPal ``clientId`` and ``clientSecret``.

    ``webhookSecret`` (Stripe) or ``webhookId`` (PayPal) may follow once the webhook's address is known there.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"provider": "stripe", "name": "Our Stripe", "secretKey": "sk_test_example"}]}
    )

    provider: ProviderName
    name: Text
    secret_key: Key | None = None
    webhook_secret: Key | None = None
    client_id: ClientId | None = None
    client_secret: Key | None = None
    webhook_id: Key | None = None

    @model_validator(mode="after")
    def _fits_the_provider(self) -> Self:
        missing = [name for name in _NEEDED[self.provider] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.provider} needs {' and '.join(missing)}")
        foreign = [name for name in _FOREIGN[self.provider] if getattr(self, name) is not None]
        if foreign:
            raise ValueError(f"{self.provider} has no {' and '.join(foreign)}")
        return self


class AccountPatchIn(PatchIn, _Keys):
    """What may change of an account; keys are exchanged, never read."""

    IMMUTABLE = ("id", "provider")

    name: Text | None = None
    status: Literal["active", "disabled"] | None = None
    secret_key: Key | None = None
    webhook_secret: Key | None = None
    client_id: ClientId | None = None
    client_secret: Key | None = None
    webhook_id: Key | None = None


class AccountOut(Resource):
    """An account as shown: which keys it has, never the keys; ``webhookUrl`` is entered at the provider."""

    provider: ProviderName
    name: str
    status: str
    external_id: str | None
    client_id: str | None
    keys: list[str]
    webhook_url: str

    @classmethod
    def of(cls, account: ProviderAccount, public_url: str) -> Self:
        """The answer for one account."""
        fields: dict[str, Any] = account.model_dump(exclude={"sealed_keys", "sequence"})
        address = f"{public_url.rstrip('/')}/api/payments/webhooks/{account.provider}/{account.id}"
        return cls(**fields, keys=sorted(account.sealed_keys), webhook_url=address)


class ProviderEventOut(Out):
    """A provider's callback as it was taken."""

    id: str
    provider: str
    account_id: str
    type: str
    status: str
    payment_id: str | None
    refund_id: str | None
    attempts: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, kept: KeptEvent) -> Self:
        """The answer for one event."""
        return cls(
            id=kept.event.id,
            provider=kept.provider,
            account_id=kept.account_id,
            type=kept.event.type,
            status=kept.status,
            payment_id=kept.event.payment_id,
            refund_id=kept.event.refund_id,
            attempts=kept.attempts,
            created_at=kept.created_at,
            updated_at=kept.updated_at,
        )
