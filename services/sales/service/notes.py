"""Notes that staff leave on orders and customers."""

from common.clock import Clock
from common.context import current
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.sales.domain.note import About, Note
from services.sales.domain.record import Actor
from services.sales.service.access import Access
from services.sales.store import Customers, Notes


class NoteService:
    """Writes and lists notes; whoever sees the order or the customer as staff sees them."""

    def __init__(self, notes: Notes, access: Access, customers: Customers, clock: Clock) -> None:
        self._notes = notes
        self._access = access
        self._customers = customers
        self._clock = clock

    async def write(self, who: Principal, about: About, about_id: str, text: str, note_id: str) -> Note:
        """A new note. Raises NotFound for what the caller cannot see."""
        shop_id = await self._require(who, about, about_id)
        now, by = self._clock.now(), Actor.read(current().actor)
        note = Note.write(note_id, who.tenant, about, about_id, text, shop_id=shop_id, now=now, by=by)
        return await self._notes.for_company(who.tenant).add(note)

    async def browse(self, who: Principal, about: About, about_id: str, page: PageRequest) -> Page[Note]:
        """Notes, the newest first. Raises NotFound for what the caller cannot see."""
        await self._require(who, about, about_id)
        return await self._notes.for_company(who.tenant).page({"aboutId": about_id}, page)

    async def _require(self, who: Principal, about: About, about_id: str) -> str | None:
        """The shop of what the note is about."""
        if about == "order":
            return (await self._access.order(who, about_id)).shop_id
        await self._customers.for_company(who.tenant).get(about_id)
        return None
