"""A company named where it is none's to name: headers, hosts, parameters, tokens, contexts."""

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dev.prove.guarantees.identity_doors import DIRECT, PROBE, ServiceForge
from dev.prove.guarantees.tenants_field import Field
from dev.walk import hostile
from dev.walk.callers import ANONYMOUS, PUBLISHABLE, SECRET
from dev.walk.forging import Forge

DISAGREE = (400,)
UNKNOWN = (401,)


async def try_names(field: Field) -> None:
    """Credentials of the one company beside the name of the other, and two names without credentials."""
    await asyncio.gather(*(_on(field, path) for path in field.lists))
    anonymous = field.who[ANONYMOUS].headers
    host = f"{field.foreign.mark}.localhost"
    await field.attempt("nobody, two names", "GET", "/api/products", {**anonymous, "Host": host}, DISAGREE)
    query = f"/api/products?tenant_id={field.foreign.mark}"
    await field.attempt("nobody, name and parameter", "GET", query, anonymous, DISAGREE)
    alias = f"/api/management/tenants/{field.foreign.known('company')}/keys"
    await field.attempt("the other's name in a path", "GET", alias, field.bearer, (404,))


async def _on(field: Field, path: str) -> None:
    for what, headers, query in _names(field):
        url = f"{path}?{query}" if query else path
        await field.attempt(f"{what} on {path}", "GET", url, headers, DISAGREE)
    await _doubled(field, path)


def _names(field: Field) -> Iterator[tuple[str, dict[str, str], str]]:
    slug, company = field.foreign.mark, field.foreign.known("company")
    for name in (slug, company):
        yield "the other's header", {**field.bearer, "X-Tenant-ID": name}, ""
        yield "the other's parameter", field.bearer, f"tenant_id={name}"
        yield "own header, the other's parameter", {**field.bearer, "X-Tenant-ID": field.own.mark}, f"tenant_id={name}"
    yield "the other's host", {**field.bearer, "Host": f"{slug}.localhost"}, ""
    yield "a secret key and the other's header", {**field.who[SECRET].headers, "X-Tenant-ID": slug}, ""
    yield "a public key and the other's host", {**field.who[PUBLISHABLE].headers, "Host": f"{slug}.localhost"}, ""
    foreign = field.foreign.admin.identity()["Authorization"]
    yield "a public key and the other's token", {**field.who[PUBLISHABLE].headers, "Authorization": foreign}, ""


async def _doubled(field: Field, path: str) -> None:
    """Said twice: gateway and service must read the same one, and whatever is answered is one's own."""
    slug, own = field.foreign.mark, field.own.mark
    bearer = ("Authorization", field.bearer["Authorization"])
    context = ("X-Markethall-Context", _unknown_context(field))
    for what, headers in (
        ("own header, then the other's", [bearer, ("X-Tenant-ID", own), ("X-Tenant-ID", slug)]),
        ("own token, then a broken one", [bearer, ("Authorization", "Bearer x")]),
        ("a context from outside", [bearer, context]),
        (
            "an actor from outside",
            [bearer, ("X-Markethall-Actor", "user:x"), ("X-Forwarded-Host", f"{slug}.localhost")],
        ),
    ):
        await field.attempt(f"{what} on {path}", "GET", path, headers)


async def try_tokens(field: Field) -> None:
    """Tokens that name the other company and were not made by auth: refused at the gateway and at every service."""
    stranger = Forge.random()
    company = field.foreign.known("company")
    false = [stranger.altered(field.token, cid=company), _swapped(field.token, company)]
    false += [stranger.altered(field.token, header={"kid": field.forge.key_id}, cid=company)]
    false += [token for _, token in hostile.tokens(field.forge, field.token, stranger)]
    for token in false:
        headers = {"Authorization": f"Bearer {token}"}
        for path in (PROBE, "/api/orders"):  # the gateway's own verdict, and that of a service behind it
            await field.attempt(f"a false token on {path}", "GET", path, headers, UNKNOWN)
    await asyncio.gather(*(_at_service(field, service, path, false[:3]) for service, path in DIRECT.items()))


async def _at_service(field: Field, service: str, path: str, false: Sequence[str]) -> None:
    """The same behind the gateway: at a service's own port, beside a context of the gateway's, or without."""
    url = field.home.service_url(service) + path
    method = "POST" if service == "realtime" else "GET"
    company = field.foreign.known("company")
    good = {"X-Markethall-Context": ServiceForge(field.suite).token(service, company)}
    made_up = {"X-Markethall-Context": _unknown_context(field, service)}
    for token in false:
        headers = {"Authorization": f"Bearer {token}", **good}
        await field.attempt(f"a false token at {service}", method, url, headers, UNKNOWN)
    await field.attempt(f"no context at {service}", method, url, field.bearer, UNKNOWN)
    await field.attempt(f"a made-up context at {service}", method, url, {**field.bearer, **made_up}, UNKNOWN)
    what = f"a good token in the other's context at {service}"
    await field.attempt(what, method, url, {**field.bearer, **good}, DISAGREE)


def _unknown_context(field: Field, service: str = "sales") -> str:
    """A context token for the other company, signed by nobody known."""
    forge = ServiceForge(field.suite)
    forge.key = Ed25519PrivateKey.generate()
    return forge.token(service, field.foreign.known("company"))


def _swapped(token: str, company_id: str) -> str:
    """The claims changed, the signature left."""
    head, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))) | {"cid": company_id}
    changed = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"
