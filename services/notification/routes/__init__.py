"""HTTP of the notification service."""

from services.notification.routes import devices, notifications, webhooks

ROUTERS = (devices.router, webhooks.router, notifications.router)
"""Fixed addresses stand before ``/{id}``."""
