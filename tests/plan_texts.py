"""Plans as text, for tests that are about plans."""

import textwrap

HEAD = """\
plan: test-plan
version: 1
model: SP-100
title: {en: Test, zh-CN: 测试}
roles:
  meter: {kind: multimeter, title: {en: bench meter, zh-CN: 台式万用表}}
points:
  TP_5V: {en: 5 V rail, zh-CN: 5 V 电源}
  TP_3V3: {en: 3.3 V rail, zh-CN: 3.3 V 电源}
"""


def read(step_id: str, *, low: str = "3.2 V", high: str = "3.4 V", extra: str = "") -> str:
    """A step that reads the meter and judges the value."""
    return (
        f"- id: {step_id}\n"
        f"  title: {{en: Read {step_id}, zh-CN: 读数 {step_id}}}\n"
        "  action: multimeter.read\n"
        "  role: meter\n"
        "  with: {function: dc_voltage}\n"
        f"  measure: [{{name: {step_id}-value, field: value, low: {low}, high: {high}}}]\n"
    ) + textwrap.indent(extra, "  ")


def wait(step_id: str, seconds: str = "1 ms", *, extra: str = "") -> str:
    """A step that needs no instrument."""
    return (
        f"- id: {step_id}\n  title: {{en: Wait, zh-CN: 等待}}\n  action: wait\n  with: {{seconds: {seconds}}}\n"
    ) + textwrap.indent(extra, "  ")


def plan(*, setup: str = "", main: str = "", teardown: str = "", head: str = HEAD) -> str:
    """Put groups of steps together."""
    groups = (("setup", setup), ("main", main), ("teardown", teardown))
    return head + "".join(f"{name}:\n{textwrap.indent(steps, '  ')}" for name, steps in groups if steps)
