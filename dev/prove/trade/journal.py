"""What the clients sent and were answered, written as it happens: the checker's only word about the outside.

One JSON object a line, with ``at`` (seconds since the epoch) and ``kind``:

``order.sent``      ``key``, ``companyId``, ``lines`` (``[sku, quantity]`` each), ``payment``; before the request leaves
``order.accepted``  ``key``, ``orderId``, ``total`` (minor units): a 201 arrived
``order.refused``   ``key``, ``status``, ``code``: a final refusal arrived
``order.unknown``   ``key``, ``reason``: no answer came in time; the order may exist
"""

import json
import time
from pathlib import Path
from typing import Any


class Journal:
    """Appends to one file; a line is written before ``note`` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", buffering=1)

    def note(self, kind: str, **facts: Any) -> None:
        """One line."""
        self._file.write(json.dumps({"at": time.time(), "kind": kind, **facts}) + "\n")

    def close(self) -> None:
        """No more lines."""
        self._file.close()

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The lines of this kind so far."""
        lines = (json.loads(line) for line in self.path.read_text().splitlines())
        return [line for line in lines if line["kind"] == kind]
