"""Requests and answers of the shop service."""
