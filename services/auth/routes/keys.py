"""A company's API keys."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import internal_from, requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.lists import listing
from services.auth.routes.signing_in import Auth
from services.auth.schemas.keys import ExchangedOut, ExchangeIn, KeyIn, KeyOut, KeyPatch, NewKeyOut, RotateIn
from services.auth.service.api_keys import NewKey, Shown

router = APIRouter(tags=["keys"])

Gateway = Annotated[Principal, internal_from("gateway")]
Manager = Annotated[Principal, requires("keys.manage")]


def _with_secret(shown: Shown, answer: Response) -> NewKeyOut:
    answer.headers["cache-control"] = "no-store"
    tag(answer, shown.key.version)
    return NewKeyOut(**KeyOut.model_validate(shown.key).model_dump(), key=shown.secret)


@router.post("/api/keys", status_code=201)
async def make_key(body: KeyIn, who: Manager, auth: Auth, answer: Response) -> NewKeyOut:
    """Make an API key; it is shown in this answer alone."""
    wanted = NewKey(body.name, body.type, body.scopes, body.expires_at)
    return _with_secret(await auth.api_keys.make(who, wanted), answer)


@router.get("/api/keys")
async def list_keys(who: Manager, auth: Auth, page: Annotated[PageRequest, listing("name")]) -> Page[KeyOut]:
    """List the company's API keys, revoked ones too."""
    found = await auth.api_keys.page(who.tenant, page)
    return Page(items=[KeyOut.model_validate(key) for key in found.items], next_cursor=found.next_cursor)


@router.get("/api/keys/{key_id}")
async def read_key(key_id: str, who: Manager, auth: Auth, answer: Response) -> KeyOut:
    """Read one API key."""
    key = await auth.api_keys.read(who.tenant, key_id)
    tag(answer, key.version)
    return KeyOut.model_validate(key)


@router.patch("/api/keys/{key_id}")
async def change_key(
    key_id: str, body: KeyPatch, who: Manager, auth: Auth, answer: Response, if_match: IfMatch = None
) -> KeyOut:
    """Rename an API key, or change when it expires."""
    key = await auth.api_keys.edit(who, key_id, body.changes(), if_match)
    tag(answer, key.version)
    return KeyOut.model_validate(key)


@router.delete("/api/keys/{key_id}", status_code=204)
async def revoke_key(key_id: str, who: Manager, auth: Auth) -> None:
    """Revoke an API key; it stays listed."""
    await auth.api_keys.revoke(who, key_id)


@router.post("/api/keys/{key_id}/rotate")
async def rotate_key(
    key_id: str, who: Manager, auth: Auth, answer: Response, body: RotateIn | None = None
) -> NewKeyOut:
    """Give an API key another secret; the one before works on for the overlap."""
    overlap_seconds = (body or RotateIn()).overlap_seconds
    return _with_secret(await auth.api_keys.rotate(who, key_id, overlap_seconds), answer)


@router.post("/internal/keys/exchange", include_in_schema=False)
async def exchange_key(body: ExchangeIn, who: Gateway, auth: Auth) -> ExchangedOut:
    """A short-lived token for an API key."""
    return ExchangedOut.model_validate(await auth.api_keys.exchange(body.key.get_secret_value()))
