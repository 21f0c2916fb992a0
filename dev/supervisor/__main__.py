"""``python -m dev.supervisor CONTROL_SOCKET``: what `up` leaves running."""

import sys
from pathlib import Path

from dev.supervisor.server import serve

if __name__ == "__main__":
    serve(Path(sys.argv[1]))
