"""A token service for tests: client credentials as at Microsoft 365, refresh tokens as at Google, by HTTPS.

It is strict about what it is asked, and signs what it gives (RS256), so that a mail server can check it with
the public key alone.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.peers.certificates import Certificate

KEY_ID = "one"
SECRET = "the application's secret"


class TokenServer:
    """One tenant, one application. ``user``: whose mailbox a token opens."""

    def __init__(self, certificate: Certificate, keys: Path, user: str) -> None:
        """``keys``: the folder in which the mail server looks for public keys."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._private = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = f"{KEY_ID}-{user}"
        (keys / self.key_id).write_bytes(public)
        self.user = user
        self.secret = SECRET
        self.refresh_token = "refresh-1"
        self.rotates = False
        """Whether each use of a refresh token gives a new one, and ends the old."""
        self.busy = 0
        """So many requests are answered 503."""
        self.seconds = 3600
        self.asked: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.socket = certificate.server_context().wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self) -> str:
        """What opens the mailbox."""
        now = int(time.time())
        claims = {
            "sub": self.user,
            "email": self.user,
            "iss": self.url,
            "iat": now,
            "exp": now + self.seconds,
        }
        return jwt.encode(claims, self._private, "RS256", headers={"kid": self.key_id})

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What RFC 6749 says to such a request."""
        self.asked.append(form)
        if self.busy > 0:
            self.busy -= 1
            return 503, {"error": "temporarily_unavailable"}
        if form.get("client_id") != "app" or form.get("client_secret") != self.secret:
            return 401, {"error": "invalid_client", "error_description": "The secret has expired."}
        given = {"access_token": self.token(), "token_type": "Bearer", "expires_in": self.seconds}
        if form.get("grant_type") == "client_credentials":
            right = form.get("scope") == "https://outlook.office365.com/.default"
            return (200, given) if right else (400, {"error": "invalid_scope"})
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        if form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        if self.rotates:
            number = int(self.refresh_token.rpartition("-")[2])
            self.refresh_token = given["refresh_token"] = f"refresh-{number + 1}"
        return 200, given

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tenant = self.path.removesuffix("/v2.0/.well-known/openid-configuration").strip("/")
                if tenant != "tenant":
                    self._send(400, {"error": "invalid_tenant"})
                    return
                place = f"{service.url}/{tenant}/oauth2/v2.0"
                self._send(
                    200,
                    {
                        "issuer": f"{service.url}/{tenant}/v2.0",
                        "authorization_endpoint": f"{place}/authorize",
                        "token_endpoint": f"{place}/token",
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self._send(*service.answer({name: values[0] for name, values in parse_qs(body).items()}))

            def _send(self, status: int, data: dict[str, Any]) -> None:
                body = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
