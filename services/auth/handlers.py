"""The inbox of the auth service."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.tenancy import (
    CompanyCreated,
    CompanyReactivated,
    CompanySuspended,
    CompanyUpdated,
    ShopStaffAdded,
    ShopStaffRemoved,
)
from services.auth.service import AuthService


async def note_suspension(service: AuthService, event: Envelope[CompanySuspended]) -> None:
    """A company's people can no longer sign in."""
    await service.companies.note(event.data.company_id, event.data.status, event.sequence)


async def note_reactivation(service: AuthService, event: Envelope[CompanyReactivated]) -> None:
    """A company's people can sign in again."""
    await service.companies.note(event.data.company_id, "active", event.sequence)


async def note_limits(service: AuthService, event: Envelope[CompanyCreated] | Envelope[CompanyUpdated]) -> None:
    """How many people may work for a company."""
    await service.companies.note_limits(event.data.company_id, event.data.limits.model_dump(), event.sequence)


async def enter_shop(service: AuthService, event: Envelope[ShopStaffAdded]) -> None:
    """Somebody works in a shop now; the hiring call has told it already, unless a departure overtook it."""
    shop_id, user_id = event.data.shop_id, event.data.user_id
    if event.company_id:
        await service.staff.follow_shop(
            event.company_id, user_id, lambda member: member.enter_shop(shop_id, event.sequence)
        )


async def leave_shop(service: AuthService, event: Envelope[ShopStaffRemoved]) -> None:
    """Somebody has left a shop: the membership narrows, and ends with the last shop."""
    shop_id, user_id = event.data.shop_id, event.data.user_id
    if event.company_id:
        await service.staff.follow_shop(
            event.company_id, user_id, lambda member: member.leave_shop(shop_id, event.sequence)
        )


HANDLERS: Handlers = {
    CompanyCreated: note_limits,
    CompanyUpdated: note_limits,
    CompanySuspended: note_suspension,
    CompanyReactivated: note_reactivation,
    ShopStaffAdded: enter_shop,
    ShopStaffRemoved: leave_shop,
}
