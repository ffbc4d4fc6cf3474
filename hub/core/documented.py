"""The parts of the OpenAPI document that every endpoint shares: how a refusal looks, and which can happen."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.core import problems
from hub.core.problems import ProblemType

Responses = dict[int | str, dict[str, Any]]
"""Answers of an endpoint by their status, as FastAPI documents them."""


class FieldErrorBody(BaseModel):
    """One thing that is wrong in the request."""

    detail: str = Field(examples=["Field required"])
    pointer: str | None = Field(default=None, description="JSON Pointer into the body.", examples=["#/device/serial"])
    query: str | None = Field(default=None, description="Name of the query parameter.")
    path: str | None = Field(default=None, description="Name of the path parameter.")
    header: str | None = Field(default=None, description="Name of the header.")


class ProblemBody(BaseModel):
    """Problem details (RFC 9457), in the language of `Accept-Language` (`en` or `zh-CN`)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:benchwright:problem:ticket-not-found"])
    title: str = Field(examples=["No such ticket"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no ticket T-000042 that you may see."])
    instance: str = Field(examples=["/api/v1/tickets/T-000042"])
    errors: list[FieldErrorBody] | None = None


def refusals(*kinds: ProblemType, answers: Mapping[int, Mapping[str, Any]] | None = None) -> Responses:
    """Return the documentation of the refusals that an endpoint can give, besides those that all can, by their status.

    ``answers`` is what else it answers. Raises ``ValueError`` for an answer with the status of a refusal, which it
    would hide; an endpoint names all its refusals in one call, as one dictionary would hide those of another.
    """
    by_status: dict[int, list[ProblemType]] = {}
    for kind in {kind.slug: kind for kind in (*kinds, problems.INVALID_REQUEST)}.values():
        by_status.setdefault(kind.status, []).append(kind)
    found: Responses = {status: dict(answer) for status, answer in (answers or {}).items()}
    hidden = found.keys() & by_status
    if hidden:
        raise ValueError(f"an answer and a refusal both have the status {min(hidden)}")
    return found | {status: _refusal(of) for status, of in sorted(by_status.items())}


def _refusal(kinds: list[ProblemType]) -> dict[str, Any]:
    return {
        "description": "; ".join(kind.title["en"] for kind in kinds),
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    kind.slug: {
                        "summary": kind.title["en"],
                        "value": {
                            "type": problems.TYPE_PREFIX + kind.slug,
                            "title": kind.title["en"],
                            "status": kind.status,
                            "detail": kind.detail["en"],
                            "instance": "/api/v1/…",
                        },
                    }
                    for kind in kinds
                },
            }
        },
    }


def add_refusals(operation: dict[str, Any], *kinds: ProblemType) -> None:
    """Document further refusals of an operation of the OpenAPI document."""
    for kind in kinds:
        refusal = _refusal([kind])
        there = operation["responses"].setdefault(str(kind.status), refusal)
        there["content"][problems.MEDIA_TYPE].setdefault("examples", {}).update(
            refusal["content"][problems.MEDIA_TYPE]["examples"]
        )


def describe_all(document: dict[str, Any], *, limited: ProblemType, but: frozenset[str]) -> None:
    """Document what can happen to every request, whatever it asks for: a body that cannot be read or is too large, too
    many requests (``limited``; not at the paths of ``but``), and a failure of the hub.
    """
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "requestBody" in operation:
                add_refusals(operation, problems.MALFORMED_BODY, problems.REQUEST_TOO_LARGE)
            if path not in but:
                add_refusals(operation, limited)
            add_refusals(operation, problems.INTERNAL_ERROR)
