"""Who may be the second person of a sensitive act (S1), and the table that says who may do what."""

import itertools

import pytest

from hub.core.problems import Problem
from hub.identity.actors import Actor
from hub.identity.permissions import PERMISSION_ROLES, ROLE_PERMISSIONS, Permission, Role, may
from hub.identity.segregation import Act, different_people

REQUEST = {"en": "request the refund", "zh-CN": "申请退款"}
APPROVE = {"en": "approve the refund", "zh-CN": "批准退款"}
PAY = {"en": "pay the refund", "zh-CN": "支付退款"}


def user(number: int, role: Role = Role.ADMIN) -> Actor:
    return Actor("user", f"U-{number:06d}", "…", role)


@pytest.mark.parametrize("people", list(itertools.product((1, 2, 3), repeat=3)))
def test_three_steps_need_three_people(people: tuple[int, int, int]) -> None:
    """Exhaustive over who of three people takes which step; the role does not matter, an administrator's included."""
    steps = (REQUEST, APPROVE, PAY)
    decision = different_people([Act.by(user(n), step) for n, step in zip(people, steps, strict=True)])
    assert decision.allowed == (len(set(people)) == 3)
    assert len(decision.reasons) == 3 - len(set(people))
    for reason in decision.reasons:
        assert "colleague" in reason["en"] and "同事" in reason["zh-CN"]


def test_the_same_step_twice_by_one_person_is_not_two_people() -> None:
    assert not different_people([Act.by(user(1), APPROVE), Act.by(user(1), APPROVE)]).allowed


def test_a_key_counts_as_the_user_who_made_it() -> None:
    key = Actor("key", "0123456789ab", "…", Role.ADMIN, made_by=user(1).person)
    assert not different_people([Act.by(user(1), REQUEST), Act.by(key, APPROVE)]).allowed
    assert different_people([Act.by(user(2), REQUEST), Act.by(key, APPROVE)]).allowed


def test_every_permission_has_its_row_and_somebody() -> None:
    assert PERMISSION_ROLES.keys() == set(Permission)
    assert all(PERMISSION_ROLES.values())
    for role, permission in itertools.product(Role, Permission):
        assert may(role, permission) == (permission in ROLE_PERMISSIONS[role])


@pytest.mark.parametrize("role", list(Role))
def test_scopes_only_narrow_a_role(role: Role) -> None:
    for permission in Permission:
        narrow = Actor("key", "k", "…", role, scopes=frozenset({permission}))
        assert narrow.permissions <= ROLE_PERMISSIONS[role]
        for other in Permission:
            allowed = other is permission and may(role, permission)
            assert narrow.may(other) == allowed
            if not allowed:
                slug = "outside-scopes" if may(role, other) else "forbidden"
                with pytest.raises(Problem) as refused:
                    narrow.require(other)
                assert refused.value.kind.slug == slug
