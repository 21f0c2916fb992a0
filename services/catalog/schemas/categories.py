"""Requests and answers about categories."""

from common.web.schema import Identifier, In, PatchIn, Resource, Text


class CategoryIn(In):
    """A new category; without a parent it stands at the top."""

    name: Text
    parent_id: Identifier | None = None


class CategoryPatch(PatchIn):
    """Changes to a category; ``parentId`` null moves it to the top."""

    name: Text = ""
    parent_id: Identifier | None = None


class CategoryOut(Resource):
    """A category."""

    name: str
    parent_id: str | None
