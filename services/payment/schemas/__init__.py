"""Requests and answers of the payment service, by noun."""
