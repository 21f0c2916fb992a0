"""Examples made from a JSON schema: the same every time, and such as a merchant might see."""

import re
from typing import Any

Schema = dict[str, Any]

_PART = "01k9x3v7q2m8n4p6r5s1t0wzyb"
_MOMENT = "2026-01-31T12:00:00Z"
_DEEPEST = 8

PREFIXES = {
    "account": "acc", "attempt": "att", "category": "cat", "collection": "col", "company": "cmp", "customer": "cus",
    "debt": "dbt", "event": "evt", "fulfilment": "ful", "image": "img", "item": "itm", "key": "key", "link": "lnk",
    "movement": "mov", "notification": "ntf", "order": "ord", "payment": "pay", "product": "prd", "refund": "rfd",
    "reservation": "rsv", "sale": "ord", "session": "ses", "shop": "shp", "transfer": "trf", "user": "usr",
    "variant": "var", "warehouse": "whs",
}  # fmt: skip
"""The type prefixes of ids, by what they are the id of."""

_STRINGS = {
    "barcode": "4006381333931", "city": "Berlin", "code": "berlin-1", "country": "DE", "currency": "EUR",
    "description": "A shirt of heavy cotton.", "email": "ada@acme.example", "from": "2026-01-01",
    "line1": "Unter den Linden 1", "method": "card", "name": "Acme", "note": "Please ring twice.",
    "password": "Test123!", "paymentMethodToken": "pm_card_visa", "phone": "+493012345678", "postalCode": "10117",
    "reason": "Damaged on the way.", "region": "Berlin", "sku": "SHIRT-RED-M", "slug": "acme", "status": "active",
    "subject": "Your order is on its way", "timezone": "Europe/Berlin", "to": "2026-01-31",
    "tokenType": "Bearer", "url": "https://acme.example/",
}  # fmt: skip
_CANDIDATES = (
    "acme", "ACME", "A1", "2026-01-31", _MOMENT, "https://acme.example", "EUR", "DE", "12345678", "+493012345678",
    f"ord_{_PART}", "a" * 64, "0" * 64, "123456", "Europe/Berlin",
)  # fmt: skip
_INTEGERS = {"amount": 1999, "quantity": 2, "version": 3, "taxBasisPoints": 1900, "expiresIn": 900, "status": 200}


class Examples:
    """Makes examples from the schemas of one OpenAPI document."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self._components = components

    def of(self, schema: Schema, *, about: str = "", is_request: bool = False) -> Any:
        """An example that the schema accepts; ``about`` names the resource whose ``id`` is shown.

        A request shows what it must hold, or else its first two members.
        """
        return self._make(schema, "", about, is_request, 0)

    def _make(self, schema: Schema, name: str, about: str, is_request: bool, depth: int) -> Any:
        if "$ref" in schema:
            named = schema["$ref"].rpartition("/")[2]
            return self._make(self._components[named], name, about, is_request, depth + 1)
        for given in ("examples", "const", "enum", "example"):
            if given in schema:
                shown = schema[given][0] if given in ("examples", "enum") else schema[given]
                return self._completed(shown, schema, about, depth)
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self._chosen(schema[choice], name, about, is_request, depth)
        if "allOf" in schema:
            return self._make(schema["allOf"][0], name, about, is_request, depth)
        return self._plain(schema, name, about, is_request, depth)

    def _completed(self, shown: Any, schema: Schema, about: str, depth: int) -> Any:
        """What a model shows by hand, with the members that an answer always has."""
        schema = self._resolved(schema)
        if isinstance(shown, list):
            return [self._completed(each, schema.get("items", {}), about, depth + 1) for each in shown]
        if not isinstance(shown, dict):
            return shown
        properties = schema.get("properties", {})
        missing = [each for each in schema.get("required", ()) if each not in shown and each in properties]
        given = {name: self._completed(value, properties.get(name, {}), name, depth) for name, value in shown.items()}
        return given | {each: self._make(properties[each], each, about, False, depth + 1) for each in missing}

    def _resolved(self, schema: Schema) -> Schema:
        """The schema that a reference, or the one choice beside null, leads to."""
        for choice in schema.get("anyOf", ()):
            if choice.get("type") != "null":
                return self._resolved(choice)
        return self._components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _chosen(self, choices: list[Schema], name: str, about: str, is_request: bool, depth: int) -> Any:
        nullable = any(choice.get("type") == "null" for choice in choices)
        if depth >= _DEEPEST and nullable:
            return None
        first = next(choice for choice in choices if choice.get("type") != "null")
        return self._make(first, name, about, is_request, depth)

    def _plain(self, schema: Schema, name: str, about: str, is_request: bool, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, name, about, is_request, depth)
        if kind == "array":
            if depth >= _DEEPEST and not schema.get("minItems"):
                return []
            item = self._make(schema.get("items", {}), _singular(name), _singular(name), is_request, depth + 1)
            return [item] * max(1, schema.get("minItems", 1))
        if kind in ("integer", "number"):
            return _number(schema, _INTEGERS.get(name, 1))
        if kind == "boolean":
            return schema.get("default", True)
        return _string(schema, name, about) if kind == "string" else None

    def _object(self, schema: Schema, name: str, about: str, is_request: bool, depth: int) -> dict[str, Any]:
        properties: dict[str, Schema] = schema.get("properties", {})
        shown = list(properties)
        if is_request:
            required = schema.get("required", [])
            shown = [each for each in properties if each in required] or shown[:2]
        elif depth >= _DEEPEST:
            shown = [each for each in properties if each in schema.get("required", [])]
        made = {
            each: self._make(properties[each], each, about if each == "id" else each, is_request, depth + 1)
            for each in shown
        }
        if properties or not isinstance(schema.get("additionalProperties"), dict):
            return made
        return {"red": self._make(schema["additionalProperties"], name, about, is_request, depth + 1)}


def _number(schema: Schema, wanted: int) -> int:
    """``wanted``, moved between the bounds."""
    if "maximum" in schema or "exclusiveMaximum" in schema:
        wanted = min(wanted, int(schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1)))
    if "minimum" in schema or "exclusiveMinimum" in schema:
        wanted = max(wanted, int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)))
    return wanted


def _string(schema: Schema, name: str, about: str) -> str:
    formats: dict[str, str] = {
        "date-time": _MOMENT,
        "date": "2026-01-31",
        "email": "ada@acme.example",
        "phone": "+493012345678",
    }
    formats |= {"uri": "https://acme.example/", "uuid": "0198a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b", "password": "Test123!"}
    by_format = formats.get(schema.get("format", ""))
    if by_format is not None:
        return by_format
    wanted = (_id_like(name, about), _STRINGS.get(name), _MOMENT if name.endswith("At") or name == "at" else None)
    for candidate in (*wanted, name.capitalize(), *_CANDIDATES):
        if candidate and _fits(schema, candidate):
            return candidate
    shortest: int = schema.get("minLength", 1)
    return "a" * max(1, shortest)


def _id_like(name: str, about: str) -> str | None:
    owner = about if name == "id" else name.removesuffix("Id") if name.endswith("Id") else None
    if owner is None and name.endswith("Ids"):
        owner = name.removesuffix("Ids")
    return f"{PREFIXES[owner]}_{_PART}" if owner in PREFIXES else None


def _fits(schema: Schema, candidate: str) -> bool:
    if not schema.get("minLength", 0) <= len(candidate) <= schema.get("maxLength", len(candidate)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], candidate) is not None


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name.removesuffix("ies") + "y"
    return name.removesuffix("s")
