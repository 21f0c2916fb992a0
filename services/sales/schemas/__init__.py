"""Requests and answers of the sales service."""
