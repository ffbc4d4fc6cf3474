"""What the regular expressions of the API's schemas mean, in words: nobody has to read a pattern to mend a field."""

from hub.core.controls import ONE_LINE
from hub.core.i18n import Words, both

_SHA256 = both("64 hexadecimal digits, the SHA-256 of the file", "64 位小写十六进制数字，即文件的 SHA-256")
_NAME = both(
    "a name that begins with a letter or digit; then letters, digits, dot, dash, underscore and colon",
    "以字母或数字开头的名称，只含字母、数字、点、连字符、下划线和冒号",
)
_SMALL = both(
    "a name that begins with a small letter; then small letters, digits and underscores, such as power_repair",
    "以小写字母开头的名称，只含小写字母、数字和下划线，例如 power_repair",
)
FORMATS: dict[str, Words] = {
    r"^U-[0-9]{6,15}$": both("the number of a user, such as U-000007", "用户编号，例如 U-000007"),
    r"^C-[0-9]{6,15}$": both("the number of a customer, such as C-000007", "客户编号，例如 C-000007"),
    r"^T-[0-9]{6,15}$": both("the number of a ticket, such as T-000042", "工单编号，例如 T-000042"),
    r"^\+?[ -]*([0-9][ -]*){5,}$": both(
        "a telephone number: five digits or more, spaces and dashes, a + in front at most, such as +86 138 0000 0000",
        "电话号码：至少 5 位数字，可含空格和连字符，开头可有 +，例如 +86 138 0000 0000",
    ),
    r"^[^@\s]+@[^@\s]+$": both("an e-mail address, such as li.lei@example.com", "电子邮箱，例如 li.lei@example.com"),
    r"^https?://[^\s]+$": both("an address that begins with https://", "以 https:// 开头的地址"),
    "^[A-Z]{3}$": both("a currency's three capital letters (ISO 4217), such as CNY", "三位大写货币代码，例如 CNY"),
    "^[A-Z]{2}$": both("a country's two capital letters (ISO 3166), such as CN", "两位大写国家代码，例如 CN"),
    "^[A-Z0-9]{1,3}$": both(
        "one to three capital letters and digits (ISO 3166-2), such as SH", "一至三位大写字母或数字，例如 SH"
    ),
    "^[0-9a-f]{64}$": _SHA256,
    r"^[A-Za-z0-9][A-Za-z0-9._:-]*$": _NAME,
    r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$": _NAME,
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": both(
        "a code that begins with a letter or digit; then letters, digits, dot, dash and underscore",
        "以字母或数字开头的代码，只含字母、数字、点、连字符和下划线",
    ),
    "^[a-z0-9][a-z0-9-]*$": both(
        "a name of small letters, digits and dashes, such as standard",
        "只含小写字母、数字和连字符的名称，例如 standard",
    ),
    "^[a-z][a-z0-9_]{0,63}$": _SMALL,
    "^[a-z][a-z0-9_]{0,31}$": _SMALL,
    "^[a-z][a-z_]{0,31}$": both("a name of small letters and underscores", "只含小写字母和下划线的名称"),
    "^[a-z_]{1,64}$": both("a name of small letters and underscores", "只含小写字母和下划线的名称"),
    r"^[a-z_]+\.[a-z_]+$": both("a kind of event, such as ticket.close", "事件类型，例如 ticket.close"),
    r"^[a-z_]+\.(\*|[a-z_]+)$": both(
        "a kind of event such as ticket.close, or a family such as ticket.*",
        "事件类型，例如 ticket.close，或一族事件，例如 ticket.*",
    ),
    r"^(\*|[a-z_]+\.(\*|[a-z_]+))$": both(
        "a kind of event such as ticket.close, a family such as ticket.*, or * for all",
        "事件类型，例如 ticket.close；或一族事件，例如 ticket.*；或 * 表示全部",
    ),
    r"^[^/\\\x00-\x1f]+$": both("a file's name without slashes and control characters", "不含斜杠和控制字符的文件名"),
    ONE_LINE: both("one line of text without control characters", "一行文本，不含换行和控制字符"),
    r"^[^\x00]*$": both("text without the character U+0000", "不含空字符的文本"),
    r"^20[0-9]{2}-Q[1-4]$": both("a quarter, such as 2026-Q1", "季度，例如 2026-Q1"),
    "^20[0-9]{2}-(0[1-9]|1[0-2])$": both("a month, such as 2026-01", "月份，例如 2026-01"),
    r"^[vV]?[0-9]{1,6}(\.[0-9]{1,6}){0,3}([-+_ ]?[A-Za-z][0-9A-Za-z.]{0,15})?$": both(
        "a version of firmware or software, such as 2.4.1", "固件或软件版本，例如 2.4.1"
    ),
}
"""Pattern → what is wanted. A pattern of a schema that is not here fails the tests."""
UNKNOWN = both("another format; see the address's description at /docs", "其他格式，见 /docs 中该接口的说明")
