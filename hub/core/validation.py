"""Validation errors of requests as field errors in both languages, each saying where and what would be right."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.core.formats import FORMATS, UNKNOWN
from hub.core.problems import FieldError

_CHINESE = {
    "missing": "必填",
    "extra_forbidden": "未知字段，请删除",
    "string_type": "应为文本",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "int_type": "应为整数",
    "string_unicode": "应为有效的 UTF-8 文本",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "int_from_float": "应为整数，不能有小数",
    "float_type": "应为数字",
    "finite_number": "应为有限的数字",
    "multiple_of": "应为 {multiple_of} 的倍数",
    "bool_type": "应为 true 或 false",
    "none_required": "应为 null",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "enum": "应为以下之一：{expected}",
    "literal_error": "应为以下之一：{expected}",
    "greater_than_equal": "应不小于 {ge}",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "应不大于 {le}",
    "less_than": "应小于 {lt}",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "datetime_parsing": "应为 RFC 3339 时间，例如 2026-01-31T08:00:00Z",
    "datetime_from_date_parsing": "应为 RFC 3339 时间，例如 2026-01-31T08:00:00Z",
    "datetime_type": "应为 RFC 3339 时间，例如 2026-01-31T08:00:00Z",
    "datetime_object_invalid": "应为 RFC 3339 时间，例如 2026-01-31T08:00:00Z",
    "date_type": "应为日期，例如 2026-01-31",
    "date_parsing": "应为日期，例如 2026-01-31",
    "date_from_datetime_parsing": "应为日期，例如 2026-01-31",
    "date_from_datetime_inexact": "应为不带时间的日期，例如 2026-01-31",
    "timezone_aware": "时间应带时区，例如 2026-01-31T08:00:00Z",
    "dict_type": "应为对象",
    "model_attributes_type": "应为对象",
    "list_type": "应为数组",
    "tuple_type": "应为数组",
    "set_type": "应为数组",
    "frozen_set_type": "应为数组",
    "bytes_type": "应为字节内容",
    "model_type": "应为对象",
    "mapping_type": "应为对象",
    "iterable_type": "应为数组",
    "invalid_key": "字段名应为文本",
    "time_type": "应为时刻，例如 08:00",
    "time_parsing": "应为时刻，例如 08:00",
    "url_parsing": "应为网址，例如 https://example.com",
    "url_scheme": "网址应以 {expected_schemes} 开头",
    "url_too_long": "网址最多 {max_length} 个字符",
    "union_tag_not_found": "缺少用于区分类型的字段 {discriminator}",
    "union_tag_invalid": "{discriminator} 应为以下之一：{expected_tags}",
}
"""Chinese sentence of each pydantic error type that requests can meet. Our own errors bring theirs in their context,
as ``zh-CN``; of the rest it is said that another format is wanted."""

_QUOTED = re.compile("'([^']*)'")


def field_errors(errors: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Turn pydantic's error list into at most 50 field errors."""
    return counted_errors(errors)[0]


def counted_errors(errors: Sequence[Mapping[str, Any]]) -> tuple[tuple[FieldError, ...], int]:
    """Return at most 50 field errors of pydantic's list, and how many there would be without that bound."""
    above = _above({error["loc"][:-1] for error in errors if error.get("loc")})
    told = [one for one in errors if one["type"] != "too_short" or one["loc"] not in above]
    return tuple(_field_error(error) for error in told[:50]), len(told)


def _above(places: Iterable[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Return ``places`` and all that they are in: a list is too short there only for members that are wrong."""
    return {place[:length] for place in places for length in range(1, len(place) + 1)}


def _field_error(error: Mapping[str, Any]) -> FieldError:
    source, *path = (part for part in error.get("loc", ()) or ("body",) if part != "[key]")
    path += error.get("ctx", {}).get("at", ())  # found by looking at several members together
    where = "#" + "".join(f"/{escaped(part)}" for part in path) if source == "body" else f"{source}:{path[0]}"
    english = str(error["msg"])
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        wanted = FORMATS.get(str(context.get("pattern")), UNKNOWN)
        return FieldError(where, {"en": f"It should be {wanted['en']}", "zh-CN": f"应为{wanted['zh-CN']}"})
    if "expected" in context:
        context = {**context, "expected": "、".join(f"“{one}”" for one in _QUOTED.findall(str(context["expected"])))}
    template = _CHINESE.get(str(error["type"]))
    try:
        chinese = template.format_map(context) if template else str(context["zh-CN"])
    except KeyError:
        chinese = f"应为{UNKNOWN['zh-CN']}"
    return FieldError(where, {"en": english, "zh-CN": chinese})


def escaped(part: object) -> str:
    """Escape one reference token (RFC 6901, 3)."""
    return str(part).replace("~", "~0").replace("/", "~1")
