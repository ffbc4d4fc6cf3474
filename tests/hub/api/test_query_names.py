"""A query parameter that is not there, or there twice, is refused at every address: it would filter nothing."""

import httpx


def test_no_endpoint_ignores_a_parameter(admin: httpx.Client) -> None:
    """The refusal names what it does not know, and everything that the OpenAPI document says is there."""
    tried = 0
    for path, operations in admin.get("/openapi.json").json()["paths"].items():
        if not path.startswith("/api/v1/") or path.startswith("/api/v1/sessions/oidc"):
            continue
        for method, operation in operations.items():
            if method == "head":  # its answer has no body
                continue
            answer = admin.request(method, path, params={"no_such_filter": "1"})
            case = (method, path, answer.text[:300])
            assert answer.status_code == 422, case
            assert answer.json()["type"] == "urn:benchwright:problem:invalid-request", case
            (error,) = answer.json()["errors"]
            assert error["query"] == "no_such_filter", case
            known = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            assert all(name in error["detail"] for name in known or ["takes none"]), case
            assert "422" in operation["responses"], case
            tried += 1
    assert tried > 150


def test_a_typing_error_is_told_what_was_meant_in_both_languages(admin: httpx.Client) -> None:
    answer = admin.get("/api/v1/tickets", params={"stat": "new", "limit": 1})
    assert answer.json()["errors"][0]["detail"].startswith(
        "there is no such parameter, state perhaps? There are: state"
    )
    chinese = admin.get("/api/v1/tickets?stat=new", headers={"Accept-Language": "zh-CN"}).json()
    assert chinese["errors"][0]["detail"].startswith("没有该参数，是否应为 state？可用参数：state、kind")


def test_a_parameter_given_twice_is_refused_unless_it_is_a_list(admin: httpx.Client) -> None:
    """The last value would have held alone, and whoever gave both would not know."""
    answer = admin.get("/api/v1/tickets?state=new&priority=3&priority=5&state=draft&store=a&store=a&x=1&x=2")
    found = {error["query"]: error["detail"] for error in answer.json()["errors"]}
    assert (answer.status_code, list(found)) == (422, ["x", "priority", "store"])
    assert found["store"] == "it is there more than once and takes one value; give it once"
    assert admin.get("/api/v1/tickets?state=new&state=draft&limit=1").status_code == 200


def test_several_are_named_at_once_and_other_queries_are_not_ours(admin: httpx.Client) -> None:
    problem = admin.get("/api/v1/tickets", params={"a:b": 1, "": 2, "kind": "repair"}).json()
    assert [error["query"] for error in problem["errors"]] == ["a:b", ""]
    assert problem["detail"].startswith("2 places of the request are")
    assert admin.get("/healthz", params={"from": "a load balancer"}).status_code == 200
    back = admin.get("/api/v1/sessions/oidc/callback", params={"state": "x", "session_state": "from the provider"})
    assert "session_state" not in back.text
