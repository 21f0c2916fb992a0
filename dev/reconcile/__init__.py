"""The reconciliation: what must have happened, worked out apart from the suite, against each service."""

from dev.reconcile.checks import reconcile, wait_until_ended
from dev.reconcile.expected import Expected, PaymentTotal
from dev.reconcile.report import Check, as_json, print_checks

__all__ = ["Check", "Expected", "PaymentTotal", "as_json", "print_checks", "reconcile", "wait_until_ended"]
