"""The actions that a plan can name. Add a row here for each new one."""

from collections.abc import Mapping
from typing import Any

from edge_agent.plans.actions import (
    camera,
    console,
    firmware,
    generator,
    generic,
    multimeter,
    network,
    oscilloscope,
    scanner,
    supply,
)
from edge_agent.plans.actions.base import Action

_ALL: tuple[Action[Any], ...] = (
    multimeter.Read(),
    oscilloscope.Capture(),
    generator.Configure(),
    generator.Output(),
    supply.Configure(),
    supply.Output(),
    supply.Read(),
    supply.PowerCycle(),
    camera.Capture(),
    scanner.Select(),
    console.Listen(),
    console.Send(),
    firmware.Identify(),
    firmware.Backup(),
    firmware.Flash(),
    firmware.Verify(),
    network.Reach(),
    network.Latency(),
    network.Throughput(),
    generic.Ask(),
    generic.Wait(),
)
ACTIONS: Mapping[str, Action[Any]] = {action.name: action for action in _ALL}
