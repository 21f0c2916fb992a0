"""Load from a process of its own: so many clients, or so many calls a second, and what became of each call.

A closed flow has clients that call again when they are answered: it finds what a suite can do. An open flow sends at
its rate whatever happens: it shows what becomes of more than that. The process tells the CPU that it used itself, so
that one can see that it was not the bottleneck.
"""

from dev.prove.load.drive import offer
from dev.prove.load.plan import UNIQUE, Call, Flow
from dev.prove.load.told import Told

__all__ = ["UNIQUE", "Call", "Flow", "Told", "offer"]
