"""Register, sign in, refresh, sign out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from common.errors import Forbidden
from common.identity.principal import Principal
from common.identity.requires import Anyone, SignedIn
from services.auth.schemas.people import (
    LoginIn,
    MembershipOut,
    MeOut,
    RefreshIn,
    RegisterIn,
    SwitchIn,
    TokensOut,
    UserOut,
)
from services.auth.service import AuthService, Visit

router = APIRouter(tags=["auth"])
LONGEST_USER_AGENT = 300


def service_of(request: Request) -> AuthService:
    """The use cases of this process."""
    service: AuthService = request.app.state.service
    return service


def storefront_of(who: Principal) -> str | None:
    """The company on whose storefront the call was made; a member of staff's own token names none."""
    return None if who.company_id is not None and who.is_staff else who.tenant_id


def person_of(who: SignedIn) -> Principal:
    """The signed-in caller, who must be a person: keys and services have no sessions."""
    if who.kind != "user":
        raise Forbidden("permission_denied", "This is for people who are signed in.")
    return who


def visit_of(
    user_agent: Annotated[str | None, Header(include_in_schema=False)] = None,
    x_device_token: Annotated[str | None, Header(max_length=200)] = None,
) -> Visit:
    """What somebody signs in with, beside the password."""
    return Visit(user_agent[:LONGEST_USER_AGENT] if user_agent else None, x_device_token)


Auth = Annotated[AuthService, Depends(service_of)]
Person = Annotated[Principal, Depends(person_of)]
Visiting = Annotated[Visit, Depends(visit_of)]
IsDefaultTenant = Annotated[bool, Header(alias="x-markethall-default-tenant", include_in_schema=False)]


@router.post("/api/auth/register", status_code=201)
async def register(
    body: RegisterIn, who: Anyone, auth: Auth, answer: Response, visit: Visiting, is_default: IsDefaultTenant = False
) -> TokensOut:
    """Sign up as a customer."""
    answer.headers["cache-control"] = "no-store"
    pair = await auth.signing_in.register(
        email=body.email,
        password=body.password.get_secret_value(),
        role=body.role,
        name=body.name,
        company_id=storefront_of(who),
        is_default=is_default,
        visit=visit,
    )
    return TokensOut.model_validate(pair)


@router.post("/api/auth/login")
async def login(
    body: LoginIn, who: Anyone, auth: Auth, answer: Response, visit: Visiting, is_default: IsDefaultTenant = False
) -> TokensOut:
    """Sign in."""
    answer.headers["cache-control"] = "no-store"
    pair = await auth.signing_in.login(
        email=body.email,
        password=body.password.get_secret_value(),
        company_id=storefront_of(who),
        is_default=is_default,
        visit=visit,
    )
    return TokensOut.model_validate(pair)


@router.post("/api/auth/refresh")
async def refresh(body: RefreshIn, who: Anyone, auth: Auth, answer: Response) -> TokensOut:
    """Replace a refresh token; an old one used again ends its session."""
    answer.headers["cache-control"] = "no-store"
    return TokensOut.model_validate(await auth.sessions.refresh(body.refresh_token.get_secret_value()))


@router.post("/api/auth/logout", status_code=204)
async def logout(who: Person, auth: Auth) -> None:
    """Sign out."""
    await auth.sessions.end(who)


@router.get("/api/auth/me")
async def me(who: Person, auth: Auth) -> MeOut:
    """Who the caller is."""
    known = await auth.signing_in.me(who)
    return MeOut(
        user=UserOut.model_validate(known.user),
        role=who.role,
        company_id=who.company_id,
        shop_ids=list(who.shop_ids),
        permissions=sorted(who.permissions),
        memberships=[MembershipOut.model_validate(member) for member in known.memberships],
    )


@router.post("/api/auth/switch")
async def switch(body: SwitchIn, who: Person, auth: Auth, answer: Response, visit: Visiting) -> TokensOut:
    """Go on in another of one's companies."""
    answer.headers["cache-control"] = "no-store"
    return TokensOut.model_validate(await auth.signing_in.switch(who, body.company_id, visit))


@router.post("/api/auth/invitations/{company_id}/accept")
async def accept_invitation(company_id: str, who: Person, auth: Auth, answer: Response, visit: Visiting) -> TokensOut:
    """Accept a company's invitation and sign in there."""
    answer.headers["cache-control"] = "no-store"
    return TokensOut.model_validate(await auth.signing_in.accept(who, company_id, visit))
