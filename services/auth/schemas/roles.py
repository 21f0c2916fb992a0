"""A company's own roles as sent and shown."""

from typing import Annotated

from pydantic import ConfigDict, Field

from common.web.schema import In, PatchIn, Resource, Text

RoleName = Annotated[Text, Field(max_length=100)]
Permissions = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=100)]


class RoleIn(In):
    """A role to be made of permissions."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Bookkeeper", "permissions": ["orders.read", "ledger.read"]}]}
    )

    name: RoleName
    description: Text | None = None
    permissions: Permissions


class RolePatch(PatchIn):
    """Changes to a role; ``permissions`` replaces all of them."""

    name: RoleName = Field(default="", examples=["Bookkeeper"])
    description: Text | None = None
    permissions: Permissions = Field(default=[], examples=[["orders.read"]])


class RoleOut(Resource):
    """A role."""

    name: str
    description: str | None
    permissions: list[str]
