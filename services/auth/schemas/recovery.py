"""What an account's owner sends to get in again, or to change the account."""

from typing import Annotated

from pydantic import ConfigDict, EmailStr, Field, SecretStr

from common.web.schema import In

Secret = Annotated[SecretStr, Field(max_length=1024)]
Token = Annotated[SecretStr, Field(max_length=200, examples=["lnk_01k….secret"])]


class ForgotIn(In):
    """The address of somebody who forgot the password. Any text: a malformed one is an unknown one."""

    email: Annotated[str, Field(max_length=320, examples=["ada@acme.example"])]


class TokenIn(In):
    """The token of a mailed link."""

    token: Token


class ResetIn(TokenIn):
    """A new password, by a mailed link."""

    password: Annotated[Secret, Field(examples=["correct horse battery staple"])]


class PasswordIn(In):
    """A new password, for the old one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"currentPassword": "the old one", "newPassword": "correct horse battery"}]}
    )

    current_password: Secret
    new_password: Secret


class EmailChangeIn(In):
    """A new address; the password shows that its owner asks."""

    new_email: Annotated[EmailStr, Field(examples=["ada@new.example"])]
    password: Annotated[Secret, Field(examples=["correct horse battery staple"])]


class AcceptIn(TokenIn):
    """An invitation's token; a new account chooses its password, an existing one may give its own."""

    password: Annotated[Secret | None, Field(examples=["correct horse battery staple"])] = None
