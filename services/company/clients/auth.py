"""What the company service asks of auth."""

from dataclasses import dataclass
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.errors import Conflict, DomainError, Invalid, Unavailable


@dataclass(frozen=True, slots=True)
class Admin:
    """A company's first admin. Without a password an existing account is invited."""

    email: str
    name: str
    password: str | None


class Auth:
    """The auth service, as far as founding a company needs it."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def hire_admin(self, company_id: str, admin: Admin) -> None:
        """Make the admin's account. Raises what auth refused, or Unavailable when there is no answer."""
        body: dict[str, Any] = {
            "companyId": company_id,
            "email": admin.email,
            "name": admin.name,
            "role": "company_admin",
            "shopIds": [],
        }
        if admin.password is not None:
            body["password"] = admin.password
        try:
            await self._clients.post("auth", "/internal/staff", body, tenant=company_id)
        except CallRefused as error:
            raise _refusal(error) from error

    async def has_staff(self, company_id: str) -> bool:
        """Whether anybody works for the company. Raises Unavailable."""
        told = await self._clients.get("auth", f"/internal/staff/{company_id}", tenant=company_id)
        return bool(told["items"])


def _refusal(error: CallRefused) -> DomainError:
    detail = str(error.problem.get("detail", ""))
    if error.status == 422:
        fields = [(f"admin.{entry['field']}", entry["message"]) for entry in error.problem.get("errors", ())]
        return Invalid(error.code, detail, fields)
    if error.status == 409:
        return Conflict(error.code, detail)
    return Unavailable("The auth service refused the question.")
