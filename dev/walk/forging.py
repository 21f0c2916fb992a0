"""Access tokens as somebody who holds the suite's own signing key could make them, well formed or not."""

from typing import Any

import jwt
import pymongo
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from common.encoding import from_base64url
from common.encryption import Sealer
from common.ids import new_id
from common.suite import SERVICES
from dev.home import Home
from dev.provision.environments import database_prefix
from dev.secret_store import SecretStore


class Forge:
    """Signs whatever it is asked to with the key that auth signs with."""

    def __init__(self, key: Ed25519PrivateKey, key_id: str) -> None:
        self.key = key
        self.key_id = key_id

    @classmethod
    def open(cls, home: Home) -> "Forge":
        """Reads the newest signing key out of the suite's own database, as its operator may."""
        secrets = SecretStore(home.secrets)
        database = f"{database_prefix()}{SERVICES['auth'].database}"
        with pymongo.MongoClient[dict[str, Any]](secrets.get("address.mongo")) as client:
            newest = client[database]["signing_keys"].find_one(sort=[("createdAt", -1)])
        assert newest is not None, "auth has made no signing key"
        seed = Sealer(SecretStr(secrets.get("encryption.auth"))).open(newest["sealed"])
        return cls(Ed25519PrivateKey.from_private_bytes(from_base64url(seed)), str(newest["kid"]))

    @classmethod
    def random(cls) -> "Forge":
        """Somebody who holds a key that the suite has never seen."""
        return cls(Ed25519PrivateKey.generate(), new_id("sig"))

    def altered(self, token: str, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A good token with other claims and header members, signed anew; None removes a claim."""
        payload = jwt.decode(token, options={"verify_signature": False}) | claims
        members = jwt.get_unverified_header(token) | {"kid": self.key_id} | (header or {})
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, self.key, "EdDSA", headers=members)
