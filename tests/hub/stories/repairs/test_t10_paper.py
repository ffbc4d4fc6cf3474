"""T10, T13: the slip and the report on paper, in Chinese and English, with the ticket's QR code."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.papers import typesetting
from hub.portal.words import sections
from hub.tickets.kinds import Kind

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
pytestmark = [
    pytest.mark.skipif(not FONT.exists(), reason="no Chinese font: apt install fonts-wqy-microhei"),
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext: apt install poppler-utils"),
]


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"public_url": "https://service.example.com"})


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return re.sub(r"[ \n]+", " ", done.stdout.decode())


def fonts_of(pdf: bytes, folder: Path) -> str:
    (folder / "paper.pdf").write_bytes(pdf)
    done = subprocess.run(["pdffonts", folder / "paper.pdf"], capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


def paper(shop, ticket, name, language):
    answer = shop.counter.get(f"/api/v1/tickets/{ticket}/{name}.pdf", headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    assert answer.headers["content-language"] == language
    return answer.content


def test_the_slip_says_what_was_taken_in(shop, tmp_path):
    ticket = shop.intake(accessories=["电源适配器"], appearance="左侧有划痕")
    chinese, english = (paper(shop, ticket, "slip", language) for language in ("zh-CN", "en"))
    for words in ("服务受理单", ticket, "SN-20260001", "按下电源键没有反应", "电源适配器", "左侧有划痕", "凭单取机"):
        assert words.replace(" ", "") in text_of(chinese).replace(" ", "")
    assert "Repair slip" in text_of(english) and "Nothing is repaired before you agree" in text_of(english)
    assert "138 0000" not in text_of(chinese) and "138****1234" in text_of(chinese)
    assert "WenQuanYi" in fonts_of(chinese, tmp_path), "characters are set in a font that has them"
    width = subprocess.run(["pdfinfo", "-"], input=chinese, capture_output=True, check=True, timeout=30).stdout
    assert b"226.772" in width, "80 mm, as receipt printers have it"


def test_the_report_says_what_was_done_and_is_the_same_every_time(shop):
    ticket = shop.closed()
    chinese, english = (paper(shop, ticket, "report", language) for language in ("zh-CN", "en"))
    for words in (
        "维修报告",
        "更换C5",
        "C5220µF",
        "25分钟",
        "¥80.00",
        "电容干涸",
        "3.05V",
        "超出范围",
        "3.301V",
        "合格",
    ):
        assert words in text_of(chinese).replace(" ", ""), words
    for words in ("Repair report", "Dried-out capacitor", "25 min", "out of limits", "The functional test passed"):
        assert words in text_of(english)
    assert paper(shop, ticket, "report", "zh-CN") == chinese
    links = shop.counter.get(f"/api/v1/tickets/{ticket}/customer-links").json()
    assert len(links) == 1, "papers and messages carry the same link"


def test_a_complaint_has_words_of_its_own_and_no_report(shop):
    body = {
        "kind": "complaint",
        "channel": "phone",
        "symptom": "等了三周",
        "contact": {"name": "李雷", "phone": "13800001234"},
    }
    ticket = shop.counter.post("/api/v1/tickets", json=body).raise_for_status().json()["id"]
    chinese, english = (text_of(paper(shop, ticket, "slip", language)) for language in ("zh-CN", "en"))
    assert "投诉受理单" in chinese and "凭单取机" not in chinese.replace(" ", "")
    assert "Complaint slip" in english and "Nothing is repaired" not in english and "your repair" not in english
    answer = shop.counter.get(f"/api/v1/tickets/{ticket}/report.pdf")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:benchwright:problem:nothing-to-report")


def test_every_kind_has_words_on_paper():
    for section in ("slip", "matter", "scan", "terms", "report"):
        assert set(sections()[section]) == set(Kind), section


def test_only_those_who_serve_customers_print(shop):
    ticket = shop.intake()
    assert shop.technician.get(f"/api/v1/tickets/{ticket}/slip.pdf").status_code == 403
    assert shop.counter.get("/api/v1/tickets/T-000099/slip.pdf").status_code == 404


def test_without_a_chinese_font_the_refusal_says_what_to_install(shop, hub, tmp_path):
    ticket = shop.intake()
    hub.app.state.settings = hub.app.state.settings.model_copy(update={"fonts_dir": tmp_path})
    answer = shop.counter.get(f"/api/v1/tickets/{ticket}/slip.pdf")
    assert (answer.status_code, "fonts-wqy-microhei" in answer.json()["detail"]) == (503, True)
    assert typesetting.FAMILIES[0] == "WenQuanYi Micro Hei"
