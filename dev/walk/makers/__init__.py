"""How one resource of each kind is made, by whoever would make it; a module a field."""

from dev.walk.makers import buying, people, recording, selling, stocking
from dev.walk.makers.selling import aside, handed_back, sale
from dev.walk.world import Maker, eur

__all__ = ["MAKERS", "aside", "eur", "handed_back", "sale"]

MAKERS: dict[str, Maker] = {
    **people.MAKERS,
    **stocking.MAKERS,
    **buying.MAKERS,
    **selling.MAKERS,
    **recording.MAKERS,
}
