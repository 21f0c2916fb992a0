"""Running a service in-process on the real MongoDB and RabbitMQ, for tests."""

from common.testing.harness import Harness, Infrastructure, admit
from common.testing.listener import Listener

__all__ = ["Harness", "Infrastructure", "Listener", "admit"]
