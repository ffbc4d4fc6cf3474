"""The API's description works in a network without internet: nothing of the page comes from another server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hub_running import RunningHub

pytestmark = pytest.mark.any_database


def test_nothing_of_the_page_comes_from_elsewhere(hub: RunningHub) -> None:
    with hub.client() as anybody:
        page = anybody.get("/docs")
        assert page.status_code == 200
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "http" not in policy and "*" not in policy
        assert "<script>" not in page.text and "http" not in page.text
        for address in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            part = anybody.get(address)
            assert part.status_code == 200 and part.headers["X-Content-Type-Options"] == "nosniff", address
            again = anybody.get(address, headers={"If-None-Match": part.headers.get("ETag", "-")})
            assert part.headers["Content-Security-Policy"] == policy and again.status_code == 200
        assert anybody.get("/redoc").status_code == 404


@pytest.mark.campaign
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_without_a_network_draws_every_group(hub: RunningHub, tmp_path: Path) -> None:
    """All names but the hub's own resolve to nothing, as in a store without internet."""
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--virtual-time-budget=20000", "--dump-dom", f"{hub.url}/docs",
    ]  # fmt: skip
    drawn = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    with hub.client() as anybody:
        tags = [tag["name"] for tag in json.loads(anybody.get("/openapi.json").text)["tags"]]
    missing = [tag for tag in tags if f'data-tag="{tag}"' not in drawn]
    assert not missing
