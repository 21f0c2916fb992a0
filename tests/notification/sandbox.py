"""The provider sandbox as a test sees it."""

from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True)
class Sandbox:
    """``providers``: the environment that leads a service here."""

    url: str
    providers: dict[str, str]

    def mails(self, to: str) -> list[dict[str, Any]]:
        answer = httpx2.get(f"{self.url}/_sandbox/mails", params={"to": to, "limit": 100})
        return list(answer.json()["items"])

    def texts(self, to: str) -> list[dict[str, Any]]:
        account, token = self.providers["TWILIO_ACCOUNT_SID"], self.providers["TWILIO_AUTH_TOKEN"]
        address = f"{self.url}/2010-04-01/Accounts/{account}/Messages.json"
        answer = httpx2.get(address, params={"To": to, "PageSize": 100}, auth=(account, token))
        return list(answer.json()["messages"])

    def pushes(self, token: str) -> list[dict[str, Any]]:
        answer = httpx2.get(f"{self.url}/_inspect/pushes", params={"token": token, "limit": 100})
        return list(answer.json()["items"])

    def break_down(self, provider: str, fault: str, **rule: Any) -> None:
        """Ask for a fault of one provider."""
        answer = httpx2.post(f"{self.url}/_faults", json={"provider": provider, "fault": fault, **rule})
        assert answer.is_success, answer.text

    def mend(self) -> None:
        """No faults any more."""
        httpx2.delete(f"{self.url}/_faults")
