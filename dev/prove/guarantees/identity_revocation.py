"""Row 34: what was taken back is refused everywhere, soon."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from common.messaging.announcements import AGAIN_SECONDS
from dev.prove.guarantees.identity_doors import (
    CALL_SECONDS,
    REVOKED,
    Bearer,
    Doors,
    Held,
    Socket,
    bearer,
    fresh_address,
    signed_in,
)
from dev.prove.rows import Kind, guarantee
from dev.prove.stage import Stage
from dev.prove.trade import House, found
from dev.prove.trade.house import PASSWORD
from dev.trading import Api, Refused

REFUSED_SECONDS = 5.0
LOOKS_SECONDS = AGAIN_SECONDS[1] + 2.0
"""After its start a copy looks at auth's list again: by then it has, and goes by what it hears."""
COPIES = 2
AWAY_SECONDS = 3.0
ATTEMPTS = 5
TRIES = 4
USERS = "/api/users"
KEY_SCOPES = ["orders.read", "products.read", "realtime.connect"]

Act = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A credential that is good now, and what takes it back."""

    held: Held
    take_back: Act


@guarantee(
    34,
    "revocation",
    "sign-out, role changed or edited, staff removed, password changed, key revoked, company suspended: refused by "
    "both gateways, every service directly, every open socket ≤ 5 s; also what is taken back while the broker is away",
    kind=Kind.ROUGH,
)
async def what_was_taken_back_is_refused(stage: Stage) -> None:
    await stage.suite.reconfigure("gateway", copies=COPIES)
    await stage.suite.reconfigure("realtime", copies=COPIES)
    looked = time.monotonic() + LOOKS_SECONDS
    worst: dict[str, float] = {}
    async with Doors(stage.suite) as doors, Cast(stage, doors) as cast:
        for _ in range(stage.pick(1, 6)):
            cases = await cast.cases()
            for case in cases:
                stage.none(f"{case.held.name}: doors that did not take it before", await case.held.is_known(doors))
            await asyncio.sleep(max(looked - time.monotonic(), 0.0))
            for name, seconds in await asyncio.gather(*(_take_back(stage, doors, case) for case in cases)):
                worst[name] = max(worst.get(name, 0.0), seconds)
        for name, seconds in worst.items():
            stage.at_most(
                f"{name}: seconds until both gateways, 12 services and the socket refuse", REFUSED_SECONDS, seconds
            )
        for _ in range(stage.pick(1, 3)):
            await _while_the_broker_is_away(stage, doors, cast)


async def _take_back(stage: Stage, doors: Doors, case: Case) -> tuple[str, float]:
    await case.take_back()
    seconds = await case.held.until_refused(doors, REFUSED_SECONDS)
    stage.count("credentials taken back")
    stage.count("doors tried", len(seconds))
    if case.held.socket.closed.is_set():
        stage.check(f"{case.held.name}: the socket's close code", REVOKED, case.held.socket.code)
    await case.held.socket.close()
    return case.held.name, max(seconds.values())


async def _while_the_broker_is_away(stage: Stage, doors: Doors, cast: "Cast") -> None:
    """Nobody hears of it: what is opened meanwhile with the old token ends as soon as the broker is back.

    Who looks at auth's list in just that moment, as each copy does a few times after its start, refuses it at once:
    then it is done once more.
    """
    for _ in range(TRIES):
        case = await cast.role_changed()
        broker = await stage.suite.freeze("rabbitmq")
        try:
            await case.take_back()
            await asyncio.sleep(AWAY_SECONDS)
            late = await _socket_with_old_token(doors, case)
        finally:
            stage.suite.thaw(broker)
        seconds = await case.held.until_refused(doors, REFUSED_SECONDS)
        stage.at_most(
            "broker away: seconds after its return until all doors refuse", REFUSED_SECONDS, max(seconds.values())
        )
        stage.count("credentials taken back while the broker was away")
        await case.held.socket.close()
        if late is not None:
            closed = await _code_of(late)
            stage.check("broker away: a socket opened meanwhile with the old token closes", REVOKED, closed)
            await late.close()
            return
    stage.check("broker away: tries in which a socket was opened with the old token", "≥ 1", 0)


async def _socket_with_old_token(doors: Doors, case: Case) -> Socket | None:
    """None where the token is refused already."""
    try:
        return await doors.socket(case.held.headers, ["orders"])
    except httpx2.HTTPStatusError as error:
        if error.response.status_code != httpx2.codes.UNAUTHORIZED:
            raise
        return None


async def _code_of(socket: Socket) -> int | None:
    try:
        async with asyncio.timeout(REFUSED_SECONDS):
            await socket.closed.wait()
    except TimeoutError:
        return None
    code: int | None = socket.code
    return code


class Cast:
    """A company's people and keys, each to lose what they hold in another way."""

    def __init__(self, stage: Stage, doors: Doors) -> None:
        self._stage = stage
        self._doors = doors
        self._http = httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS)
        self._platform = Api(stage.suite.gateway)

    async def __aenter__(self) -> "Cast":
        await self._platform.sign_in(*self._stage.suite.administrator)
        self._house = await found(self._stage.suite, "revoked", goods=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._house.close()
        await self._platform.__aexit__()
        await self._http.aclose()

    async def cases(self) -> list[Case]:
        """One of each."""
        makers = (
            self.signed_out,
            self.role_changed,
            self.role_edited,
            self.removed,
            self.left_the_shop,
            self.password_changed,
            self.key_revoked,
            self.company_suspended,
        )
        return [await make() for make in makers]

    async def signed_out(self) -> Case:
        """A session that ends, while another of the same person goes on."""
        session = await signed_in(self._http, self._house.admin_email)
        headers = bearer(session["accessToken"])
        return Case(await self._hold("sign-out", headers), lambda: self._post("/api/auth/logout", headers))

    async def role_changed(self) -> Case:
        """A manager who becomes staff."""
        user_id, _, headers = await self._hire("shop_manager")
        path = f"/api/users/{user_id}"
        return Case(
            await self._hold("role changed", headers), lambda: self._house.admin.patch(path, {"role": "shop_staff"})
        )

    async def role_edited(self) -> Case:
        """Somebody with a role of the company's own, from which a permission is taken."""
        permissions = ["orders.read", "products.read", "realtime.connect"]
        body = {"name": f"Reader {secrets.token_hex(4)}", "permissions": permissions}
        role = await self._house.admin.post("/api/roles", body)
        _, _, headers = await self._hire("shop_staff", roleId=role["id"])
        narrowed = {"permissions": permissions[1:]}
        path = f"/api/roles/{role['id']}"
        return Case(await self._hold("role edited", headers), lambda: self._house.admin.patch(path, narrowed))

    async def removed(self) -> Case:
        """Staff whose work for the company ends."""
        user_id, _, headers = await self._hire("shop_staff")
        held = await self._hold("staff removed", headers)
        return Case(held, lambda: self._house.admin.delete(f"/api/users/{user_id}"))

    async def left_the_shop(self) -> Case:
        """Staff who leave their only shop, which the shop service says."""
        path = f"/api/shops/{self._house.shop_id}/staff"
        user_id, _, headers = await self._hire("shop_staff", path)
        held = await self._hold("staff removed from their shop", headers)
        return Case(held, lambda: self._house.admin.delete(f"{path}/{user_id}"))

    async def password_changed(self) -> Case:
        """A session, after the person changed the password in another."""
        _, email, headers = await self._hire("shop_staff")
        other = bearer((await signed_in(self._http, email))["accessToken"])
        body = {"currentPassword": PASSWORD, "newPassword": f"{PASSWORD}-{secrets.token_hex(4)}"}
        return Case(
            await self._hold("password changed", headers),
            lambda: self._post("/api/auth/password/change", other, body),
        )

    async def key_revoked(self) -> Case:
        """A secret key; whoever saw it has the token behind it, too."""
        body = {"name": f"Key {secrets.token_hex(4)}", "type": "secret", "scopes": KEY_SCOPES}
        made = await self._house.admin.post("/api/keys", body)
        headers = {"X-API-Key": made["key"]}
        held = await self._hold("key revoked", headers, token=await self._doors.token_of_key(made["key"]))
        return Case(held, lambda: self._house.admin.delete(f"/api/keys/{made['id']}"))

    async def company_suspended(self) -> Case:
        """The admin of a company that the platform suspends."""
        house = await found(self._stage.suite, "suspended", goods=0)
        headers = bearer((await signed_in(self._http, house.admin_email))["accessToken"])
        held = await self._hold("company suspended", headers, house=house)
        path = f"/api/companies/{house.company_id}"
        await house.close()
        return Case(held, lambda: self._platform.patch(path, {"status": "suspended"}))

    async def _hire(self, role: str, path: str = USERS, **more: str) -> tuple[str, str, Bearer]:
        """Id, address and header of somebody new."""
        shops: dict[str, Any] = {"shopIds": [self._house.shop_id]} if path == USERS else {}
        for _ in range(ATTEMPTS):
            address = fresh_address(self._house.slug)
            person = {"email": address, "password": PASSWORD, "name": "Proof", "role": role, **shops, **more}
            try:
                made = await self._house.admin.post(path, person)
            except Refused as refused:
                if refused.code != "account_exists":  # made by a call of which the answer came too late
                    raise
                continue
            headers = bearer((await signed_in(self._http, address))["accessToken"])
            return made.get("userId") or made["id"], address, headers
        raise RuntimeError("nobody could be hired")

    async def _hold(self, name: str, headers: Bearer, *, token: str | None = None, house: House | None = None) -> Held:
        socket = await self._doors.socket(headers, ["orders"])
        await socket.until("subscribed")
        behind = token or headers["Authorization"].removeprefix("Bearer ")
        return Held(name, headers, behind, (house or self._house).company_id, socket)

    async def _post(self, path: str, headers: Bearer, body: Any = None) -> None:
        answer = await self._http.post(path, headers=headers, json=body)
        answer.raise_for_status()
