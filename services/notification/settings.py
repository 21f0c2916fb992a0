"""Environment of the notification service."""

from pydantic import Field, SecretStr

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Where messages leave. A channel without its settings is not offered; mail and in-app always are.

    ``senders``: messages that one channel hands over at once. ``gather_seconds``: how long alerts to one person
    are gathered into one mail, for nobody wants a thousand of them. ``public_url``: the gateway's address as the
    outside sees it; Twilio's signature covers it. ``firebase_fcm_url``: instead of Firebase's own address, with
    ``{project}`` where the project's id belongs.
    """

    service: str = "notification"
    smtp_host: str = Field(default="127.0.0.1", validation_alias="SMTP_HOST")
    smtp_port: int = Field(default=25, validation_alias="SMTP_PORT")
    smtp_username: str | None = Field(default=None, validation_alias="SMTP_USERNAME")
    smtp_password: SecretStr | None = Field(default=None, validation_alias="SMTP_PASSWORD")
    smtp_sender: str = Field(default="Markethall <no-reply@markethall.example>", validation_alias="SMTP_SENDER")
    smtp_start_tls: bool = Field(default=False, validation_alias="SMTP_START_TLS")
    twilio_account_sid: str | None = Field(default=None, validation_alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr | None = Field(default=None, validation_alias="TWILIO_AUTH_TOKEN")
    twilio_from: str = Field(default="+15005550006", validation_alias="TWILIO_FROM")
    twilio_api_base: str | None = Field(default=None, validation_alias="TWILIO_API_BASE")
    firebase_credentials: SecretStr | None = Field(default=None, validation_alias="FIREBASE_CREDENTIALS")
    firebase_fcm_url: str | None = Field(default=None, validation_alias="FIREBASE_FCM_URL")
    public_url: str = "http://localhost:8000"
    senders: int = 4
    gather_seconds: float = Field(default=20.0, ge=0)

    @property
    def has_twilio(self) -> bool:
        """Whether text messages can leave."""
        return bool(self.twilio_account_sid and self.twilio_auth_token)

    @property
    def has_firebase(self) -> bool:
        """Whether push messages can leave."""
        return bool(self.firebase_credentials and self.firebase_credentials.get_secret_value())
