"""`./markethall doctor`: what is wrong with a suite, in plain words, with the command that helps.

Each module here looks at one thing and changes nothing; what cannot be asked, because it does not run, is said.
"""

from dev.doctor.command import run

__all__ = ["run"]
