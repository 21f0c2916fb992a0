"""Sessions as their owner sees them."""

from datetime import datetime

from common.web.schema import Out


class SessionOut(Out):
    """One sign-in; ``current`` is the one that asks."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool
