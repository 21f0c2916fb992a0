"""What other services may ask and tell."""

from typing import Annotated

from fastapi import APIRouter

from common.identity.principal import Principal
from common.identity.requires import InternalCaller, internal_from
from services.auth.routes.signing_in import Auth
from services.auth.schemas.internal import RevocationsOut, RevokedSession, StaffIn, StaffListOut, StaffOut, StaffPatch
from services.auth.service.staff import Hire, require_same_company

router = APIRouter(prefix="/internal", include_in_schema=False)

StaffKeeper = Annotated[Principal, internal_from("company", "shop")]


@router.post("/staff", status_code=201)
async def hire(body: StaffIn, who: StaffKeeper, auth: Auth) -> StaffOut:
    """Make an account with a membership, or invite the account that is there."""
    require_same_company(who, body.company_id)
    password = body.password.get_secret_value() if body.password else None
    wanted = Hire(body.email, body.name, body.role, body.shop_ids, password)
    return StaffOut.model_validate(await auth.staff.hire(body.company_id, wanted))


@router.get("/staff/{company_id}")
async def list_staff(company_id: str, who: StaffKeeper, auth: Auth) -> StaffListOut:
    """The first hundred who work for a company."""
    require_same_company(who, company_id)
    members = await auth.staff.everybody(company_id)
    return StaffListOut(items=[StaffOut.model_validate(member) for member in members])


@router.get("/staff/{company_id}/{user_id}")
async def tell_staff(company_id: str, user_id: str, who: StaffKeeper, auth: Auth) -> StaffOut:
    """One membership."""
    require_same_company(who, company_id)
    return StaffOut.model_validate(await auth.staff.tell(company_id, user_id))


@router.patch("/staff/{company_id}/{user_id}")
async def change_staff(company_id: str, user_id: str, body: StaffPatch, who: StaffKeeper, auth: Auth) -> StaffOut:
    """Change a membership."""
    require_same_company(who, company_id)
    member = await auth.staff.change(
        company_id,
        user_id,
        lambda one: one.change(
            role=body.role,
            shop_ids=one.shops_after(body.shop_ids, body.add_shop_ids, body.remove_shop_ids),
            status=body.status,
        ),
    )
    return StaffOut.model_validate(member)


@router.delete("/staff/{company_id}/{user_id}", status_code=204)
async def end_staff(company_id: str, user_id: str, who: StaffKeeper, auth: Auth) -> None:
    """End a membership."""
    require_same_company(who, company_id)
    await auth.staff.end(company_id, user_id)


@router.get("/revocations")
async def revocations(who: InternalCaller, auth: Auth) -> RevocationsOut:
    """What was revoked and may not have expired yet; for copies that have just started."""
    told = [*await auth.sessions.revocations(), *await auth.api_keys.revocations()]
    sessions = [RevokedSession.model_validate(one) for one in told]
    return RevocationsOut(sessions=sessions, companies=await auth.companies.inactive())
