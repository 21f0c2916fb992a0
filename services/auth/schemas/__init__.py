"""Requests and answers of the auth service."""
