"""The SDK of PayPal behind a bounded pool of threads: it is synchronous, and the loop never waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from apimatic_core.exceptions.auth_validation_exception import AuthValidationException
from paypalserversdk.configuration import Configuration
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient
from pydantic_core import from_json
from requests.adapters import HTTPAdapter

from common.logging import get_logger
from services.payment.clients.provider import CALL_SECONDS, AccountRefused, ProviderUnreachable

log = get_logger(__name__)

THREADS = 8
WIRE_SECONDS = 6
"""Of one exchange, below the deadline of the call so that its thread is free again soon after."""

LIVE = "https://api-m.paypal.com"


class Declined(Exception):
    """PayPal said no: ``issue`` is its word for why, ``body`` all that it said."""

    def __init__(self, status: int, issue: str, body: dict[str, Any]) -> None:
        super().__init__(issue)
        self.status = status
        self.issue = issue
        self.body = body


class _At(Configuration):  # type: ignore[misc]
    """The SDK knows two addresses; this is any."""

    def __init__(self, base: str, **more: Any) -> None:
        self._base = base
        super().__init__(**more)

    def get_base_uri(self, server: Any = None) -> str:
        return self._base


class PayPalCalls:
    """One account's client, and the threads its calls run in."""

    def __init__(self, client_id: str, client_secret: str, api_base: str | None) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="paypal")
        self._places = asyncio.Semaphore(THREADS)
        self._http = requests.Session()
        self._http.trust_env = False
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=THREADS, max_retries=0))
        credentials = ClientCredentialsAuthCredentials(client_id, client_secret)
        config = _At(
            (api_base or LIVE).rstrip("/"),
            http_client_instance=self._http,
            timeout=WIRE_SECONDS,
            client_credentials_auth_credentials=credentials,
        )
        self.client = PaypalServersdkClient(config=config)

    def close(self) -> None:
        """Let the threads end; what they still wait for ends by its own deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    async def __call__(self, operation: Callable[[dict[str, Any]], Any], options: dict[str, Any]) -> dict[str, Any]:
        """Run one operation of the SDK; its answer as JSON.

        Raises Declined for a verdict, AccountRefused for keys that are none, ProviderUnreachable otherwise.
        """
        try:
            async with asyncio.timeout(CALL_SECONDS), self._places:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._threads, operation, options)
            return _parsed(answer.text)
        except ApiException as error:
            raise _verdict(error) from error
        except AuthValidationException as error:
            raise AccountRefused("no access token") from error
        except (requests.RequestException, TimeoutError, OSError, ValueError) as error:
            raise ProviderUnreachable(type(error).__name__) from error


def _parsed(text: str | None) -> dict[str, Any]:
    told = from_json(text) if text else {}
    if not isinstance(told, dict):
        raise ValueError("not an object")
    return told


def _verdict(error: ApiException) -> Exception:
    """What a refusal means: only 4xx that speak of the request itself are a verdict."""
    status = int(error.response_code)
    if status in (401, 403):
        log.warning("provider_refused_keys", provider="paypal", status=status)
        return AccountRefused(str(status))
    if status in (400, 404, 409, 422):
        try:
            body = _parsed(error.response.text)
        except ValueError:
            body = {}
        details = body.get("details") or [{}]
        issue = str(details[0].get("issue") or body.get("name") or "REFUSED")
        if issue != "DUPLICATE_REQUEST_ID":  # the first with this key is still under way
            return Declined(status, issue, body)
    log.warning("provider_unreachable", provider="paypal", status=status)
    return ProviderUnreachable(f"PayPal answered {status}")
