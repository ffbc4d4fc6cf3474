"""Why a body is not JSON, in words and with its place: the parser itself speaks English alone."""

import re

from starlette.exceptions import HTTPException

from hub.core.i18n import Words

UNREADABLE: Words = {
    "en": "it is no text in UTF-8, or lists and objects are nested too deeply",
    "zh-CN": "不是 UTF-8 文本，或者数组和对象嵌套过深",
}
_ELSE: Words = {"en": "something else than JSON is there", "zh-CN": "此处不是 JSON"}
_REASONS: tuple[tuple[str, Words], ...] = (
    ("Expecting value", {"en": "a value is missing", "zh-CN": "缺少值"}),
    (
        "Expecting property name",
        {"en": "a member's name in double quotes is missing", "zh-CN": "缺少带英文双引号的字段名"},
    ),
    ("Expecting ':'", {"en": "a colon behind a member's name is missing", "zh-CN": "字段名后缺少英文冒号"}),
    (
        "Expecting ','",
        {"en": "a comma or a closing bracket is missing", "zh-CN": "缺少英文逗号或右括号"},
    ),
    ("Illegal trailing comma", {"en": "a comma has nothing behind it", "zh-CN": "逗号后没有内容"}),
    ("Extra data", {"en": "more text follows behind the end", "zh-CN": "结尾之后还有多余内容"}),
    ("Unterminated string", {"en": "a text has no closing quote", "zh-CN": "文本缺少右引号"}),
    (
        "Invalid control character",
        {
            "en": "a text holds a line break or another control character; write it as \\n",
            "zh-CN": "文本中有换行等控制字符，请写成 \\n",
        },
    ),
    (
        r"Invalid \\(?!u)",
        {
            "en": 'a backslash stands before a letter that it cannot; write \\\\ or "/"',
            "zh-CN": "反斜杠后的字符无效，请写成 \\\\",
        },
    ),
    (r"Invalid \\u", {"en": "\\u wants four hexadecimal digits", "zh-CN": "\\u 之后应为四位十六进制数字"}),
    (
        "Unexpected UTF-8 BOM",
        {"en": "a byte order mark stands before it; leave it out", "zh-CN": "开头有字节顺序标记（BOM），请去掉"},
    ),
)
"""Beginnings of what Python's parser says."""


class WrongMember(HTTPException):
    """A body that is JSON, but has a member that nobody can take as it is meant."""

    def __init__(self, where: str, words: Words) -> None:
        super().__init__(422, detail=where)
        self.words = words


def reason(said: str, text: str, place: int) -> Words:
    """Return why ``text`` is not JSON; ``said`` and ``place`` (in characters) are the parser's."""
    words = next((words for pattern, words in _REASONS if re.match(pattern, said)), _ELSE)
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return {
        "en": f"{words['en']}, in line {line} at character {column}",
        "zh-CN": f"第 {line} 行第 {column} 个字符处{words['zh-CN']}",
    }
