"""The generated contract, read by the AsyncAPI project's own parser (npm) and by a JSON Schema validator."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

import protocols.messages.records as r
from protocols.messages import asyncapi, codec

ROOT = Path(__file__).parents[3]
CHECK = ROOT / "tests" / "asyncapi"


@pytest.fixture(scope="session")
def node_parser():
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node and npm here (apt install nodejs npm): the AsyncAPI parser cannot run")
    if not (CHECK / "node_modules" / "@asyncapi" / "parser").is_dir():
        # A cold install may take long on a bench-class machine, so it is no part of a test's own time limit.
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=CHECK,
            check=True,
            capture_output=True,
            timeout=300,
            env=os.environ | {"CI": "1"},
        )
    return CHECK / "check.cjs"


@pytest.mark.timeout(360)
def test_the_asyncapi_parser_accepts_the_contract(node_parser):
    result = subprocess.run(
        ["node", node_parser, ROOT / "docs" / "contract" / "asyncapi.json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads(result.stdout)
    assert "bw/v1/{bench}/up/records" in found["channels"]
    assert found["operations"] == sorted(f"{c.bench}_{c.name}" for c in asyncapi.CHANNELS)


def test_an_encoded_message_is_valid_under_its_published_schema():
    schemas = asyncapi.json_schemas()
    schema = {"$ref": "#/components/schemas/RecordBatch", "components": {"schemas": schemas}}
    batch = json.loads(codec.encode(examples_batch()))
    jsonschema.validate(batch, schema)
    batch["records"][0]["seq"] = 0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(batch, schema)


def examples_batch() -> r.RecordBatch:
    at = "2026-11-23T08:00:00Z"
    step = {
        "type": "step_finished",
        "run": "run-1",
        "step": "rail_3v3",
        "group": "main",
        "attempt": 1,
        "outcome": "failed",
        "duration_s": 0.4,
        "measurements": [
            {
                "name": "rail_3v3",
                "value": 2.9,
                "unit": "V",
                "standard_uncertainty": 0.001,
                "limits": {"low": 3.2, "high": 3.4},
                "rule": "guard_band",
                "verdict": "fail",
                "instrument": "meter",
            }
        ],
    }
    raw = {"bench": "bench-01", "epoch": "0" * 32, "records": [{"seq": 1, "at": at, "body": step}]}
    return codec.decode(json.dumps(raw).encode(), r.RecordBatch)
