"""Requests and answers of the notification service."""
