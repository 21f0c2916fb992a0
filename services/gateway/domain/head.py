"""What the gateway takes from the head of a request, and what it lets through."""

from collections.abc import Iterable
from dataclasses import dataclass, field

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers of one connection (RFC 9110, 7.6.1); never passed on."""

_TAKEN = frozenset(
    {
        b"host",
        b"content-length",
        b"authorization",
        b"x-api-key",
        b"x-tenant-id",
        b"x-request-id",
    }
)
"""Read here once; the first of each counts, so that gateway and service never read different ones."""

_STOPPED = HOP_BY_HOP | {b"expect", b"forwarded", b"x-real-ip", b"via"}
_STOPPED_PREFIXES = (b"x-markethall-", b"x-forwarded-")

_KEPT_FROM_ANSWERS = HOP_BY_HOP | {b"x-request-id", b"server"}

DEFAULTS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"vary", b"Origin, Accept-Encoding"),
)
"""What a browser must know of every answer that does not say otherwise."""

HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Said over HTTPS alone (RFC 6797, 7.2)."""

_NOTED = frozenset({b"origin", b"accept-encoding", b"access-control-request-method"})
"""Read here and passed on as well."""

PACKED_ABOVE_BYTES = 1400
"""What fits into one packet is not worth packing."""

_PACKABLE = (b"application/json", b"application/problem+json", b"text/", b"application/jwk-set+json", b"image/svg")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(slots=True)
class Head:
    """The head of a request. ``passed`` are the headers that go on as they are.

    ``waits``: the caller asks for an answer only when something has come about (RFC 7240, ``wait``).
    """

    taken: dict[bytes, bytes] = field(default_factory=dict)
    passed: list[tuple[str, str]] = field(default_factory=list)
    has_chunks: bool = False
    has_idempotency_key: bool = False
    repeats_safely: bool = False
    waits: bool = False
    x_forwarded_for: str = ""
    x_forwarded_proto: str = ""

    def first(self, name: bytes) -> str | None:
        """The first value of a header that is read here."""
        value = self.taken.get(name)
        return value.decode("latin-1") if value is not None else None

    def drop_token(self) -> None:
        """Take the Authorization header out of what is read and of what passes."""
        if self.taken.pop(b"authorization", None) is not None:
            self.passed = [(name, value) for name, value in self.passed if name != "authorization"]

    @property
    def content_length(self) -> int | None:
        """The announced length of the body in bytes. Raises ValueError when it is no number."""
        value = self.taken.get(b"content-length")
        return int(value) if value is not None else None


def read_head(method: str, headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Sort the headers of a request into what is read here, what passes, and what stops."""
    head = Head(repeats_safely=method in IDEMPOTENT_METHODS)
    taken, passed = head.taken, head.passed
    for name, value in headers:
        if name in _TAKEN:
            taken.setdefault(name, value)
            if name == b"authorization":
                _keep_one(passed, value)
        elif name in _NOTED:
            taken.setdefault(name, value)
            passed.append((name.decode("latin-1"), value.decode("latin-1")))
        elif name in _STOPPED or name.startswith(_STOPPED_PREFIXES):
            if name == b"transfer-encoding":
                head.has_chunks = True
            elif name == b"x-forwarded-for":
                head.x_forwarded_for = value.decode("latin-1")
            elif name == b"x-forwarded-proto":
                head.x_forwarded_proto = value.decode("latin-1")
        else:
            if name == b"idempotency-key":
                head.has_idempotency_key = head.repeats_safely = True
            elif name == b"prefer":
                head.waits = b"wait" in value
            passed.append((name.decode("latin-1"), value.decode("latin-1")))
    return head


def _keep_one(passed: list[tuple[str, str]], value: bytes) -> None:
    if not any(name == "authorization" for name, _ in passed):
        passed.append(("authorization", value.decode("latin-1")))


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether Accept-Encoding names gzip, or anything, without refusing it (RFC 9110, 12.5.3)."""
    if b"gzip" not in accept_encoding and b"*" not in accept_encoding:
        return False
    if b"q=0" not in accept_encoding:
        return True
    weights = {}
    for part in accept_encoding.lower().split(b","):
        coding, _, weight = part.partition(b";")
        weights[coding.strip()] = weight.strip().removeprefix(b"q=").rstrip(b"0.") if weight else b"1"
    return weights.get(b"gzip", weights.get(b"*")) not in (None, b"")


def is_worth_packing(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an answer with this head becomes smaller by it, and stays what it says it is."""
    if status in (204, 206, 304):
        return False
    told = dict(headers)
    length = told.get(b"content-length")
    if length is None or int(length) <= PACKED_ABOVE_BYTES or b"content-encoding" in told:
        return False
    if told.get(b"etag", b"W/").startswith(b'"') or b"no-transform" in told.get(b"cache-control", b""):
        return False
    return told.get(b"content-type", b"").startswith(_PACKABLE)


def answer_headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a service's answer that reach the client, with safe defaults for those it left out."""
    kept = [(lowered, value) for name, value in raw if (lowered := name.lower()) not in _KEPT_FROM_ANSWERS]
    present = {name for name, _ in kept}
    kept += [default for default in DEFAULTS if default[0] not in present]
    return kept
