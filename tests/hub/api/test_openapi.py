"""The OpenAPI document: valid by an independent program, complete, and with examples that fit their schemas."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from hub.app import create_app
from hub.core import problems
from hub.core.settings import Settings

WITHOUT_KEY = {
    "GET /healthz",
    "GET /readyz",
    "POST /api/v1/sessions",
    "GET /api/v1/sessions/oidc",
    "GET /api/v1/sessions/oidc/callback",
}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("openapi"))).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_an_independent_validator_finds_nothing(document: dict[str, Any]) -> None:
    errors = [
        f"{'/'.join(map(str, one.path))}: {one.message[:200]}"
        for one in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    assert errors == []


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    found = list(operations(document))
    assert len({operation["operationId"] for _, operation in found}) == len(found) >= 100
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in found:
        assert operation["summary"] and operation["description"], name
        assert len(operation["tags"]) == 1 and operation["tags"][0] in tags, name
        if name not in WITHOUT_KEY:
            assert operation["security"] == [{"ApiKey": []}], name
            assert {"401", "403"} <= operation["responses"].keys(), name
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            if int(status) >= 400 and status != "503":
                assert list(answer["content"]) == [problems.MEDIA_TYPE], (name, status)
                assert answer["content"][problems.MEDIA_TYPE]["examples"], (name, status)


@pytest.mark.parametrize(
    ("operation", "status", "slugs"),
    [
        ("POST /api/v1/shifts", 422, {"unknown-person", "shift-too-long", "invalid-request"}),
        ("POST /api/v1/tickets/{ticket}/merge", 409, {"action-not-possible", "not-the-same"}),
        ("POST /api/v1/tickets/{ticket}/actions", 409, {"action-guarded", "price-by-witness", "plan-outdated"}),
        ("PATCH /api/v1/tickets/{ticket}/intake", 422, {"bad-if-match", "fault-unknown", "intake-incomplete"}),
    ],
)
def test_what_operations_share_is_lost_by_none_that_refuses_more_with_the_same_status(
    document: dict[str, Any], operation: str, status: int, slugs: set[str]
) -> None:
    found = dict(operations(document))[operation]["responses"][str(status)]
    assert slugs <= found["content"][problems.MEDIA_TYPE]["examples"].keys()


def test_another_password_is_not_refused_for_what_only_new_accounts_are(document: dict[str, Any]) -> None:
    found = dict(operations(document))["PUT /api/v1/users/{user}/password"]["responses"]["422"]
    assert found["content"][problems.MEDIA_TYPE]["examples"].keys() == {"bad-password", "invalid-request"}


def test_every_parameter_has_a_name_a_type_and_words_or_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter["schema"], (name, parameter["name"])


def _validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    whole = {**schema, "components": document["components"]}
    registry: Registry[Any] = Registry().with_resource("", Resource(contents=whole, specification=DRAFT202012))
    return Draft202012Validator(whole, registry=registry, format_checker=FormatChecker())


def test_every_body_has_an_example_that_fits(document: dict[str, Any]) -> None:
    wrong: list[str] = []
    for name, operation in operations(document):
        bodies = {status: answer.get("content", {}) for status, answer in operation["responses"].items()}
        bodies["request"] = operation.get("requestBody", {}).get("content", {})
        for where, content in bodies.items():
            media = content.get("application/json")
            if media is None:
                continue
            if not media.keys() & {"example", "examples"}:
                wrong.append(f"{name} {where}: no example")
                continue
            given = [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]
            validator = _validator(document, media["schema"])
            for one in given:
                errors = [f"{error.json_path}: {error.message[:150]}" for error in validator.iter_errors(one)]
                wrong += [f"{name} {where}: {error}" for error in errors]
    assert wrong == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            for one in part.values():
                yield from references(one)
        elif isinstance(part, list):
            for one in part:
                yield from references(one)

    schemas = document["components"]["schemas"]
    assert all(one.removeprefix("#/components/schemas/") in schemas for one in references(document))
    assert "HTTPValidationError" not in schemas
