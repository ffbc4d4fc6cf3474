"""One function per command on users, their passwords and their sessions."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.problems import Problem, ProblemType, problem_at
from hub.events import service as events
from hub.identity import queries, throttle, tokens, words
from hub.identity.actors import Actor
from hub.identity.grants import check_grant
from hub.identity.models import LoginSession, User
from hub.identity.permissions import Permission, Role
from hub.identity.service import unauthenticated, user_actor
from hub.stores import service as stores_service

SESSION_LASTS = timedelta(hours=12)
"""One shift, and the way to it."""
USER_NOT_FOUND = ProblemType(
    "user-not-found",
    404,
    {"en": "No such user", "zh-CN": "用户不存在"},
    {"en": "There is no user {user} that you may see.", "zh-CN": "没有您可查看的用户 {user}。"},
)
LOGIN_TAKEN = ProblemType(
    "login-taken",
    409,
    {"en": "The login is taken", "zh-CN": "登录名已被使用"},
    {"en": "Somebody has the login {login} already; choose another.", "zh-CN": "登录名 {login} 已被使用，请另选。"},
)
BAD_LOGIN = ProblemType(
    "bad-login",
    422,
    {"en": "The login cannot be used", "zh-CN": "登录名无效"},
    {
        "en": "A login has 2 to 64 letters, digits, dots, dashes, underscores or @, and begins with a letter or digit.",
        "zh-CN": "登录名为 2 至 64 个字母、数字、点、连字符、下划线或 @，且以字母或数字开头。",
    },
)
NOT_A_PERSONS_ROLE = ProblemType(
    "not-a-persons-role",
    422,
    {"en": "No person has this role", "zh-CN": "该角色不能授予个人"},
    {
        "en": "The role {role} is for API keys; give a person one of the others.",
        "zh-CN": "角色{role}仅用于 API 密钥，请选择其他角色。",
    },
)
LOGIN_FAILED = ProblemType(
    "login-failed",
    401,
    {"en": "Login and password do not fit", "zh-CN": "登录名或密码错误"},
    {"en": "Check both and try again.", "zh-CN": "请核对后重试。"},
)
WRONG_PASSWORD = ProblemType(
    "wrong-password",
    422,
    {"en": "The present password is another one", "zh-CN": "当前密码错误"},
    {"en": "Give the password that you log in with now.", "zh-CN": "请输入当前登录密码。"},
)
NOT_A_SESSION = ProblemType(
    "not-a-session",
    409,
    {"en": "This is not a login session", "zh-CN": "当前并非登录会话"},
    {
        "en": "You came with an API key; it is revoked with DELETE /api/v1/keys/…, and has no password.",
        "zh-CN": "您使用的是 API 密钥；密钥通过 DELETE /api/v1/keys/… 吊销，没有密码。",
    },
)
KEY_ROLES = frozenset({Role.BENCH, Role.STORE_SYSTEM})
_LOGIN = re.compile(r"[\w][\w.@-]{1,63}")


def normal_login(login: str) -> str:
    """Return a login as it is stored and compared: NFKC, without case; raise the bad-login problem."""
    normal = unicodedata.normalize("NFKC", login.strip()).casefold()
    if not _LOGIN.fullmatch(normal):
        raise problem_at("#/login", BAD_LOGIN)
    return normal


def create(
    session: Session,
    actor: Actor,
    *,
    login: str,
    name: str,
    role: Role,
    password_hash: str,
    stores: Collection[str] | None = None,
    must_change_password: bool = True,
) -> User:
    """Make an account. Its password was given by somebody else, so that the first act is to change it."""
    actor.require(Permission.USER_WRITE)
    login = normal_login(login)
    _check_role(actor, role, stores)
    if stores is not None:
        stores_service.check_open(session, stores, "#/stores")
    if queries.user_by_login(session, login) is not None:
        raise Problem(LOGIN_TAKEN, login=login)
    user = User(
        login=login,
        name=name,
        role=role.value,
        stores=None if stores is None else sorted(stores),
        password_hash=password_hash,
        must_change_password=must_change_password,
        made_by=_hand(actor),
        created_at=now(),
    )
    session.add(user)
    session.flush()
    events.append(session, actor, "user.created", user.record, {"role": user.role, "stores": user.stores})
    return user


def get(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> User:
    """Return a user; everybody sees themselves, others only with the permission."""
    user = queries.user(session, public_id, for_update=for_update)
    if user is None or not visible(actor, user):
        raise Problem(USER_NOT_FOUND, user=public_id[:40])
    if actor.id != user.public_id:
        actor.require(Permission.USER_READ)
    return user


def change(session: Session, actor: Actor, public_id: str, changes: Mapping[str, Any], expected: Precondition) -> User:
    """Change name, role, stores or disabled; the change holds from the user's next request on."""
    user = get(session, actor, public_id, for_update=True)
    actor.require(Permission.USER_WRITE)
    expected.check(user.version)
    _check_role(actor, Role(user.role), user.stores)
    role = Role(changes.get("role") or user.role)
    stores = changes.get("stores", user.stores)
    _check_role(actor, role, stores)
    if stores is not None:
        stores_service.check_open(session, set(stores) - set(user.stores or ()), "#/stores")
    wanted: dict[str, Any] = {"role": role.value, "stores": None if stores is None else sorted(stores)}
    if changes.get("name"):
        wanted["name"] = changes["name"]
    disabled = changes.get("disabled")
    if disabled is not None and disabled != (user.disabled_at is not None):
        wanted["disabled_at"] = now() if disabled else None
    wanted = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    for name, value in wanted.items():
        setattr(user, name, value)
    if wanted:
        if user.disabled_at is not None:
            queries.end_sessions_of(session, user.id)
        session.flush()
        facts = {
            "changed": sorted(wanted),
            "role": user.role,
            "stores": user.stores,
            "disabled": bool(user.disabled_at),
        }
        events.append(session, actor, "user.changed", user.record, facts)
    return user


def reset_password(session: Session, actor: Actor, public_id: str, password_hash: str) -> User:
    """Give somebody a new password, which they must change; all their sessions end."""
    user = get(session, actor, public_id, for_update=True)
    actor.require(Permission.USER_WRITE)
    _check_role(actor, Role(user.role), user.stores)
    user.password_hash = password_hash
    user.must_change_password = True
    user.password_by = _hand(actor)
    queries.end_sessions_of(session, user.id)
    session.flush()
    events.append(session, actor, "user.password_reset", user.record, {})
    return user


def change_own_password(session: Session, actor: Actor, old_hash: str, password_hash: str) -> None:
    """Store the new password, unless the old one (checked outside) is another by now; other sessions end."""
    user = queries.user(session, actor.id, for_update=True)
    if user is None or user.password_hash != old_hash:
        raise problem_at("#/current", WRONG_PASSWORD)
    user.password_hash = password_hash
    user.must_change_password = False
    queries.end_sessions_of(session, user.id, but=actor.session)
    session.flush()
    events.append(session, actor, "user.password_changed", user.record, {})


def begin_session(session: Session, login: str, address: str, verified_hash: str) -> tuple[LoginSession, User, str]:
    """Log in somebody whose password was verified against ``verified_hash``; return the token, shown this once."""
    user = queries.user_by_login(session, login)
    if user is None or user.disabled_at is not None or user.password_hash != verified_hash:
        raise login_failed()
    throttle.attempt_succeeded(session, login, address)
    return open_session(session, user)


def open_session(session: Session, user: User) -> tuple[LoginSession, User, str]:
    """Begin a session of somebody who has proven who they are; return the token, shown this once."""
    at = now()
    queries.forget_sessions(session, at)
    token = tokens.new_token(tokens.SESSION)
    row = LoginSession(
        id=token.id, user_id=user.id, secret_sha256=token.digest, created_at=at, expires_at=at + SESSION_LASTS
    )
    session.add(row)
    session.flush()
    events.append(session, user_actor(user), "session.begun", user.record, {"session": row.id})
    return row, user, str(token)


def end_session(session: Session, actor: Actor) -> None:
    """Log out."""
    queries.end_session(session, own_session(actor))
    events.append(session, actor, "session.ended", ("user", actor.id), {"session": actor.session})


def get_colleague(session: Session, actor: Actor, public_id: str) -> User:
    """Return somebody with an enabled account within the actor's stores (S5); raise the user-not-found problem."""
    user = queries.user(session, public_id)
    if user is None or user.disabled_at is not None or not visible(actor, user):
        raise Problem(USER_NOT_FOUND, user=public_id[:40])
    return user


def own_session(actor: Actor) -> str:
    """Return the id of the actor's session; raise the not-a-session problem for a key."""
    if actor.session is None:
        raise Problem(NOT_A_SESSION)
    return actor.session


def login_failed() -> Problem:
    """Return the one refusal for a wrong password, an unknown login and a disabled account."""
    return Problem(LOGIN_FAILED, headers=unauthenticated().headers)


def visible(actor: Actor, user: User) -> bool:
    """Whether ``user`` is the actor or works for one of the actor's stores (S5)."""
    if actor.stores is None or actor.id == user.public_id:
        return True
    return user.stores is not None and not actor.stores.isdisjoint(user.stores)


def _hand(actor: Actor) -> str | None:
    return None if actor.kind == "system" else actor.person


def _check_role(actor: Actor, role: Role, stores: Collection[str] | None) -> None:
    if role in KEY_ROLES:
        raise problem_at("#/role", NOT_A_PERSONS_ROLE, role=words.role(role))
    check_grant(actor, role, stores)
