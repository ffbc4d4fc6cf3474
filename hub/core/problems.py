"""Problem details (RFC 9457): every refusal of the API, as data, in English and Chinese.

A domain declares its ``ProblemType`` values beside the code that raises them::

    TICKET_NOT_FOUND = ProblemType(
        "ticket-not-found", 404,
        {"en": "No such ticket", "zh-CN": "工单不存在"},
        {"en": "There is no ticket {ticket} that you may see.", "zh-CN": "没有您可查看的工单 {ticket}。"},
    )
    raise Problem(TICKET_NOT_FOUND, ticket="T-000042")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.core.i18n import Count, Language, Words

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:benchwright:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of refusal. ``detail`` is a template in which ``{names}`` are filled from the raising code.

    ``{count:file is|files are}`` is a number with the words that go with one and with several.
    """

    slug: str
    status: int
    title: Words
    detail: Words


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong in the request. ``where`` is a JSON Pointer (``#/symptom``) or ``query:limit``."""

    where: str
    words: Words


class Problem(Exception):
    """A refusal on its way to the caller."""

    def __init__(
        self,
        kind: ProblemType,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        self.kind = kind
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.values = values
        super().__init__(self.sentence("en"))

    def sentence(self, language: Language) -> str:
        """Return the detail in one language; a value may itself be words in both."""
        values = {name: value[language] if isinstance(value, Mapping) else value for name, value in self.values.items()}
        counted = {name: Count(value) if type(value) is int else value for name, value in values.items()}
        return self.kind.detail[language].format_map(counted)

    def body(self, language: Language) -> dict[str, Any]:
        """Return the members of the problem document (RFC 9457, 3.1 and 3.2)."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.kind.slug,
            "title": self.kind.title[language],
            "status": self.kind.status,
            "detail": self.sentence(language),
        }
        if self.errors:
            body["errors"] = [_field_error(error, language) for error in self.errors]
        return body


def problem_at(where: str, kind: ProblemType, **values: Any) -> Problem:
    """Return a refusal that is about one place of the request, where its own words say what would be right."""
    said = Problem(kind, **values)
    words: Words = {"en": said.sentence("en"), "zh-CN": said.sentence("zh-CN")}
    return Problem(kind, errors=(FieldError(where, words),), **values)


def _field_error(error: FieldError, language: Language) -> dict[str, str]:
    kind, _, name = error.where.partition(":")
    place = {"pointer": error.where} if error.where.startswith("#") else {kind: name}
    return {"detail": error.words[language], **place}


INVALID_REQUEST = ProblemType(
    "invalid-request",
    422,
    {"en": "The request is not valid", "zh-CN": "请求无效"},
    {
        "en": "{count:place of the request is|places of the request are} wrong; see errors.",
        "zh-CN": "请求中有 {count} 处错误，详见 errors。",
    },
)
MALFORMED_BODY = ProblemType(
    "malformed-body",
    400,
    {"en": "The body cannot be read", "zh-CN": "无法读取请求内容"},
    {"en": "The body is not valid JSON: {reason}.", "zh-CN": "请求内容不是有效的 JSON：{reason}。"},
)
REQUEST_TOO_LARGE = ProblemType(
    "request-too-large",
    413,
    {"en": "The request is too large", "zh-CN": "请求过大"},
    {"en": "The body may have at most {limit} bytes.", "zh-CN": "请求内容不得超过 {limit} 字节。"},
)
BAD_CURSOR = ProblemType(
    "bad-cursor",
    422,
    {"en": "The cursor cannot be used", "zh-CN": "分页游标无效"},
    {
        "en": "Take the cursor from the `next` member of the page before, with the same filters.",
        "zh-CN": "请使用上一页 `next` 字段中的游标，并保持筛选条件不变。",
    },
)
NO_SUCH_PATH = ProblemType(
    "no-such-path",
    404,
    {"en": "Nothing is here", "zh-CN": "路径不存在"},
    {"en": "There is nothing at {path}; see /docs for what there is.", "zh-CN": "{path} 不存在，可用接口见 /docs。"},
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    405,
    {"en": "The method is not allowed here", "zh-CN": "不支持该方法"},
    {"en": "{path} does not answer to {method}.", "zh-CN": "{path} 不支持 {method}。"},
)
DATABASE_UNAVAILABLE = ProblemType(
    "database-unavailable",
    503,
    {"en": "The database does not answer in time", "zh-CN": "数据库暂时不可用"},
    {
        "en": "Nothing was changed; send the request again in a few seconds.",
        "zh-CN": "数据未作更改；请几秒后重试。",
    },
)
DATABASE_OF_ANOTHER_VERSION = ProblemType(
    "database-version",
    500,
    {"en": "The database is of another version", "zh-CN": "数据库版本不符"},
    {
        "en": "The database does not have the tables of this version; an administrator stops the hub and runs "
        "`benchwright hub migrate`. To ask again helps only after that.",
        "zh-CN": "数据库中的表与本版本不符；须由管理员停止服务并运行 `benchwright hub migrate`，此前重试无效。",
    },
)
INTERNAL_ERROR = ProblemType(
    "internal-error",
    500,
    {"en": "The hub failed", "zh-CN": "服务器内部错误"},
    {
        "en": "The hub could not finish the request; nothing was changed, and the error is in its log.",
        "zh-CN": "服务器未能完成请求；数据未作更改，错误已写入日志。",
    },
)
NUL_WORDS: Words = {
    "en": "it holds a NUL character (U+0000), which no text may have; leave it out",
    "zh-CN": "含有空字符（U+0000），文本中不允许出现；请删除",
}
"""What is said of text that PostgreSQL cannot hold."""
NO_JSON_WORDS: Words = {
    "en": "it should be JSON, sent with the header Content-Type: application/json",
    "zh-CN": "请求内容应为 JSON，并带有请求头 Content-Type: application/json",
}
