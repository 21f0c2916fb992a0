"""Forgotten passwords, addresses to verify, accounts to unlock, invitations to accept."""

from fastapi import APIRouter, Response

from common.identity.requires import Anyone, InternalCaller
from services.auth.routes.signing_in import Auth, IsDefaultTenant, Person, Visiting, storefront_of
from services.auth.schemas.internal import LinkOut
from services.auth.schemas.people import TokensOut
from services.auth.schemas.recovery import AcceptIn, EmailChangeIn, ForgotIn, PasswordIn, ResetIn, TokenIn

router = APIRouter(tags=["auth"])


@router.post("/api/auth/password/forgot", status_code=202)
async def forgot_password(body: ForgotIn, who: Anyone, auth: Auth, is_default: IsDefaultTenant = False) -> None:
    """Mail a link to a new password; the answer is the same for an unknown address."""
    await auth.recovery.forgot(body.email, storefront_of(who), is_default=is_default)


@router.post("/api/auth/password/reset", status_code=204)
async def reset_password(body: ResetIn, who: Anyone, auth: Auth) -> None:
    """Set a new password by a mailed link; every session ends."""
    await auth.recovery.reset(body.token.get_secret_value(), body.password.get_secret_value())


@router.post("/api/auth/password/change", status_code=204)
async def change_password(body: PasswordIn, who: Person, auth: Auth) -> None:
    """Change the password; the other sessions end."""
    current, wanted = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    await auth.recovery.change_password(who, current, wanted)


@router.post("/api/auth/unlock", status_code=204)
async def unlock_account(body: TokenIn, who: Anyone, auth: Auth) -> None:
    """Let the owner sign in again after too many wrong passwords."""
    await auth.recovery.unlock(body.token.get_secret_value())


@router.post("/api/auth/email/verification", status_code=202)
async def ask_verification(who: Person, auth: Auth) -> None:
    """Mail the link again that verifies one's address."""
    await auth.recovery.ask_verification(who)


@router.post("/api/auth/email/verify", status_code=204)
async def verify_email(body: TokenIn, who: Anyone, auth: Auth) -> None:
    """Verify an address by a mailed link."""
    await auth.recovery.verify(body.token.get_secret_value())


@router.post("/api/auth/email/change", status_code=202)
async def change_email(body: EmailChangeIn, who: Person, auth: Auth) -> None:
    """Ask for another address; it counts once it was verified."""
    await auth.recovery.ask_change(who, body.new_email, body.password.get_secret_value())


@router.post("/api/auth/invitations/accept")
async def accept_invitation_by_mail(
    body: AcceptIn, who: Anyone, auth: Auth, answer: Response, visit: Visiting
) -> TokensOut:
    """Accept an invitation by its mailed link, and sign in there."""
    answer.headers["cache-control"] = "no-store"
    password = body.password.get_secret_value() if body.password else None
    pair = await auth.invitations.accept(who, body.token.get_secret_value(), password, visit)
    return TokensOut.model_validate(pair)


@router.get("/internal/links/{link_id}", include_in_schema=False)
async def tell_link(link_id: str, who: InternalCaller, auth: Auth) -> LinkOut:
    """What to put into a mail; for the notification service alone."""
    return LinkOut.model_validate(await auth.links.tell(who, link_id))
