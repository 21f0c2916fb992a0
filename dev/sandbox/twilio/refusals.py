"""Twilio's error body: https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions."""

from typing import Any

Json = dict[str, Any]

_BY_STATUS = {
    401: (20003, "Authenticate"),
    404: (20404, "The requested resource was not found"),
    429: (20429, "Too Many Requests"),
    500: (20500, "Internal Server Error"),
    503: (20503, "Service Unavailable"),
}


class Refusal(Exception):
    """A request that is answered with an error and leaves nothing changed."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @property
    def body(self) -> Json:
        """The JSON body of the answer."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": str(self), "more_info": more, "status": self.status}


def by_status(status: int) -> Refusal:
    """The error that Twilio would give with this status."""
    code, message = _BY_STATUS.get(status, (20000 + status, "Forced by a fault"))
    return Refusal(status, code, message)
