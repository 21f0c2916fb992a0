"""Stripe's error envelope: https://docs.stripe.com/api/errors."""

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """A request that is answered with an error and leaves nothing changed."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        before_effect: bool = False,
        extra: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.before_effect = before_effect
        """True where Stripe would not remember the answer under the idempotency key."""
        self._error: Json = {"type": kind, "message": message, **(extra or {})}
        if code is not None:
            self._error["code"] = code
            self._error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param is not None:
            self._error["param"] = param

    @property
    def body(self) -> Json:
        """The JSON body of the answer."""
        return {"error": self._error}


def missing_param(name: str) -> Refusal:
    """A required parameter is absent."""
    return Refusal(f"Missing required param: {name}.", code="parameter_missing", param=name, before_effect=True)


def unknown_param(name: str) -> Refusal:
    """A parameter that the endpoint does not know."""
    return Refusal(f"Received unknown parameter: {name}", code="parameter_unknown", param=name, before_effect=True)


def invalid_param(name: str, message: str, *, code: str | None = None) -> Refusal:
    """A parameter whose value cannot be used."""
    return Refusal(message, code=code, param=name, before_effect=True)


def no_such(noun: str, object_id: str, *, param: str = "id", status: int = 404) -> Refusal:
    """An object that this account does not have."""
    return Refusal(
        f"No such {noun}: '{object_id}'",
        status=status,
        code="resource_missing",
        param=param,
        before_effect=True,
    )
