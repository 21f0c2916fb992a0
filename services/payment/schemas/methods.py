"""Requests and answers about kept methods and what a company takes."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from common.web.schema import In, Out, Resource
from services.payment.domain import PaymentSettings, SavedMethod
from services.payment.domain.provider_account import MethodName
from services.payment.schemas.payments import Token


class MethodIn(In):
    """What keeping a method takes: the provider's token, never a card number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paymentMethodToken": "pm_card_visa"}]})

    payment_method_token: Token


class SavedMethodOut(Resource):
    """A kept method, by what its owner knows it from."""

    owner_id: str
    method: str
    provider: str
    brand: str | None
    last4: str | None
    expiry_month: int | None
    expiry_year: int | None

    @classmethod
    def of(cls, saved: SavedMethod) -> Self:
        """The answer for one method; the provider's names stay inside."""
        shown = saved.kept.model_dump(include={"brand", "last4", "expiry_month", "expiry_year"})
        return cls(
            id=saved.id,
            company_id=saved.company_id,
            version=saved.version,
            created_at=saved.created_at,
            updated_at=saved.updated_at,
            owner_id=saved.owner_id,
            method="card",
            provider=saved.provider,
            **shown,
        )


class AcceptedOut(Out):
    """A method that the company takes now."""

    method: MethodName
    provider: str


class MethodsOut(Out):
    """Kept methods, and which kinds are taken."""

    items: list[SavedMethodOut]
    next_cursor: str | None = None
    accepted: list[AcceptedOut]


class SettingsIn(In):
    """Which methods the company takes from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"acceptedMethods": ["card", "cash"]}]})

    accepted_methods: Annotated[list[MethodName], Field(max_length=5)]


class SettingsOut(Out):
    """Which methods the company takes."""

    company_id: str
    version: int
    accepted_methods: list[MethodName]

    @classmethod
    def of(cls, settings: PaymentSettings) -> Self:
        """The answer."""
        return cls(company_id=settings.company_id or "", version=settings.version, accepted_methods=settings.accepted)
