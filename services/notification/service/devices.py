"""The devices on which somebody takes push messages."""

from common.clock import Clock
from common.errors import Conflict, NotFound, VersionConflict
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import Page, PageRequest
from services.notification.domain import DEVICES_LIMIT, Device, Platform
from services.notification.store import Devices

TRIES = 5


class DeviceRegister:
    """A person's own devices; nobody sees another's."""

    def __init__(self, devices: Devices, clock: Clock) -> None:
        self._devices = devices
        self._clock = clock

    async def list(self, who: Principal, page: PageRequest) -> Page[Device]:
        """The caller's devices."""
        return await self._devices.for_platform().page({"userId": who.id, "active": True}, page)

    async def register(self, who: Principal, token: str, platform: Platform) -> Device:
        """Take messages on a device; a token that somebody else had before is the caller's from now on.

        Raises Conflict ``too_many_devices``.
        """
        store = self._devices.for_platform()
        for _ in range(TRIES):
            known = await store.find_one({"token": token, "active": True})
            if known is not None and (known.user_id, known.platform) == (who.id, platform):
                return known
            if known is not None:
                await self._remove(known)
            if len(await store.find_many({"userId": who.id, "active": True}, DEVICES_LIMIT)) >= DEVICES_LIMIT:
                raise Conflict("too_many_devices", f"There are {DEVICES_LIMIT} devices; remove one first.")
            device = self._new(who, token, platform)
            if await store.insert_new(device):
                return device
        raise VersionConflict()

    async def remove(self, who: Principal, device_id: str) -> None:
        """Take no more messages there. Raises NotFound, also for somebody else's."""
        store = self._devices.for_platform()
        device = await store.find_one({"_id": device_id, "userId": who.id, "active": True})
        if device is None:
            raise NotFound("device")
        await self._remove(device)

    async def _remove(self, device: Device) -> None:
        device.remove(self._clock.now(), "removed")
        await self._devices.for_platform().save(device)

    def _new(self, who: Principal, token: str, platform: Platform) -> Device:
        now = self._clock.now()
        device = Device(
            id=new_id("dev"),
            company_id=who.company_id,
            created_at=now,
            updated_at=now,
            user_id=who.id,
            customer_id=who.customer_id,
            token=token,
            platform=platform,
        )
        device.announce()
        return device
