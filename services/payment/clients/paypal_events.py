"""PayPal's callbacks: a signature over id, time, webhook and checksum, by a certificate of PayPal's own."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from pydantic import BaseModel, Field, ValidationError

from common.errors import BadRequest, Unavailable
from services.payment.clients.paypal_outcomes import outcome_of_refund
from services.payment.clients.provider import SIGNATURE_WINDOW_SECONDS
from services.payment.clients.stripe_events import bad_signature
from services.payment.domain import ProviderEvent

ALGORITHM = "SHA256withRSA"
CERTIFICATE_SECONDS = 3600
CERTIFICATES_KEPT = 16
LARGEST_CERTIFICATE_BYTES = 64 * 1024
FETCH_SECONDS = 5

PAYMENT_EVENTS = ("CHECKOUT.ORDER.", "PAYMENT.AUTHORIZATION.", "PAYMENT.CAPTURE.")
REFUND_EVENTS = ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED")


class PayPalSignatures:
    """Checks one webhook's signatures; certificates come from PayPal's hosts alone and are kept for an hour."""

    def __init__(self, webhook_id: str | None, api_base: str | None) -> None:
        self._webhook_id = webhook_id
        self._own = urlsplit(api_base) if api_base else None
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS))
        self._kept: dict[str, tuple[RSAPublicKey, datetime]] = {}

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises BadRequest ``invalid_signature``, Unavailable while the certificate cannot be fetched."""
        told = [headers.get(f"paypal-transmission-{name}", "") for name in ("id", "time", "sig")]
        transmission, sent_at, signature = told
        address = headers.get("paypal-cert-url", "")
        if self._webhook_id is None or headers.get("paypal-auth-algo") != ALGORITHM or not self._is_trusted(address):
            raise bad_signature()
        signed = f"{transmission}|{sent_at}|{self._webhook_id}|{zlib.crc32(body)}"
        try:
            age = now - datetime.fromisoformat(sent_at)
            if abs(age) > timedelta(seconds=SIGNATURE_WINDOW_SECONDS):
                raise bad_signature()
            raw = base64.b64decode(signature, validate=True)
            (await self._key(address, now)).verify(raw, signed.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, binascii.Error, ValueError, TypeError) as error:
            raise bad_signature() from error

    def _is_trusted(self, address: str) -> bool:
        """PayPal's own hosts over TLS, or the very host that calls go to."""
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            return False
        if parts.username or parts.password:
            return False
        if self._own is not None and (parts.scheme, parts.netloc) == (self._own.scheme, self._own.netloc):
            return True
        return parts.scheme == "https" and port in (None, 443) and (parts.hostname or "").endswith(".paypal.com")

    async def _key(self, address: str, now: datetime) -> RSAPublicKey:
        kept = self._kept.get(address)
        if kept is None or kept[1] < now:
            if len(self._kept) >= CERTIFICATES_KEPT:
                self._kept.clear()
            kept = (_public_key(await self._fetch(address), now), now + timedelta(seconds=CERTIFICATE_SECONDS))
            self._kept[address] = kept
        return kept[0]

    async def _fetch(self, address: str) -> bytes:
        try:
            async with self._session.get(address, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise bad_signature()
                return await answer.content.read(LARGEST_CERTIFICATE_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("The provider's certificate cannot be fetched.") from error


def _public_key(pem: bytes, now: datetime) -> RSAPublicKey:
    certificate = load_pem_x509_certificate(pem)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ValueError("the certificate is not valid now")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


class _EventTold(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=255)]
    event_type: Annotated[str, Field(min_length=1, max_length=255)]
    resource: dict[str, Any]


def read_paypal_event(body: bytes) -> ProviderEvent:
    """A checked body in our words. Raises BadRequest ``invalid_event``."""
    try:
        told = _EventTold.model_validate_json(body)
        return _in_our_words(told)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadRequest("invalid_event", "This is no event of the provider.") from error


def _in_our_words(told: _EventTold) -> ProviderEvent:
    company_id, payment_id, refund_id = _named_in(told.resource)
    if not told.event_type.startswith((*PAYMENT_EVENTS, *REFUND_EVENTS)) or not payment_id:
        return ProviderEvent(id=told.id, type=told.event_type)
    is_refund = told.event_type in REFUND_EVENTS and refund_id is not None
    return ProviderEvent(
        id=told.id,
        type=told.event_type,
        subject="refund" if is_refund else "payment",
        company_id=company_id,
        payment_id=payment_id,
        refund_id=refund_id,
        outcome=outcome_of_refund(told.resource) if is_refund else None,  # what a payment is now, it is asked
    )


def _named_in(resource: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Company, payment and refund by the name we gave the object; an order carries it in its purchase unit."""
    units = resource.get("purchase_units")
    given = resource.get("custom_id") or (units[0].get("custom_id") if units else None)
    parts = given.split("|") if isinstance(given, str) else []
    company_id, payment_id, refund_id = [*parts, None, None, None][:3]
    return company_id or None, payment_id or None, refund_id or None
