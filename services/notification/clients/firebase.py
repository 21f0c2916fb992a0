"""Push messages over Firebase's SDK, which blocks: it runs in a few threads of its own."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import firebase_admin
import requests.adapters
from firebase_admin import credentials, exceptions, messaging
from google.auth.exceptions import GoogleAuthError

from services.notification.clients.port import NotHandedOver, Refused
from services.notification.domain import Outgoing, Receipt
from services.notification.settings import Settings

HTTP_TIMEOUT_SECONDS = 10
THREADS = 4
APP_NAME = "markethall"
BODY_LENGTH = 240
DEAD = (messaging.UnregisteredError, messaging.SenderIdMismatchError)
UNSURE = (exceptions.UnknownError, exceptions.DeadlineExceededError, exceptions.InternalError)
SOFT = (
    exceptions.UnavailableError,
    exceptions.ResourceExhaustedError,
    exceptions.UnauthenticatedError,
    exceptions.PermissionDeniedError,
    exceptions.AbortedError,
)


class FirebasePush:
    """A repetition carries the same tag, so a device that has the message replaces it by itself."""

    def __init__(self, settings: Settings) -> None:
        assert settings.firebase_credentials, "only made where it is set up"
        self._account: dict[str, Any] = json.loads(settings.firebase_credentials.get_secret_value())
        self._url = settings.firebase_fcm_url
        self._app: firebase_admin.App | None = None
        self._opening = Lock()
        self._threads: ThreadPoolExecutor | None = None

    async def send(self, message: Outgoing, *, repeated: bool) -> Receipt:
        """Hand over one message to one device. Raises Refused or NotHandedOver."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="push")
        try:
            name = await asyncio.get_running_loop().run_in_executor(self._threads, self._send, message)
        except DEAD as error:
            raise Refused(_short(error), dead_address=True) from error
        except UNSURE as error:
            raise NotHandedOver(_short(error), unsure=True) from error
        except (*SOFT, GoogleAuthError, requests.RequestException) as error:
            raise NotHandedOver(_short(error)) from error
        except (exceptions.FirebaseError, ValueError) as error:
            raise Refused(_short(error)) from error
        return Receipt(provider_id=name)

    async def close(self) -> None:
        """Let the threads go; one that still waits for an answer ends with its deadline."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        if self._app is not None:
            # In a thread: the SDK runs a loop of its own to close its connections.
            await asyncio.to_thread(firebase_admin.delete_app, self._app)
            self._app = None

    def _send(self, message: Outgoing) -> str:
        title, body = message.subject[:200], message.text[:BODY_LENGTH]
        push = messaging.Message(
            token=message.to,
            notification=messaging.Notification(title=title, body=body),
            data=message.data,
            android=messaging.AndroidConfig(
                collapse_key=message.tag[:64], notification=messaging.AndroidNotification(tag=message.tag)
            ),
            apns=messaging.APNSConfig(headers={"apns-collapse-id": message.tag[:64]}),
            webpush=messaging.WebpushConfig(
                notification=messaging.WebpushNotification(title=title, body=body, tag=message.tag)
            ),
        )
        return str(messaging.send(push, app=self._opened()))

    def _opened(self) -> firebase_admin.App:
        """Made at the first message, so after the fork."""
        with self._opening:
            if self._app is None:
                name = f"{APP_NAME}-{id(self)}"
                certificate = credentials.Certificate(self._account)
                app = firebase_admin.initialize_app(certificate, {"httpTimeout": HTTP_TIMEOUT_SECONDS}, name=name)
                _prepare(messaging._get_messaging_service(app), self._url)
                self._app = app
            return self._app


def _prepare(service: Any, url: str | None) -> None:
    """The SDK asks again by itself after a lost answer; here the queue does that, with its pauses and its record."""
    if url:
        service._fcm_url = url.replace("{project}", service._project_id).replace("{0}", service._project_id)
    for scheme in ("http://", "https://", "https://fcm.googleapis.com"):
        service._client.session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=0, pool_maxsize=THREADS))


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
