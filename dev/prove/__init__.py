"""``./markethall prove``: every guarantee under real faults on real servers, with a report.

=============  ==========================================================================
guarantees/    one module a subject: the rows, each a function that is given a Stage
stage          what a row works with: the suite, its seed, its checks
suite          the running suite, to be killed, frozen, reconfigured and healed
faults/        what is done to it from outside: proxies, frozen and killed processes
trade/         companies that buy and sell, and the journal of what they were answered
checker/       recomputes the invariants from databases and journal; knows no service
mutations/     what each guarantee rests on, taken away to see its row go red
report         proof/report.json and the page beside it
=============  ==========================================================================
"""

from dev.prove.command import run

__all__ = ["run"]
