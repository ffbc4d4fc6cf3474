"""The page that shows the OpenAPI document to people: Swagger UI, served by the hub itself.

The network of a store may reach no other server, so nothing of the page comes from elsewhere, and its policy (CSP) lets
nothing be fetched from elsewhere either.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

DOCS = "/docs"
OPENAPI = "/openapi.json"
KEPT_S = 24 * 3600
"""How long a browser keeps the files; after an update it asks by their ETag."""
HEADERS = {
    # Swagger UI sets styles on its elements and has small pictures in its style sheet; it runs no script of the page.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Benchwright hub: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{DOCS}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{DOCS}/swagger-ui-bundle.js"></script>
<script src="{DOCS}/begin.js"></script>
</body>
</html>
"""
# The validator of Swagger UI is a server on the internet: it is not asked.
_BEGIN = f"""SwaggerUIBundle({{
  url: "{OPENAPI}",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
}});
"""

router = APIRouter(prefix=DOCS, include_in_schema=False)


@cache
def _assets() -> Path:
    """Return the folder with the files of Swagger UI (Apache-2.0) that the package ``fastapi-offline`` brings."""
    return Path(str(files("fastapi_offline"))) / "static"


@router.get("")
def show_api() -> Response:
    """Return the page."""
    return HTMLResponse(_PAGE, headers=HEADERS)


@router.get("/begin.js")
def begin() -> Response:
    """Return the script that draws the document."""
    return Response(_BEGIN, media_type="text/javascript", headers=HEADERS)


@router.get("/swagger-ui-bundle.js")
def script() -> Response:
    """Return Swagger UI."""
    return _file("swagger-ui-bundle.js", "text/javascript")


@router.get("/swagger-ui.css")
def style() -> Response:
    """Return its style sheet."""
    return _file("swagger-ui.css", "text/css")


def _file(name: str, media_type: str) -> Response:
    headers = {**HEADERS, "Cache-Control": f"public, max-age={KEPT_S}"}
    return FileResponse(_assets() / name, media_type=media_type, headers=headers)
