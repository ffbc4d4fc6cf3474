"""The JSON Schema of test plans, for editors; ``benchwright plan schema`` prints it."""

import json
from typing import Any

import msgspec

from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.diagnosis import FaultDictionary
from edge_agent.plans.model import Plan
from edge_agent.plans.units import schema_hook
from protocols.json_schema import tidy

PLAN_SCHEMA_ID = "test-plan.schema.json"
FAULTS_SCHEMA_ID = "fault-dictionary.schema.json"


def plan_schema() -> dict[str, Any]:
    """Return the schema of plan files (draft 2020-12), with the parameters of every action."""
    (root, *parameters), definitions = _components([Plan, *(action.parameters for action in ACTIONS.values())])
    conditions = [
        {"if": {"properties": {"action": {"const": name}}}, "then": {"properties": {"with": reference}}}
        for name, reference in zip(ACTIONS, parameters, strict=True)
    ]
    for holder in ("Step", "Meanwhile"):
        properties = definitions[holder]["properties"]
        properties["action"] = {
            "description": "What to do.",
            "oneOf": [{"const": action.name, "description": action.summary} for action in ACTIONS.values()],
        }
        properties["with"] = {"type": "object", "description": "Parameters of the action.", "default": {}}
        definitions[holder]["allOf"] = conditions
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": PLAN_SCHEMA_ID,
        "title": "Benchwright test plan",
        **root,
        "$defs": definitions,
    }


def faults_schema() -> dict[str, Any]:
    """Return the schema of fault dictionaries."""
    (root,), definitions = _components([FaultDictionary])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": FAULTS_SCHEMA_ID,
        "title": "Benchwright fault dictionary",
        **root,
        "$defs": definitions,
    }


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as the checked-in file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _components(wanted: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    roots, definitions = msgspec.json.schema_components(wanted, schema_hook=schema_hook)
    return roots, tidy(definitions)
