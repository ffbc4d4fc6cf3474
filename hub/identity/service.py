"""Make, check and revoke API keys, and tell whose a token is."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.controls import is_line
from hub.core.i18n import listed
from hub.core.problems import Problem, ProblemType, problem_at
from hub.events import service as events
from hub.fleet import service as fleet
from hub.identity import queries, tokens, words
from hub.identity.actors import Actor
from hub.identity.grants import check_grant
from hub.identity.models import ApiKey, LoginSession, User
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.identity.tokens import Token
from hub.stores import service as stores_service

UNAUTHENTICATED = ProblemType(
    "unauthenticated",
    401,
    {"en": "A valid API key or session is needed", "zh-CN": "需要有效的 API 密钥或登录会话"},
    {
        "en": "Send the header `Authorization: Bearer …` with a key that is not revoked, or log in anew.",
        "zh-CN": "请在请求头中提供 `Authorization: Bearer …`，使用未吊销的密钥，或重新登录。",
    },
)
KEY_NOT_FOUND = ProblemType(
    "key-not-found",
    404,
    {"en": "No such key", "zh-CN": "密钥不存在"},
    {"en": "There is no API key {key}.", "zh-CN": "没有 API 密钥 {key}。"},
)
BENCH_KEY_NEEDS_BENCH = ProblemType(
    "bench-key-needs-bench",
    422,
    {"en": "The key and its bench do not fit", "zh-CN": "密钥与工位不匹配"},
    {
        "en": "A key of the role bench names its bench, and no other key does.",
        "zh-CN": "工位密钥必须指定工位，其他密钥不得指定工位。",
    },
)
SCOPE_NOT_OF_ROLE = ProblemType(
    "scope-not-of-role",
    422,
    {"en": "The role does not have this scope", "zh-CN": "角色不含该范围"},
    {
        "en": "A key of the role {role} never has {scopes}; leave it out or choose another role.",
        "zh-CN": "角色{role}的密钥不可能具有 {scopes}；请去掉该范围或更换角色。",
    },
)
BAD_KEY_NAME = ProblemType(
    "bad-key-name",
    422,
    {"en": "The key's name cannot be used", "zh-CN": "密钥名称无效"},
    {
        "en": "Give the key a name of 1 to 64 characters without control characters.",
        "zh-CN": "密钥名称须为 1 至 64 个字符，不含控制字符。",
    },
)


def create_key(
    session: Session,
    actor: Actor,
    *,
    name: str,
    role: Role,
    bench: str | None = None,
    scopes: Collection[Permission] | None = None,
    stores: Collection[str] | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its token, which exists nowhere else and cannot be shown again.

    ``scopes`` are the permissions that it keeps of its role, ``stores`` the codes whose records it sees; ``None``: all.
    """
    actor.require(Permission.KEY_WRITE)
    if not 1 <= len(name.strip()) <= 64 or not is_line(name):
        raise Problem(BAD_KEY_NAME)
    if (role is Role.BENCH) != (bench is not None):
        raise problem_at("#/bench", BENCH_KEY_NEEDS_BENCH)
    foreign = sorted(set(scopes or ()) - ROLE_PERMISSIONS[role])
    if foreign:
        raise Problem(SCOPE_NOT_OF_ROLE, role=words.role(role), scopes=listed(map(words.permission, foreign)))
    check_grant(actor, role, stores, scopes)
    if stores is not None:
        stores_service.check_open(session, stores, "#/stores")
    if bench is not None:
        fleet.check_name(bench)
        fleet.register(session, bench)
    token = tokens.new_token(tokens.KEY)
    key = ApiKey(
        id=token.id,
        name=name,
        role=role.value,
        bench=bench,
        scopes=None if scopes is None else sorted(scopes),
        stores=None if stores is None else sorted(stores),
        made_by=None if actor.kind == "system" else actor.person,  # keys that beget keys stay one person
        secret_sha256=token.digest,
        created_at=now(),
    )
    session.add(key)
    facts = {"name": name, "role": role.value, "bench": bench, "scopes": key.scopes, "stores": key.stores}
    events.append(session, actor, "key.created", ("key", key.id), facts)
    return key, str(token)


def revoke_key(session: Session, actor: Actor, key_id: str) -> ApiKey:
    """Make a key useless from now on; revoking it again changes nothing."""
    key = queries.key_by_id(session, key_id)
    if key is None:
        raise Problem(KEY_NOT_FOUND, key=key_id)
    actor.require(Permission.KEY_WRITE)
    if key.revoked_at is None:
        key.revoked_at = now()
        events.append(session, actor, "key.revoked", ("key", key_id), {"name": key.name})
    return key


def authenticate(session: Session, text: str) -> Actor:
    """Return the actor that a token stands for; raise the unauthenticated problem for any other token."""
    token = tokens.read_token(text)
    if token is None:
        raise unauthenticated()
    return _key_actor(session, token) if token.kind == tokens.KEY else _user_actor(session, token)


def unauthenticated() -> Problem:
    """Return the refusal of a request without a usable key or session."""
    return Problem(UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="benchwright"'})


def _key_actor(session: Session, token: Token) -> Actor:
    key = queries.key_facts(session, token.id)
    if key is None or not token.fits(key.secret_sha256) or key.revoked_at is not None:
        raise unauthenticated()
    return _actor_of_key(key)


def _actor_of_key(key: Row[Any]) -> Actor:
    return Actor(
        kind="key",
        id=key.id,
        name=key.name,
        role=Role(key.role),
        bench=key.bench,
        stores=_codes(key.stores),
        scopes=None if key.scopes is None else frozenset(Permission(one) for one in key.scopes if one in _KNOWN),
        made_by=key.made_by,
    )


def present_actor(session: Session, kind: str, number: str) -> Actor | None:
    """Return a user or a key with the rights that it has now; ``None`` once it is disabled or revoked.

    For what goes on in somebody's name while they are away, so that a password that is to be changed is no matter.
    """
    if kind == "user":
        user = queries.user(session, number)
        return None if user is None or user.disabled_at else replace(user_actor(user), must_change_password=False)
    key = queries.key_facts(session, number) if kind == "key" else None
    return None if key is None or key.revoked_at else _actor_of_key(key)


def _user_actor(session: Session, token: Token) -> Actor:
    found = queries.session_with_user(session, token.id)
    if found is None:
        raise unauthenticated()
    login, user = found
    if not token.fits(login.secret_sha256) or login.expires_at <= now() or user.disabled_at is not None:
        raise unauthenticated()
    return user_actor(user, login)


def user_actor(user: User, login: LoginSession | None = None) -> Actor:
    """Return the actor that a user is."""
    return Actor(
        kind="user",
        id=user.public_id,
        name=user.name,
        role=Role(user.role),
        stores=_codes(user.stores),
        must_change_password=user.must_change_password,
        session=None if login is None else login.id,
    )


_KNOWN = frozenset(Permission)


def _codes(stored: list[str] | None) -> frozenset[str] | None:
    return None if stored is None else frozenset(stored)
