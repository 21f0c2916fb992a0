"""Addresses between services: through the gateway there are none, and no person's token opens one at its service."""

import re
from dataclasses import dataclass

import httpx2

from dev.home import Home
from dev.walk.callers import CALLERS, EXPIRED, Caller
from dev.walk.report import Finding, Report

CALL_SECONDS = 30.0
AT_GATEWAY = frozenset({404})
AT_SERVICE = frozenset({401})
_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class InternalRoute:
    """One address between services, and the service that answers it."""

    method: str
    path: str
    service: str

    def filled(self, value: str) -> str:
        """The path with something in the place of each parameter."""
        return _PARAMETER.sub(value, self.path)


async def knock(
    home: Home, routes: list[InternalRoute], company_id: str, callers: dict[str, Caller], report: Report
) -> None:
    """Try every internal route as every caller, through the gateway and at the service's own port."""
    async with httpx2.AsyncClient(timeout=CALL_SECONDS) as http:
        for route in routes:
            for name in CALLERS:
                at_gateway = AT_GATEWAY | ({401} if name == EXPIRED else set())
                for door, expected in (("gateway", at_gateway), (route.service, AT_SERVICE)):
                    address = home.service_url(door) + route.filled(company_id)
                    headers = callers[name].headers
                    answer = await http.request(route.method, address, headers=headers, json=_body(route))
                    report.count(name)
                    if answer.status_code not in expected:
                        finding = _finding(route, name, door, expected, answer)
                        (report.leaks if answer.status_code < 300 else report.wrong).append(finding)


def _body(route: InternalRoute) -> dict[str, str] | None:
    return {} if route.method in ("POST", "PATCH", "PUT") else None


def _finding(
    route: InternalRoute, caller: str, door: str, expected: frozenset[int], answer: httpx2.Response
) -> Finding:
    sought = " or ".join(map(str, sorted(expected)))
    told = f"{answer.status_code} {answer.text[:160]}"
    return Finding(f"{route.method} {route.path}", caller, f"at the port of {door}", sought, told)
