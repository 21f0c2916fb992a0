"""Environment of the payment service."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from common.settings import ServiceSettings

DEVELOPMENT_KEY = "sk_test_development"
DEVELOPMENT_WEBHOOK_SECRET = "whsec_development"


class Settings(ServiceSettings):
    """``stripe_api_base`` and ``paypal_api_base`` name the sandbox; without them calls go to the provider itself.

    PayPal is there once it has a client id and its secret; ``paypal_webhook_id`` is what its callbacks are signed for.

    ``stripe_account_id`` is the account's name in the webhook path. ``stripe_return_url`` is where the
    bank sends the buyer back to.
    """

    service: str = "payment"
    stripe_api_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_API_KEY")
    stripe_api_base: str | None = Field(default=None, validation_alias="STRIPE_API_BASE")
    stripe_webhook_secret: SecretStr | None = Field(default=None, validation_alias="STRIPE_WEBHOOK_SECRET")
    stripe_account_id: str = Field(default="platform", validation_alias="STRIPE_ACCOUNT_ID")
    paypal_client_id: str | None = Field(default=None, validation_alias="PAYPAL_CLIENT_ID")
    paypal_client_secret: SecretStr | None = Field(default=None, validation_alias="PAYPAL_CLIENT_SECRET")
    paypal_api_base: str | None = Field(default=None, validation_alias="PAYPAL_API_BASE")
    paypal_webhook_id: str | None = Field(default=None, validation_alias="PAYPAL_WEBHOOK_ID")
    paypal_return_url: str | None = Field(default=None, validation_alias="PAYPAL_RETURN_URL")
    public_url: str = Field(default="http://localhost:8000", validation_alias="MARKETHALL_PUBLIC_URL")
    stripe_return_url: str = Field(default="http://localhost:8000/", validation_alias="STRIPE_RETURN_URL")

    @model_validator(mode="after")
    def _provider_is_configured(self) -> Self:
        if self.environment == "development":
            self.stripe_api_key = self.stripe_api_key or SecretStr(DEVELOPMENT_KEY)
            self.stripe_webhook_secret = self.stripe_webhook_secret or SecretStr(DEVELOPMENT_WEBHOOK_SECRET)
        for name in ("stripe_api_key", "stripe_webhook_secret"):
            if getattr(self, name) is None:
                raise ValueError(f"{name.upper()} is missing; it has no default outside development")
        if self.paypal_client_id is not None and self.paypal_client_secret is None:
            raise ValueError("PAYPAL_CLIENT_SECRET is missing beside PAYPAL_CLIENT_ID")
        return self
