"""What an intake can have (T3): each thing with its name, where it belongs in a request, and how it is asked for."""

from collections.abc import Iterable
from enum import StrEnum

from hub.core.i18n import Words, both, listed
from hub.core.problems import FieldError


class Item(StrEnum):
    """One thing that an intake can have."""

    CONTACT = "contact"
    MODEL = "model"
    SERIAL = "serial"
    PURCHASE_PROOF = "purchase_proof"
    SYMPTOM = "symptom"
    URGENCY = "urgency"
    ACCESSORIES = "accessories"
    APPEARANCE = "appearance"
    PHOTOS = "photos"
    WAITED_S = "waited_s"


_POINTERS = {Item.MODEL: "#/device/model", Item.SERIAL: "#/device/serial", Item.PHOTOS: "#/attachments"}
_WORDS: dict[Item, tuple[Words, Words]] = {
    Item.CONTACT: (
        both("contact", "联系方式"),
        both("give the customer's name and a telephone number or e-mail address", "请填写客户姓名，以及电话或电子邮箱"),
    ),
    Item.MODEL: (
        both("product", "产品型号"),
        both("give the product's model", "请填写产品型号"),
    ),
    Item.SERIAL: (
        both("serial number", "序列号"),
        both("give the serial number on the device's label", "请填写设备铭牌上的序列号"),
    ),
    Item.PURCHASE_PROOF: (
        both("purchase proof", "购买凭证"),
        both(
            "give kind and number of the purchase proof; kind none when the customer has none",
            "请填写购买凭证的类型和编号；客户没有凭证时类型填“none”",
        ),
    ),
    Item.SYMPTOM: (
        both("symptom or question", "故障现象或问题"),
        both("say what is wrong or wanted, in the customer's words", "请按客户描述填写现象或诉求"),
    ),
    Item.URGENCY: (
        both("urgency", "紧急程度"),
        both(
            "say low, normal, high or critical", "请填写“low”（低）、“normal”（一般）、“high”（高）或“critical”（危急）"
        ),
    ),
    Item.ACCESSORIES: (
        both("accessories", "随附配件"),
        both(
            "list what came with the device; when nothing did, an empty list (in a file: none)",
            "请列出随设备交来的配件；没有则填空数组（导入文件中填“无”）",
        ),
    ),
    Item.APPEARANCE: (
        both("appearance", "外观"),
        both("describe the device's appearance, scratches and damage", "请描述设备外观、划痕和损伤"),
    ),
    Item.PHOTOS: (
        both("photos", "照片"),
        both("attach at least one photo of the device", "请至少附一张设备照片"),
    ),
    Item.WAITED_S: (
        both("waiting time", "等待时间"),
        both("say for how many seconds the customer waited", "请填写客户等待的秒数"),
    ),
}
"""What each thing is called, and how it is asked for."""


def names(items: Iterable[Item]) -> Words:
    """Return the names of some items as one text."""
    return listed(_WORDS[item][0] for item in items)


def field_errors(items: Iterable[Item]) -> tuple[FieldError, ...]:
    """Return where each missing item belongs, and how to give it."""
    return tuple(FieldError(_POINTERS.get(item, f"#/{item}"), _WORDS[item][1]) for item in items)
