"""Which account an address means, in which realm."""

from services.auth.domain import PLATFORM, Account, normal_address
from services.auth.store import Accounts, Memberships


class Directory:
    """The same address is another account in each realm: the platform's, and each company's customers'."""

    def __init__(self, accounts: Accounts, memberships: Memberships) -> None:
        self._accounts = accounts
        self._memberships = memberships

    async def find(self, email: str, company_id: str | None, *, is_default: bool) -> tuple[str, Account | None]:
        """The realm and the account meant: the default company counts only where no staff has the address."""
        email = normal_address(email)
        if company_id is None or not is_default:
            account = await self._accounts.by_address(company_id or PLATFORM, email)
        else:
            staff = await self._accounts.by_address(PLATFORM, email)
            customer = await self._accounts.by_address(company_id, email)
            account = staff if await self.is_staff(staff) else customer
        return account.realm if account else company_id or PLATFORM, account

    async def is_staff_address(self, email: str) -> bool:
        """Whether somebody who works here, or on the platform, has this address."""
        return await self.is_staff(await self._accounts.by_address(PLATFORM, normal_address(email)))

    async def is_staff(self, account: Account | None) -> bool:
        """Whether this is more than a customer."""
        if account is None:
            return False
        return account.role != "customer" or bool(await self._memberships.everywhere(account.id))
