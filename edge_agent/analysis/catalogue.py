"""The table of analyses that test plans can use by name. Add a row here for each new one."""

from collections.abc import Mapping

from edge_agent.analysis.registry import AnalysisSpec

_SPECS: tuple[AnalysisSpec, ...] = ()

CATALOGUE: Mapping[str, AnalysisSpec] = {spec.name: spec for spec in _SPECS}
