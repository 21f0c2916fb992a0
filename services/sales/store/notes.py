"""Notes of staff in MongoDB."""

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.mongo.store import Store
from services.sales.domain.note import Note


class Notes(Store[Note]):
    """The collection ``notes``."""

    COLLECTION = "notes"
    MODEL = Note
    WHAT = "note"
    INDEXES = [IndexModel([("companyId", 1), ("aboutId", 1), ("createdAt", -1), ("_id", -1)], name="about_created")]

    async def add(self, note: Note) -> Note:
        """Store a note; what is stored when this id was written before."""
        try:
            return await self.insert(note)
        except DuplicateKeyError:
            return await self.get(note.id)
