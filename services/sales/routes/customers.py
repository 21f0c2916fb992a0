"""Routes of customers."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.sales.routes import translation
from services.sales.routes.parameters import CustomerFilters, Sales
from services.sales.schemas.customers import CustomerIn, CustomerOut, CustomerPatch

router = APIRouter(prefix="/api/customers", tags=["customers"])

Reader = Annotated[Principal, requires("customers.read")]
Writer = Annotated[Principal, requires("customers.write")]
Listing = Annotated[PageRequest, listing("name")]


@router.post("", status_code=201)
async def add_customer(
    body: CustomerIn, who: Writer, sales: Sales, once: Idempotent, response: Response
) -> CustomerOut:
    """Add a customer record."""

    async def work() -> CustomerOut:
        customer = await sales.customers.add(
            who,
            once.id_for("cus"),
            email=body.email,
            name=body.name,
            phone=body.phone,
            address=translation.address(body.address),
            addresses=translation.addresses(body.addresses),
            tags=body.tags,
            groups=body.groups,
        )
        return translation.customer_out(customer)

    shown = await once(work, status=201)
    tag(response, shown.version)
    return shown


@router.get("")
async def list_customers(who: Reader, sales: Sales, page: Listing, wanted: CustomerFilters) -> Page[CustomerOut]:
    """List customers by the beginning of name, address or phone; archived ones only when asked for."""
    return translation.customers_out(await sales.customers.browse(who, wanted, page))


@router.get("/{customer_id}")
async def read_customer(customer_id: str, who: Reader, sales: Sales, response: Response) -> CustomerOut:
    """Read one customer."""
    customer = await sales.customers.read(who, customer_id)
    tag(response, customer.version)
    return translation.customer_out(customer)


@router.patch("/{customer_id}")
async def edit_customer(
    customer_id: str, body: CustomerPatch, who: Writer, sales: Sales, response: Response, if_match: IfMatch = None
) -> CustomerOut:
    """Change a customer."""
    changes = translation.changes(body.changes(), "address")
    customer = await sales.customers.edit(who, customer_id, changes, if_match)
    tag(response, customer.version)
    return translation.customer_out(customer)


@router.delete("/{customer_id}", status_code=204)
async def archive_customer(customer_id: str, who: Writer, sales: Sales, if_match: IfMatch = None) -> None:
    """Archive a customer: hidden from lists, refused for new orders, kept for the old ones."""
    await sales.customers.archive(who, customer_id, if_match)
