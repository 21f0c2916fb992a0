"""``python -m dev``: the operator's side of the suite."""

import sys

from dev.cli import main

if __name__ == "__main__":
    sys.exit(main())
