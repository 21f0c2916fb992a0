"""`python -m dev.sandbox`: the provider sandbox on its own."""

import argparse
import sys

from dev.sandbox.serve import run
from dev.sandbox.settings import SettingsRefused


def main() -> int:
    """Parse the command line and serve; 2 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m dev.sandbox", description=__doc__)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 inside a container")
    arguments = parser.parse_args()
    try:
        run(arguments.http_port, arguments.smtp_port, host=arguments.host)
    except SettingsRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
