"""How requests, answers and events of the local API travel: JSON text frames on a WebSocket.

The client sends ``{"id": 1, "request": {"do": "describe"}}`` and gets ``{"id": 1, "result": …}`` or
``{"id": 1, "error": {"kind": …, "message": …}}``; after ``subscribe`` it also gets ``{"event": {"is": …}}``, and
``{"lost": n}`` where it read too slowly: then it asks for the state again.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from edge_agent.local_api.events import AnyEvent
from edge_agent.local_api.requests import AnyRequest
from edge_agent.local_api.views import View

MAX_MESSAGE_BYTES = 4_000_000


class Error(View, frozen=True):
    """Why a request was not fulfilled.

    ``bad_request``: it does not follow the contract; ``refused``: the bench says no; ``failed``: an instrument or the
    disk let it down; ``defect``: an error of the program, which its log describes.
    """

    kind: Literal["bad_request", "refused", "failed", "defect"]
    message: str


class ClientFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends."""

    id: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    request: AnyRequest


class ServerFrame(Struct, frozen=True, omit_defaults=True):
    """What the agent sends: an answer (``id``, ``result`` or ``error``), an ``event``, or how many were ``lost``."""

    id: int | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Error | None = None
    event: AnyEvent | None = None
    lost: int = 0
