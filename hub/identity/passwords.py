"""Passwords: which are good enough, and how they are kept (argon2id, through pwdlib).

The parameters are those that OWASP's password storage cheat sheet names first for argon2id (19 MiB, two passes, one
lane). Two passwords at most are computed at a time, so that a flood of logins takes neither all memory nor all
processors.
"""

import secrets
import threading

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from hub.core.i18n import Words, both
from hub.core.problems import FieldError, Problem, ProblemType, problem_at

MIN_LENGTH, MAX_LENGTH = 10, 128
MIN_DIFFERENT = 3
BAD_PASSWORD = ProblemType(
    "bad-password",
    422,
    {"en": "The password cannot be used", "zh-CN": "密码不符合要求"},
    {
        "en": "{reason}; length counts, not symbols.",
        "zh-CN": "{reason}；重在长度，不要求特殊符号。",
    },
)
SAME_PASSWORD = ProblemType(
    "same-password",
    422,
    {"en": "The new password is the present one", "zh-CN": "新密码与当前密码相同"},
    {
        "en": "Choose another: whoever gave you the present one would go on knowing it.",
        "zh-CN": "请另设密码：当前密码的设置者可能仍然知道它。",
    },
)
_ANOTHER: Words = {"en": "another password than the present one", "zh-CN": "应与当前密码不同"}
_hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
_turn = threading.BoundedSemaphore(2)
_nobody = ""


def check(password: str, login: str | None, where: str = "#/password") -> None:
    """Raise the bad-password problem for one that is too easy to guess; ``where`` it stands in the request.

    Without a ``login`` it is for several accounts.
    """
    plain = password.casefold()
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        reason = both(
            f"Choose {MIN_LENGTH} to {MAX_LENGTH} characters", f"密码须为 {MIN_LENGTH} 至 {MAX_LENGTH} 个字符"
        )
    elif login is not None and login.casefold() in plain:
        reason = both("Choose a password that does not contain the login", "密码不得包含登录名")
    elif len(set(plain)) < MIN_DIFFERENT:
        reason = both(
            f"Choose at least {MIN_DIFFERENT} different characters", f"密码至少须有 {MIN_DIFFERENT} 个不同的字符"
        )
    else:
        return
    raise problem_at(where, BAD_PASSWORD, reason=reason)


def check_another(new: str, present: str) -> None:
    """Raise the same-password problem for a change that changes nothing."""
    if new == present:
        raise Problem(SAME_PASSWORD, errors=(FieldError("#/new", _ANOTHER),))


def digest(password: str) -> str:
    """Return what is stored of a password; takes some 20 ms, so call it outside of a writing unit."""
    with _turn:
        return _hasher.hash(password)


def verify(password: str, stored: str | None) -> bool:
    """Whether ``password`` is the stored one. Without a stored one it takes as long, and is false."""
    global _nobody  # noqa: PLW0603 - made on first use: importing must stay quick
    if stored is None and not _nobody:
        _nobody = digest(secrets.token_urlsafe(32))
    with _turn:
        try:
            return _hasher.verify(password, stored or _nobody) and stored is not None
        except UnknownHashError:
            return False
