"""A span that is over before it begins is refused wherever one is asked for: an empty list would pass for an answer."""

import httpx

EARLIER, LATER = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
NEEDED = {"name": "rail", "model": "RB-1", "serial": "S-1", "bench": "bench-01"}
"""Values of parameters that some addresses cannot do without."""
UNTIL_NOW = {"/api/v1/analysis/tickets", "/api/v1/consultations/figures", "/api/v1/staff/figures"}
"""Where the span ends now unless its end is given: one that is still to come has no figures."""


def test_every_span_of_a_query_goes_forwards(admin: httpx.Client) -> None:
    asked = []
    for path, methods in admin.get("/openapi.json").json()["paths"].items():
        parameters = [one for one in methods.get("get", {}).get("parameters", []) if one["in"] == "query"]
        names = {one["name"] for one in parameters}
        for until in sorted(name for name in names if name.endswith("until")):
            since = until.replace("until", "since")
            needed = {one["name"]: NEEDED[one["name"]] for one in parameters if one["required"]}
            backwards = admin.get(path, params={**needed, since: LATER, until: EARLIER})
            (error,) = backwards.json()["errors"]
            assert (backwards.status_code, error["query"] in {since, until}) == (422, True), path
            asked.append(path)
            if path in UNTIL_NOW:
                to_come = admin.get(path, params={since: "2199-12-31T00:00:00Z"})
                (error,) = to_come.json()["errors"]
                assert (to_come.status_code, error["query"]) == (422, since), path
    assert len(set(asked)) > 10 and set(asked) >= UNTIL_NOW
