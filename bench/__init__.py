"""``./markethall bench``: what an operation costs, beside a floor measured in the same run.

============  ==========================================================================
operations/   what is measured, one module a subject: its data, its requests, its floor
floors/       the same work with nothing but the drivers
load          clients in processes of their own, so that the generator is not the bottleneck
usage         processor time and memory of every process of the suite, from the kernel
measuring     warm-up, rounds, medians, and one round at half of what was got through
effects       when the last write that belongs to an order was stored, in whichever service
standing      start and memory; fanout, growth and tenants: what else is no request of a client
profiling     where the time goes, sampled from outside
results/      figures with versions, to compare with
============  ==========================================================================
"""

from bench.command import run

__all__ = ["run"]
