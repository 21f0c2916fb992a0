"""What the suite makes by itself of what others do."""

from dev.walk.world import Maker, World, until


async def _audit_event(world: World) -> str:
    """The first event of the company's audit log."""

    async def first() -> list[str]:
        page = await world.admin.get("/api/audit/events?sort=sequence&limit=1")
        return [each["id"] for each in page["items"]]

    found: list[str] = await until(first, bool)
    return found[0]


MAKERS: dict[str, Maker] = {"audit_event": _audit_event}
