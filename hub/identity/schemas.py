"""What the API of users, sessions and keys takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.core.people import PersonName
from hub.identity.actors import Actor
from hub.identity.models import ApiKey, LoginSession, User
from hub.identity.permissions import Permission, Role
from hub.stores.schemas import StoreCode

Login = Annotated[str, StringConstraints(min_length=2, max_length=64, strip_whitespace=True, pattern=ONE_LINE)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=128, examples=["a long sentence is a good one"])]
StoreCodes = Annotated[list[StoreCode], Field(min_length=1, max_length=1000)]
_STORES = "Codes of the stores whose records are seen and changed; `null` for all."


class NewSession(JsonBody):
    """A login."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(examples=["han.meimei"])
    password: Password


class NewUser(JsonBody):
    """A person who gets an account."""

    login: Login = Field(examples=["han.meimei"])
    name: PersonName = Field(examples=["韩梅梅"])
    role: Role = Field(examples=["technician"])
    stores: StoreCodes | None = Field(default=None, description=_STORES, examples=[["sh-xujiahui"]])
    password: Password = Field(description="To hand over; the person has to change it at the first login.")


class UserChange(JsonBody):
    """What changes; what is left out stays as it is."""

    name: PersonName | None = None
    role: Role | None = None
    stores: StoreCodes | None = Field(default=None, description=_STORES + " Leave it out to keep them.")
    disabled: bool | None = Field(default=None, description="`true` ends all sessions and lets nobody log in.")


class PasswordChange(JsonBody):
    """A new password in the place of the present one."""

    current: Password
    new: Password


class GivenPassword(JsonBody):
    """A password for somebody who forgot theirs."""

    password: Password = Field(description="To hand over; the person has to change it at the next login.")


class UserOut(BaseModel):
    """A person with an account."""

    id: str = Field(examples=["U-000007"])
    login: str = Field(examples=["han.meimei"])
    name: str = Field(examples=["韩梅梅"])
    role: Role
    stores: list[str] | None = Field(description=_STORES)
    must_change_password: bool
    created_at: datetime
    disabled_at: datetime | None
    version: int

    @classmethod
    def of(cls, user: User) -> "UserOut":
        """Show one row."""
        return cls(
            id=user.public_id,
            login=user.login,
            name=user.name,
            role=Role(user.role),
            stores=user.stores,
            must_change_password=user.must_change_password,
            created_at=user.created_at,
            disabled_at=user.disabled_at,
            version=user.version,
        )


class PersonOut(UserOut):
    """A person with an account, and the keys that they answer for."""

    live_keys: list[str] | None = Field(
        description="Keys that this person made and nobody has revoked; `null` for callers who may not list keys "
        "(`key:read`). They go on working when the account is disabled: systems and benches have them. Revoke those "
        "that only this person used.",
        examples=[["3f9a1c20b7de"]],
    )

    @classmethod
    def with_keys(cls, user: User, keys: Sequence[str] | None) -> "PersonOut":
        """Show one row and these keys (``None``: they are not for the caller)."""
        return cls(**UserOut.of(user).model_dump(), live_keys=None if keys is None else list(keys))


class SessionOut(BaseModel):
    """A session that has begun."""

    token: str = Field(description="Send it as `Authorization: Bearer …`; it is shown this once.", examples=["bws_…"])
    expires_at: datetime
    user: UserOut

    @classmethod
    def of(cls, session: LoginSession, user: User, token: str) -> "SessionOut":
        """Show a login's outcome."""
        return cls(token=token, expires_at=session.expires_at, user=UserOut.of(user))


class MeOut(BaseModel):
    """Who the caller is to the hub."""

    kind: str = Field(description="`user` or `key`.", examples=["user"])
    id: str = Field(examples=["U-000007"])
    name: str = Field(examples=["韩梅梅"])
    role: Role
    bench: str | None
    stores: list[str] | None = Field(description=_STORES)
    permissions: list[Permission] = Field(description="Everything that the caller may do.")
    must_change_password: bool

    @classmethod
    def of(cls, actor: Actor) -> "MeOut":
        """Show the actor."""
        return cls(
            kind=actor.kind,
            id=actor.id,
            name=actor.name,
            role=actor.role,
            bench=actor.bench,
            stores=None if actor.stores is None else sorted(actor.stores),
            permissions=[permission for permission in Permission if actor.may(permission)],
            must_change_password=actor.must_change_password,
        )


class NewKey(JsonBody):
    """A key for a system or a bench."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=ONE_LINE)] = (
        Field(examples=["Web shop"])
    )
    role: Role = Field(examples=["store_system"])
    bench: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        default=None, description="For the role `bench`, and only for it.", examples=[None]
    )
    scopes: Annotated[list[Permission], Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="The permissions that the key keeps of its role; `null` for all.",
        examples=[["ticket:read", "ticket:create"]],
    )
    stores: StoreCodes | None = Field(default=None, description=_STORES, examples=[["sh-xujiahui"]])


class KeyOut(BaseModel):
    """A key, without its secret."""

    id: str = Field(examples=["3f9a1c20b7de"])
    name: str
    role: Role
    bench: str | None
    scopes: list[str] | None
    stores: list[str] | None
    made_by: str | None = Field(description="Who answers for it.", examples=["user:U-000001"])
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyOut":
        """Show one row."""
        return cls.model_validate(key, from_attributes=True)


class MadeKeyOut(KeyOut):
    """A key that was made now, with the token that cannot be shown again."""

    token: str = Field(examples=["bw_…"])
