"""Sign-ons that have begun elsewhere, and whose account they open."""

import hashlib
from datetime import timedelta

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem
from hub.events import service as events
from hub.identity import queries, users
from hub.identity.models import LoginSession, SignOn, User
from hub.identity.oidc import Attempt, Identity, refused
from hub.identity.service import user_actor

LASTS = timedelta(minutes=10)


def remember(session: Session, attempt: Attempt, browser: str) -> None:
    """Keep a sign-on that has begun in ``browser`` (the secret of its cookie)."""
    at = now()
    queries.forget_sign_ons(session, at)
    session.add(
        SignOn(
            state_sha256=_digest(attempt.state),
            browser_sha256=_digest(browser),
            nonce=attempt.nonce,
            verifier=attempt.verifier,
            expires_at=at + LASTS,
        )
    )


def take(session: Session, state: str, browser: str) -> SignOn:
    """Return the sign-on that ``state`` belongs to, once, and only to the browser in which it began."""
    row = queries.take_sign_on(session, _digest(state), _digest(browser), now())
    if row is None:
        raise refused(
            "this sign-on did not begin in this browser, or took too long", "该登录并非由此浏览器发起或已超时"
        )
    return row


def begin_session(session: Session, identity: Identity) -> tuple[LoginSession, User, str]:
    """Log in the account that the identity is bound to; the first time, the one with its login is bound to it.

    The binding is what counts afterwards: who gets a former colleague's login at the provider gets no account here.
    """
    user = queries.user_by_subject(session, identity.subject)
    if user is None:
        try:
            user = queries.user_by_login(session, users.normal_login(identity.login))
        except Problem:
            user = None
        if user is None or user.oidc_subject is not None:
            raise users.login_failed()
        user.oidc_subject = identity.subject
        session.flush()
        events.append(session, user_actor(user), "user.sign_on_bound", user.record, {})
    if user.disabled_at is not None:
        raise users.login_failed()
    return users.open_session(session, user)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
