"""Answers of the analytics service."""
