"""Stripe's wire protocol, as far as the suite uses it."""
