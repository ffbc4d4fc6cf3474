"""Make, check and revoke API keys.

A key reads ``bw_<id>_<secret>``: the id finds the row, the secret has 256 random bits. That much entropy needs no slow
hash, so a request costs one SHA-256 and one lookup.
"""

import hashlib
import hmac
import re
import secrets

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.fleet import service as fleet
from hub.identity import queries
from hub.identity.actors import Actor
from hub.identity.models import ApiKey
from hub.identity.permissions import Role

UNAUTHENTICATED = ProblemType(
    "unauthenticated",
    401,
    {"en": "A valid API key is needed", "zh-CN": "需要有效的 API 密钥"},
    {
        "en": "Send the header `Authorization: Bearer bw_…` with a key that is not revoked.",
        "zh-CN": "请在请求头中提供 `Authorization: Bearer bw_…`，且密钥未被吊销。",
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
BAD_KEY_NAME = ProblemType(
    "bad-key-name",
    422,
    {"en": "The key's name cannot be used", "zh-CN": "密钥名称无效"},
    {"en": "Give the key a name of 1 to 64 characters.", "zh-CN": "密钥名称须为 1 至 64 个字符。"},
)
_TOKEN = re.compile(r"bw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


def create_key(
    session: Session, actor: Actor, *, name: str, role: Role, bench: str | None = None
) -> tuple[ApiKey, str]:
    """Make a key and return it with its token, which exists nowhere else and cannot be shown again."""
    if not 1 <= len(name.strip()) <= 64:
        raise Problem(BAD_KEY_NAME)
    if (role is Role.BENCH) != (bench is not None):
        raise Problem(BENCH_KEY_NEEDS_BENCH)
    if bench is not None:
        fleet.check_name(bench)
        fleet.register(session, bench)
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(id=key_id, name=name, role=role.value, bench=bench, secret_sha256=_digest(secret), created_at=now())
    session.add(key)
    events.append(session, actor, "key.created", ("key", key_id), {"name": name, "role": role.value, "bench": bench})
    return key, f"bw_{key_id}_{secret}"


def revoke_key(session: Session, actor: Actor, key_id: str) -> ApiKey:
    """Make a key useless from now on; revoking it again changes nothing."""
    key = queries.key_by_id(session, key_id)
    if key is None:
        raise Problem(KEY_NOT_FOUND, key=key_id)
    if key.revoked_at is None:
        key.revoked_at = now()
        events.append(session, actor, "key.revoked", ("key", key_id), {"name": key.name})
    return key


def authenticate(session: Session, token: str) -> Actor:
    """Return the actor that a token stands for; raise the unauthenticated problem for any other token."""
    match = _TOKEN.fullmatch(token)
    key = queries.key_by_id(session, match[1]) if match else None
    if (
        match is None
        or key is None
        or not hmac.compare_digest(key.secret_sha256, _digest(match[2]))
        or key.revoked_at is not None
    ):
        raise unauthenticated()
    return Actor(kind="key", id=key.id, name=key.name, role=Role(key.role), bench=key.bench)


def unauthenticated() -> Problem:
    """Return the refusal of a request without a usable key."""
    return Problem(UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="benchwright"'})


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
