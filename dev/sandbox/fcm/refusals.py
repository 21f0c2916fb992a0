"""Google's error body with FCM's detail: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode."""

from typing import Any

Json = dict[str, Any]

_DETAIL = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_KINDS: dict[str, tuple[int, str, str]] = {
    "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
    "INVALID_ARGUMENT": (
        400,
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
    ),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for sending messages."),
    "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
    "INTERNAL": (500, "INTERNAL", "Internal error encountered."),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
}
RETRY_AFTER_SECONDS = {429: 60, 503: 5}


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After where waiting helps."""
        seconds = RETRY_AFTER_SECONDS.get(self.status)
        return {} if seconds is None else {"Retry-After": str(seconds)}


def refusal(code: str, message: str | None = None) -> Refusal:
    """An error by FCM's own code."""
    status, name, said = _KINDS[code]
    detail = {"@type": _DETAIL, "errorCode": code}
    body = {"error": {"code": status, "message": message or said, "status": name, "details": [detail]}}
    return Refusal(status, body)


def without_detail(status: int, name: str, message: str) -> Refusal:
    """An error of Google's before FCM is reached."""
    return Refusal(status, {"error": {"code": status, "message": message, "status": name}})


def by_status(status: int) -> Refusal:
    """The error that FCM would give with this status."""
    code = next((code for code, kind in _KINDS.items() if kind[0] == status), None)
    return refusal(code) if code else without_detail(status, "UNKNOWN", "Forced by a fault.")


def grant_refused(message: str) -> Refusal:
    """400 of the token endpoint."""
    return Refusal(400, {"error": "invalid_grant", "error_description": message})
