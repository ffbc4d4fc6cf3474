"""People who write and approve."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hub_running import MakeKey, RunningHub

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def author(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("technician"), **{"Accept-Language": "zh-CN"}) as client:
        yield client


@pytest.fixture
def approver(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("quality")) as client:
        yield client
