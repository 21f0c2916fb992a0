"""Environment of the payment service."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from common.settings import ServiceSettings

DEVELOPMENT_KEY = "sk_test_development"
DEVELOPMENT_WEBHOOK_SECRET = "whsec_development"


class Settings(ServiceSettings):
    """``stripe_api_base`` names the sandbox; without it calls go to the provider itself.

    ``stripe_account_id`` is the account's name in the webhook path. ``stripe_return_url`` is where the
    bank sends the buyer back to.
    """

    service: str = "payment"
    stripe_api_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_API_KEY")
    stripe_api_base: str | None = Field(default=None, validation_alias="STRIPE_API_BASE")
    stripe_webhook_secret: SecretStr | None = Field(default=None, validation_alias="STRIPE_WEBHOOK_SECRET")
    stripe_account_id: str = Field(default="platform", validation_alias="STRIPE_ACCOUNT_ID")
    stripe_return_url: str = Field(default="http://localhost:8000/", validation_alias="STRIPE_RETURN_URL")

    @model_validator(mode="after")
    def _provider_is_configured(self) -> Self:
        if self.environment == "development":
            self.stripe_api_key = self.stripe_api_key or SecretStr(DEVELOPMENT_KEY)
            self.stripe_webhook_secret = self.stripe_webhook_secret or SecretStr(DEVELOPMENT_WEBHOOK_SECRET)
        for name in ("stripe_api_key", "stripe_webhook_secret"):
            if getattr(self, name) is None:
                raise ValueError(f"{name.upper()} is missing; it has no default outside development")
        return self
