"""The caller's own sessions."""

from typing import Annotated

from fastapi import APIRouter

from common.pagination import Page, PageRequest
from common.web.lists import listing
from services.auth.domain import Session
from services.auth.routes.signing_in import Auth, Person
from services.auth.schemas.sessions import SessionOut

router = APIRouter(prefix="/api/auth/sessions", tags=["auth"])


def _shown(session: Session, current: str | None) -> SessionOut:
    return SessionOut(
        id=session.id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        ip=session.client_ip,
        user_agent=session.user_agent,
        current=session.id == current,
    )


@router.get("")
async def list_sessions(who: Person, auth: Auth, page: Annotated[PageRequest, listing()]) -> Page[SessionOut]:
    """List one's own sessions."""
    found = await auth.sessions.page(who, page)
    return Page(items=[_shown(one, who.session_id) for one in found.items], next_cursor=found.next_cursor)


@router.delete("", status_code=204)
async def end_sessions(who: Person, auth: Auth) -> None:
    """Sign out everywhere, here too."""
    await auth.sessions.end_everywhere(who)


@router.delete("/{session_id}", status_code=204)
async def end_session(session_id: str, who: Person, auth: Auth) -> None:
    """End one of one's own sessions."""
    await auth.sessions.end_own(who, session_id)
