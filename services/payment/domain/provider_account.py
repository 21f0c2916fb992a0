"""A company's own account at a provider, and which methods the company takes."""

from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate
from common.events.payments import (
    PaymentAccountCreated,
    PaymentAccountRemoved,
    PaymentAccountUpdated,
    PaymentSettingsUpdated,
)

PREFIX = "acc"
ProviderName = Literal["stripe", "paypal"]
AccountStatus = Literal["active", "disabled", "removed"]
MethodName = Literal["card", "paypal", "cash", "cash_on_delivery", "on_account"]
METHODS: tuple[MethodName, ...] = ("card", "paypal", "cash", "cash_on_delivery", "on_account")


class ProviderAccount(Aggregate):
    """``sealed_keys``: the keys, by name, each sealed; nothing shows them again. ``external_id``: the provider's name.

    A disabled account takes no new payment and still gives money back.
    """

    provider: ProviderName
    name: str
    status: AccountStatus = "active"
    external_id: str | None = None
    client_id: str | None = None
    sealed_keys: dict[str, str] = {}

    @classmethod
    def connect(
        cls, account_id: str, company_id: str, provider: ProviderName, name: str, now: datetime
    ) -> "ProviderAccount":
        """A new one, without keys yet."""
        account = cls(
            id=account_id, company_id=company_id, created_at=now, updated_at=now, provider=provider, name=name
        )
        account.record(PaymentAccountCreated(account_id=account_id, provider=provider, name=name))
        return account

    def change(
        self, *, name: str | None, status: AccountStatus | None, client_id: str | None, sealed: dict[str, str]
    ) -> None:
        """Edit it; ``sealed`` holds the keys that are exchanged."""
        before = self.shown()
        self.name, self.status = name or self.name, status or self.status
        self.client_id = client_id or self.client_id
        self.sealed_keys = {**self.sealed_keys, **sealed}
        after = {**self.shown(), "exchanged": sorted(sealed)}
        self.record(PaymentAccountUpdated(account_id=self.id, provider=self.provider, before=before, after=after))

    def remove(self) -> None:
        """Disconnect it and forget its keys; harmless a second time."""
        if self.status == "removed":
            return
        self.status, self.sealed_keys = "removed", {}
        self.record(PaymentAccountRemoved(account_id=self.id, provider=self.provider, name=self.name))

    def shown(self) -> dict[str, Any]:
        """What the audit log may see."""
        return {"name": self.name, "status": self.status, "clientId": self.client_id, "keys": sorted(self.sealed_keys)}


class PaymentSettings(Aggregate):
    """One a company, under the company's own id: the methods that are switched off."""

    switched_off: list[MethodName] = []

    @classmethod
    def default(cls, company_id: str, now: datetime) -> "PaymentSettings":
        """All methods on."""
        return cls(id=company_id, company_id=company_id, created_at=now, updated_at=now)

    def accept(self, methods: list[MethodName]) -> None:
        """Take these methods and no others."""
        before, self.switched_off = self.accepted, [name for name in METHODS if name not in methods]
        self.record(
            PaymentSettingsUpdated(
                settings_id=self.id, before={"acceptedMethods": before}, after={"acceptedMethods": self.accepted}
            )
        )

    @property
    def accepted(self) -> list[MethodName]:
        """The methods that are on."""
        return [name for name in METHODS if name not in self.switched_off]
