"""The sandbox's signing key and certificate for PayPal's webhooks, made at the first start.

https://developer.paypal.com/api/rest/webhooks/rest/#link-eventheadersforwebhooks
"""

import base64
import datetime
import sqlite3
import zlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

CERTIFICATE_PATH = "/v1/notifications/certs/CERT-sandbox"
COMMON_NAME = "messageverificationcerts.sandbox.markethall.test"
_YEARS_VALID = 10


@dataclass(frozen=True)
class Signer:
    """Signs as PayPal does; `certificate` is PEM."""

    key: RSAPrivateKey
    certificate: str

    def sign(self, transmission_id: str, time: str, webhook_id: str, body: bytes) -> str:
        """PAYPAL-TRANSMISSION-SIG: SHA256withRSA, base64."""
        signature = self.key.sign(_signed(transmission_id, time, webhook_id, body), PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def holds(self, transmission_id: str, time: str, webhook_id: str, body: bytes, signature: str) -> bool:
        """Whether a signature is this signer's."""
        try:
            given = base64.b64decode(signature, validate=True)
            self.key.public_key().verify(
                given, _signed(transmission_id, time, webhook_id, body), PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def load_signer(db: sqlite3.Connection) -> Signer:
    """The signer kept in the database, made where there is none."""
    kept = {row["name"]: row["value"] for row in db.execute("SELECT name, value FROM own_secrets")}
    if "paypal.key" not in kept:
        key = generate_private_key(public_exponent=65537, key_size=2048)
        kept["paypal.key"] = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        kept["paypal.certificate"] = _certificate(key)
        rows = [(name, kept[name]) for name in ("paypal.key", "paypal.certificate")]
        db.executemany("INSERT INTO own_secrets (name, value) VALUES (?,?)", rows)
    loaded = load_pem_private_key(kept["paypal.key"].encode(), password=None)
    assert isinstance(loaded, RSAPrivateKey), "made above"
    return Signer(loaded, kept["paypal.certificate"])


def _signed(transmission_id: str, time: str, webhook_id: str, body: bytes) -> bytes:
    return f"{transmission_id}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()


def _certificate(key: RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COMMON_NAME)])
    begun = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(begun + datetime.timedelta(days=365 * _YEARS_VALID))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
