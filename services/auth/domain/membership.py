"""Memberships: what a person may do in one company."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate
from common.errors import Conflict, Invalid
from common.events.identity import SessionRevoked, UserCreated, UserDisabled, UserUpdated

StaffRole = Literal["company_admin", "shop_manager", "shop_staff"]
MembershipStatus = Literal["active", "invited", "disabled"]

UNCHANGED: Any = object()
"""Stands for what a change does not name, where None means something."""


class Membership(Aggregate):
    """One person's work for one company. ``shop_marks`` holds the last staff event heard of each shop.

    ``has_accepted`` tells a membership that was active before from an invitation that never was.
    ``left_shops``: it ended because the last shop was left, and resumes when a shop is entered again.
    ``role_id``: the company's own role whose permissions count instead of the base role's.
    ``tokens_from``: tokens issued before that second (since 1970) are refused.
    """

    user_id: str
    email: str
    name: str | None
    role: StaffRole
    role_id: str | None = None
    shop_ids: list[str] = []
    status: MembershipStatus
    has_accepted: bool = False
    left_shops: bool = False
    shop_marks: dict[str, int] = {}
    tokens_from: int = 0

    @classmethod
    def begin(
        cls,
        *,
        membership_id: str,
        company_id: str,
        user_id: str,
        email: str,
        name: str | None,
        role: StaffRole,
        shop_ids: Sequence[str],
        is_invited: bool,
        now: datetime,
        role_id: str | None = None,
    ) -> "Membership":
        """A new one: active at once, or an invitation that the person has to accept."""
        member = cls(
            id=membership_id,
            company_id=company_id,
            user_id=user_id,
            email=email,
            name=name,
            role=role,
            role_id=role_id,
            shop_ids=list(dict.fromkeys(shop_ids)),
            status="invited" if is_invited else "active",
            has_accepted=not is_invited,
            created_at=now,
            updated_at=now,
        )
        member.record(
            UserCreated(
                user_id=user_id,
                email=email,
                name=name,
                role=role,
                role_id=role_id,
                shop_ids=member.shop_ids,
                status=member.status,
            )
        )
        return member

    @property
    def is_active_admin(self) -> bool:
        """Whether this is one of those of whom the last must stay; a role of the company's own may lack anything."""
        return self.role == "company_admin" and self.status == "active" and self.role_id is None

    @property
    def reach(self) -> tuple[str, str | None, tuple[str, ...]]:
        """What a token says of it."""
        return self.role, self.role_id, tuple(sorted(self.shop_ids))

    def stop_tokens(self, now: datetime) -> None:
        """Refuse the tokens that are about; the sessions go on, and a refresh brings the new ones."""
        self.tokens_from = max(int(now.timestamp()), self.tokens_from) + 1
        reason = "membership_changed"
        self.record(SessionRevoked(user_id=self.user_id, revoked_before=self.tokens_from, reason=reason))

    def readdress(self, email: str) -> None:
        """The person has another address."""
        before, self.email = self.email, email
        self._tell({"email": before}, {"email": email})

    def invite_again(self, role: StaffRole, shop_ids: Sequence[str], role_id: str | None = None) -> None:
        """Hire somebody known: more shops in the same role, or a new invitation after an end.

        Raises Conflict ``role_conflict``: a person has one role in a company.
        """
        if self.status == "disabled":
            self.change(role=role, shop_ids=list(shop_ids), status="invited", role_id=role_id)
            self.has_accepted = False
            return
        if role != self.role:
            raise Conflict("role_conflict", "This person already works for the company in another role.")
        held = role_id if role_id is not None else UNCHANGED
        self.change(shop_ids=list(dict.fromkeys([*self.shop_ids, *shop_ids])), role_id=held)

    def accept(self) -> None:
        """The person says yes. Raises Conflict ``not_invited``; accepting twice changes nothing."""
        if self.status == "disabled":
            raise Conflict("not_invited", "There is no open invitation from this company.")
        if self.status == "invited":
            self.has_accepted = True
            self.change(status="active")

    def change(
        self,
        *,
        role: StaffRole | None = None,
        shop_ids: list[str] | None = None,
        status: MembershipStatus | None = None,
        role_id: str | None = UNCHANGED,
    ) -> bool:
        """Apply what is given and record what was there before. True when anything changed."""
        if status == "active" and not self.has_accepted:
            raise Invalid("invitation_open", "Only the invited person can accept.", [("status", "is still invited")])
        wanted: dict[str, Any] = {"role": role, "shop_ids": shop_ids, "status": status}
        changed = {name: value for name, value in wanted.items() if value not in (None, getattr(self, name))}
        if role_id is not UNCHANGED and role_id != self.role_id:
            changed["role_id"] = role_id
        if not changed:
            return False
        before = {name: getattr(self, name) for name in changed}
        for name, value in changed.items():
            setattr(self, name, value)
        self.left_shops = False
        self._tell(before, changed)
        return True

    def shops_after(self, shop_ids: list[str] | None, added: list[str], removed: list[str]) -> list[str]:
        """The shops that a request asks for: ``shop_ids`` or the present ones, with additions and removals."""
        wanted = [*(self.shop_ids if shop_ids is None else shop_ids), *added]
        return [shop_id for shop_id in dict.fromkeys(wanted) if shop_id not in removed]

    def enter_shop(self, shop_id: str, sequence: int) -> None:
        """A shop says that the person works there; what is older than the last word changes nothing."""
        if not self._is_news(shop_id, sequence):
            return
        resumes = self.status == "disabled" and self.left_shops
        status: MembershipStatus | None = ("active" if self.has_accepted else "invited") if resumes else None
        self.change(shop_ids=list(dict.fromkeys([*self.shop_ids, shop_id])), status=status)

    def leave_shop(self, shop_id: str, sequence: int) -> None:
        """A shop says that the person has left; whoever works in no shop any more works here no more."""
        if not self._is_news(shop_id, sequence):
            return
        remaining = [known for known in self.shop_ids if known != shop_id]
        is_over = not remaining and self.role != "company_admin" and self.status != "disabled"
        self.change(shop_ids=remaining, status="disabled" if is_over else None)
        self.left_shops = self.left_shops or is_over

    def _is_news(self, shop_id: str, sequence: int) -> bool:
        if self.shop_marks.get(shop_id, 0) >= sequence:
            return False
        self.shop_marks = {**self.shop_marks, shop_id: sequence}
        return True

    def _tell(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.record(
            UserUpdated(
                before=before,
                after=after,
                user_id=self.user_id,
                email=self.email,
                name=self.name,
                role=self.role,
                role_id=self.role_id,
                shop_ids=self.shop_ids,
                status=self.status,
            )
        )
        if after.get("status") == "disabled":
            self.record(UserDisabled(user_id=self.user_id, email=self.email))
