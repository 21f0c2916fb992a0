"""Calls from one service to another: a deadline, a token whose audience is the callee, the same request id."""

from typing import Any

import httpx2
from pydantic_core import from_json

from common import context
from common.errors import NotFound, Unavailable
from common.identity.service_tokens import ServiceSigner
from common.settings import ServiceSettings

DEADLINE_SECONDS = 5.0


class CallRefused(Exception):
    """The other service answered with a problem; ``problem`` is its document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}")
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", ""))


class ServiceClients:
    """One pooled HTTP client for all calls of this process to other services."""

    def __init__(self, settings: ServiceSettings, signer: ServiceSigner) -> None:
        self._settings = settings
        self._signer = signer
        self._http = httpx2.AsyncClient(
            timeout=DEADLINE_SECONDS,
            limits=httpx2.Limits(max_connections=64),
            # The certificate store takes a megabyte a process, which plain HTTP does not need.
            verify=settings.service_url_template.startswith("https:"),
        )

    async def get(self, service: str, path: str, *, tenant: str | None = None, **params: Any) -> Any:
        """GET and parse. Raises NotFound, CallRefused, or Unavailable when there is no answer in time."""
        return await self._call("GET", service, path, tenant, params=params)

    async def post(self, service: str, path: str, body: Any, *, tenant: str | None = None) -> Any:
        """POST JSON and parse; None for an empty answer. Raises as :meth:`get`."""
        return await self._call("POST", service, path, tenant, json=body)

    async def patch(self, service: str, path: str, body: Any, *, tenant: str | None = None) -> Any:
        """PATCH JSON and parse. Raises as :meth:`get`."""
        return await self._call("PATCH", service, path, tenant, json=body)

    async def delete(self, service: str, path: str, *, tenant: str | None = None) -> Any:
        """DELETE. Raises as :meth:`get`."""
        return await self._call("DELETE", service, path, tenant)

    async def close(self) -> None:
        """Close the pool."""
        await self._http.aclose()

    async def _call(self, method: str, service: str, path: str, tenant: str | None, **arguments: Any) -> Any:
        call = context.current()
        headers = {"authorization": f"Bearer {self._signer.token_for(service, tenant)}"}
        if call.correlation_id:
            headers["x-request-id"] = call.correlation_id
        if call.actor:
            headers["x-markethall-actor"] = call.actor
        if call.traceparent:
            headers["traceparent"] = call.traceparent
        try:
            url = self._settings.url_of(service) + path
            answer = await self._http.request(method, url, headers=headers, **arguments)
        except httpx2.HTTPError as error:
            raise Unavailable(f"The {service} service does not answer.") from error
        if answer.status_code == 404:
            raise NotFound()
        if answer.status_code >= 500:
            raise Unavailable(f"The {service} service answered {answer.status_code}.")
        content = from_json(answer.content) if answer.content else None
        if answer.status_code >= 400:
            raise CallRefused(answer.status_code, content or {})
        return content
