"""RabbitMQ's management HTTP API, as far as provisioning and `status` need it."""

import base64
import json
import urllib.error
import urllib.request
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

DEADLINE_SECONDS = 10.0


class ManagementApi:
    """Calls with the administrator that the address names. Raises urllib.error.URLError on failure."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        host = parts.hostname or "127.0.0.1"
        self.page = f"{parts.scheme}://{host}:{parts.port or 15672}{parts.path.rstrip('/')}"
        self.user = unquote(parts.username or "guest")
        words = f"{self.user}:{unquote(parts.password or 'guest')}"
        self._credentials = "Basic " + base64.b64encode(words.encode()).decode()

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def clock(self) -> datetime | None:
        """What the broker's machine says the time is, to the second; None where it does not say."""
        with urllib.request.urlopen(self._request("GET", "/api/overview", None), timeout=DEADLINE_SECONDS) as answer:
            told = answer.headers.get("Date")
        return parsedate_to_datetime(told) if told else None

    def put(self, path: str, document: dict[str, Any]) -> None:
        self._call("PUT", path, document)

    def delete(self, path: str) -> None:
        self._call("DELETE", path, None)

    def _call(self, method: str, path: str, document: dict[str, Any] | None) -> Any:
        request = self._request(method, path, document)
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def _request(self, method: str, path: str, document: dict[str, Any] | None) -> urllib.request.Request:
        return urllib.request.Request(
            self.page + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": self._credentials, "Content-Type": "application/json"},
        )


def in_path(name: str) -> str:
    """A virtual host's or user's name as one segment of the API's path."""
    return quote(name, safe="")
