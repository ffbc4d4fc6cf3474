"""Real servers on loopback that take what the hub sends: mail by SMTP, and requests by HTTP."""

import json
import threading
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hub_bench import free_port


class MailServer:
    """Takes mail; refuses it while ``refusing``."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []
        self.refusing = False
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusing:
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"

    def subjects(self) -> list[str]:
        return [str(make_header(decode_header(mail["Subject"]))) for _, mail in self.mails]

    def texts(self) -> list[str]:
        found = []
        for _, mail in self.mails:
            parts = [part for part in mail.walk() if part.get_content_type().startswith("text/")]
            found.append("".join(str(part.get_payload(decode=True), "utf-8") for part in parts))  # type: ignore[call-overload]
        return found

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Gateway:
    """Takes POSTs; answers each with the next of ``statuses``, then with 204. ``act`` may do more with a request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.always: int | None = None
        self.answer = b""
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                body = self.rfile.read(length)
                if len(body) < length:  # the sender was killed or cut off in the middle: nothing was asked
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                gateway.requests.append((self.path, headers, body))
                status = gateway.always or (gateway.statuses.pop(0) if gateway.statuses else 204)
                self.send_response(status)
                if status in {301, 302}:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(0 if status == 204 else len(gateway.answer)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(gateway.answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def json(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.requests]

    def __enter__(self) -> "Gateway":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
