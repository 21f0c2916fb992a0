"""Makes the adapter of an account from its keys."""

from collections.abc import Mapping

from pydantic import SecretStr

from services.payment.clients.paypal import PayPalProvider
from services.payment.clients.provider import Provider
from services.payment.clients.stripe import StripeProvider
from services.payment.settings import Settings

SECRET_KEY, WEBHOOK_SECRET = "secretKey", "webhookSecret"
CLIENT_SECRET, WEBHOOK_ID = "clientSecret", "webhookId"


class ProviderFactory:
    """``settings`` name the addresses; the keys come with each account."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def platform(self) -> dict[str, Provider]:
        """The suite's own accounts, those that are configured."""
        settings = self._settings
        made: dict[str, Provider] = {}
        if settings.stripe_api_key is not None:
            keys = {SECRET_KEY: _open(settings.stripe_api_key), WEBHOOK_SECRET: _open(settings.stripe_webhook_secret)}
            made["stripe"] = self.build("stripe", None, keys)
        if settings.paypal_client_id is not None:
            keys = {CLIENT_SECRET: _open(settings.paypal_client_secret), WEBHOOK_ID: settings.paypal_webhook_id or ""}
            made["paypal"] = self.build("paypal", settings.paypal_client_id, keys)
        return made

    def build(self, provider: str, client_id: str | None, keys: Mapping[str, str]) -> Provider:
        """The adapter; opens its own connections, so it has to be closed."""
        settings = self._settings
        if provider == "paypal":
            return PayPalProvider(
                client_id or "",
                keys.get(CLIENT_SECRET, ""),
                settings.paypal_api_base,
                settings.paypal_return_url or settings.stripe_return_url,
                keys.get(WEBHOOK_ID) or None,
            )
        return StripeProvider(
            keys.get(SECRET_KEY, ""),
            settings.stripe_api_base,
            settings.stripe_return_url,
            keys.get(WEBHOOK_SECRET) or None,
        )


def _open(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
