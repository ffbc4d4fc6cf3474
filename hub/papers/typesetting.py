"""Content to PDF by Typst: the same content gives the same bytes."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from hub.core.problems import Problem, ProblemType

TEMPLATES = Path(__file__).with_name("templates")
FAMILIES = ("WenQuanYi Micro Hei", "Noto Sans CJK SC", "Source Han Sans SC")
"""Fonts with Chinese that papers are set in: the first that is there."""
FONT_MISSING = ProblemType(
    "font-missing",
    503,
    {"en": "The hub has no Chinese font", "zh-CN": "服务器缺少中文字体"},
    {
        "en": "No font in {folder} has Chinese; install one (apt install fonts-wqy-microhei) or set fonts_dir.",
        "zh-CN": "{folder} 中没有中文字体；请安装（apt install fonts-wqy-microhei）或设置 fonts_dir。",
    },
)


def pdf(template: str, content: Mapping[str, Any], at: datetime, fonts_dir: Path) -> bytes:
    """Return ``content`` set by a template, dated ``at``; raise the font-missing problem."""
    fonts = _fonts(fonts_dir)
    text = json.dumps({**content, "fonts": [_family(fonts, fonts_dir)]}, ensure_ascii=False)
    return typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=fonts,
        sys_inputs={"content": text},
        timestamp=int(at.timestamp()),
    )


def _family(fonts: typst.Fonts, folder: Path) -> str:
    """Never fall back to a font without Chinese, which would print empty boxes."""
    there = set(fonts.families())
    found = next((name for name in FAMILIES if name in there), None)
    if found is None:
        raise Problem(FONT_MISSING, folder=folder)
    return found


@lru_cache(maxsize=4)
def _fonts(folder: Path) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
