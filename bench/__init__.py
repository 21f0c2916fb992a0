"""``python -c "import bench; bench.run([])"``: what an operation costs, beside a floor measured in the same run.

Begun, and no command yet: what reads is measured, what sells does not yet notice when all has settled.

============  ==========================================================================
operations/   what is measured, one module a subject: its data, its requests, its floor
floors/       the same work with nothing but the drivers
load          clients in processes of their own, so that the generator is not the bottleneck
usage         processor time and memory of every process of the suite, from the kernel
measuring     warm-up, rounds, medians
results/      figures with versions, to compare with
============  ==========================================================================
"""

from bench.command import run

__all__ = ["run"]
