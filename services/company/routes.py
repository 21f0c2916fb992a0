"""HTTP of the company service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from common.identity.principal import Principal
from common.identity.requires import InternalCaller, requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from common.web.schema import Search
from services.company.clients import Admin
from services.company.domain import Status
from services.company.schemas import CompanyFacts, CompanyIn, CompanyOut, CompanyPatch, OriginOut
from services.company.service import CompanyService

router = APIRouter(tags=["companies"])


def _service(request: Request) -> CompanyService:
    service: CompanyService = request.app.state.service
    return service


Companies = Annotated[CompanyService, Depends(_service)]
Founder = Annotated[Principal, requires("companies.create")]
Reader = Annotated[Principal, requires("companies.list", "company.read")]
Writer = Annotated[Principal, requires("companies.suspend", "company.write")]


@router.post("/api/companies", status_code=201)
async def found_company(
    body: CompanyIn, who: Founder, companies: Companies, once: Idempotent, answer: Response
) -> CompanyOut:
    """Found a company with its first admin."""

    async def found() -> CompanyOut:
        password = body.admin.password.get_secret_value() if body.admin.password else None
        company = await companies.found(
            company_id=once.id_for("cmp"),
            name=body.name,
            slug=body.slug,
            currency=body.currency,
            timezone=body.timezone,
            country=body.country,
            plan=body.plan,
            admin=Admin(body.admin.email, body.admin.name, password),
        )
        tag(answer, company.version)
        return CompanyOut.model_validate(company)

    return await once(found, status=201)


@router.get("/api/companies")
async def list_companies(
    who: Reader,
    companies: Companies,
    page: Annotated[PageRequest, listing("name", "slug")],
    search: Annotated[Search | None, Query()] = None,
    status: Status | None = None,
) -> Page[CompanyOut]:
    """List companies."""
    found = await companies.list(who, search, status, page)
    return Page(items=[CompanyOut.model_validate(company) for company in found.items], next_cursor=found.next_cursor)


@router.get("/api/companies/{company_id}")
async def read_company(company_id: str, who: Reader, companies: Companies, answer: Response) -> CompanyOut:
    """Read one company."""
    company = await companies.read(who, company_id)
    tag(answer, company.version)
    return CompanyOut.model_validate(company)


@router.patch("/api/companies/{company_id}")
async def edit_company(
    company_id: str, body: CompanyPatch, who: Writer, companies: Companies, answer: Response, if_match: IfMatch = None
) -> CompanyOut:
    """Change a company; its status, plan and limits only the platform's administrator."""
    changes = body.changes()
    if body.settings is not None:
        changes["settings"] = body.settings.changes()
    if body.limits is not None:
        changes["limits"] = body.limits.changes()
    company = await companies.edit(who, company_id, changes, if_match)
    tag(answer, company.version)
    return CompanyOut.model_validate(company)


@router.get("/internal/companies/{name}", include_in_schema=False)
async def tell_company(name: str, who: InternalCaller, companies: Companies) -> CompanyFacts:
    """What other services may ask, by id or slug."""
    return CompanyFacts.model_validate(await companies.tell(name))


@router.get("/internal/origins", include_in_schema=False)
async def tell_origin(
    origin: Annotated[str, Query(max_length=255)], who: InternalCaller, companies: Companies
) -> OriginOut:
    """Whether any company lets pages of an origin call."""
    return OriginOut(is_allowed=await companies.knows_origin(origin))
