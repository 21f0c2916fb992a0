"""Environment of the notification service."""

from pydantic import Field, SecretStr

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Where mail leaves. ``senders``: connections to the mail server that are used at once."""

    service: str = "notification"
    smtp_host: str = Field(default="127.0.0.1", validation_alias="SMTP_HOST")
    smtp_port: int = Field(default=25, validation_alias="SMTP_PORT")
    smtp_username: str | None = Field(default=None, validation_alias="SMTP_USERNAME")
    smtp_password: SecretStr | None = Field(default=None, validation_alias="SMTP_PASSWORD")
    smtp_sender: str = Field(default="Markethall <no-reply@markethall.example>", validation_alias="SMTP_SENDER")
    smtp_start_tls: bool = Field(default=False, validation_alias="SMTP_START_TLS")
    senders: int = 4
