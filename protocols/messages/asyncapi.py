"""The contract as an AsyncAPI 3 document and as JSON Schemas, made from the message types themselves."""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from protocols.json_schema import tidy
from protocols.messages import control, records, topics


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic of the contract, seen from the bench."""

    name: str
    leaf: str
    message: type[msgspec.Struct]
    bench: Literal["send", "receive"]
    qos: int
    summary: str
    retain: bool = False
    content_type: str = "application/json"


CHANNELS = (
    Channel("records", topics.UP_RECORDS, records.RecordBatch, "send", 1, "Spool records, resent until a receipt."),
    Channel("receipt", topics.DOWN_RECEIPT, control.Receipt, "receive", 1, "What the hub committed or refuses."),
    Channel("presence", topics.UP_PRESENCE, control.Presence, "send", 1, "Birth; death by last will.", retain=True),
    Channel("desired", topics.DOWN_DESIRED, control.Desired, "receive", 1, "What the hub wants.", retain=True),
    Channel("reported", topics.UP_REPORTED, control.Reported, "send", 1, "What is in force.", retain=True),
    Channel("command", topics.DOWN_COMMAND, control.Command, "receive", 1, "Request with response topic and expiry."),
    Channel("reply", topics.UP_REPLY, control.Reply, "send", 1, "Answer, with the command's correlation data."),
    Channel(
        "live",
        f"{topics.UP_LIVE}/{{stream}}",
        control.LiveFrame,
        "send",
        0,
        "Preview frames while somebody watches; they expire after 2 s.",
        content_type="application/cbor",
    ),
)
"""The whole contract in one table."""


def json_schemas() -> dict[str, Any]:
    """Return every message and its parts as JSON Schema 2020-12 definitions, by name."""
    _, components = msgspec.json.schema_components(
        [channel.message for channel in CHANNELS], ref_template="#/components/schemas/{name}"
    )
    return {name: _without_discriminator(tidy(schema)) for name, schema in sorted(components.items())}


def _without_discriminator(schema: Any) -> Any:
    """Drop OpenAPI's ``discriminator`` objects: AsyncAPI has none of that form, and each tag is an enum already."""
    if isinstance(schema, dict):
        return {key: _without_discriminator(value) for key, value in schema.items() if key != "discriminator"}
    if isinstance(schema, list):
        return [_without_discriminator(value) for value in schema]
    return schema


def document(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the contract, ``version`` being that of the product."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Benchwright: bench and hub",
            "version": version,
            "description": (
                "MQTT 5 between the agent of a repair bench and the hub. A record leaves the bench only on the "
                "hub's receipt, which is sent after the hub's commit: delivery at least once, effect exactly once."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {f"{channel.bench}_{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {"schemas": json_schemas()},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    parameters = {"bench": {"description": "Name of the bench; the broker's ACL binds it to the credential."}}
    if "{stream}" in channel.leaf:
        parameters["stream"] = {"description": "Name of the stream: an instrument's role, or `run`."}
    name = channel.message.__name__
    return {
        "address": topics.topic("{bench}", channel.leaf),
        "parameters": parameters,
        "messages": {
            name: {
                "name": name,
                "contentType": channel.content_type,
                "summary": channel.summary,
                "payload": {"$ref": f"#/components/schemas/{name}"},
            }
        },
    }


def _operation(channel: Channel) -> dict[str, Any]:
    return {
        "action": channel.bench,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": "0.2.0"}},
    }
