"""What the model hub answers to one request: model information, tree, paths-info, resolve."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from firstlight.lab.services import repository
from firstlight.lab.services.faults import fault
from firstlight.lab.services.file_answer import FileAnswer
from firstlight.lab.services.repository import Repository, Snapshot

IDLE_TIMEOUT = 60.0
LONGEST_FORM = 1 << 20
NAME = r"(?P<repo>[^/]+/[^/]+)"
ROUTES = (
    ("info", re.compile(rf"/api/models/{NAME}(?:/revision/(?P<revision>[^/]+))?")),
    ("tree", re.compile(rf"/api/models/{NAME}/tree/(?P<revision>[^/]+)(?:/(?P<path>.+))?")),
    ("paths", re.compile(rf"/api/models/{NAME}/paths-info/(?P<revision>[^/]+)")),
    ("resolve", re.compile(rf"/{NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)")),
)
Fields = dict[str, list[str]]


@dataclass(frozen=True)
class Library:
    """What a hub serves: its folder, the repositories in it, the token for gated ones."""

    root: Path
    repositories: dict[str, Repository]
    token: str


class HubError(Exception):
    """Ends a request with an error in the hub's shape: status, code, sentence."""

    def __init__(self, status: int, code: str, message: str, commit: str = "") -> None:
        super().__init__(message)
        self.status = status
        parts = {"X-Error-Message": message, "X-Error-Code": code, "X-Repo-Commit": commit}
        self.headers = {name: text for name, text in parts.items() if text}


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT

    @property
    def library(self) -> Library:
        """What the server of this connection serves."""
        library: Library = self.server.library  # type: ignore[attr-defined]
        return library

    def do_GET(self) -> None:
        """Serve a GET."""
        self._serve()

    def do_HEAD(self) -> None:
        """Serve a HEAD."""
        self._serve()

    def do_POST(self) -> None:
        """Serve a POST: the form of paths-info."""
        self._serve()

    def _serve(self) -> None:
        try:
            form = self._form()
            url = urlsplit(self.path)
            for route, pattern in ROUTES:
                if match := pattern.fullmatch(url.path):
                    parts = {key: unquote(text or "") for key, text in match.groupdict().items()}
                    self._route(route, parts, {**parse_qs(url.query), **form})
                    return
            raise HubError(404, "", "Not found")
        except HubError as refusal:
            self._json({"error": str(refusal)}, refusal.status, refusal.headers)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _route(self, route: str, parts: dict[str, str], fields: Fields) -> None:
        found = self._repository(parts["repo"], content=route == "resolve")
        snapshot = found.snapshot(parts["revision"] or repository.MAIN)
        if snapshot is None:
            raise HubError(404, "RevisionNotFound", f"Invalid rev id: {parts['revision']}")
        if route == "info":
            self._json(found.information(snapshot, blobs=_true(fields, "blobs")))
        elif route == "tree":
            listed = snapshot.below(parts["path"], recursive=_true(fields, "recursive"))
            if listed is None:
                raise HubError(404, "EntryNotFound", f"{parts['path']} does not exist")
            self._json(listed)
        elif route == "paths":
            wanted = (snapshot.entries.get(path) for path in fields.get("paths", ()))
            self._json([entry.in_tree() for entry in wanted if entry is not None])
        else:
            self._file(snapshot, parts["path"])

    def _repository(self, name: str, *, content: bool) -> Repository:
        """The repository, if the client may have it; a gated one shows its file names to all."""
        given = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        token = self.library.token
        known = bool(token) and hmac.compare_digest(given.encode(), token.encode())
        if given and not known:
            raise HubError(401, "", "Invalid credentials in Authorization header")
        found = self.library.repositories.get(name)
        if found is None:
            # Like the real hub, do not tell strangers whether a repository exists.
            raise HubError(404 if known else 401, "RepoNotFound", "Repository not found")
        if found.gated and content and not known:
            message = f"Access to model {name} is restricted. You must be authenticated."
            raise HubError(401, "GatedRepo", message)
        return found

    def _file(self, snapshot: Snapshot, path: str) -> None:
        entry = snapshot.entries.get(path)
        if entry is None:
            raise HubError(404, "EntryNotFound", "Entry not found", snapshot.commit)
        trouble = fault(self.library.root, path)
        if trouble.status is not None and self.command == "GET":
            raise HubError(trouble.status, "", f"SIMULATED fault {trouble.status} for {path}")
        answer = FileAnswer(entry, snapshot.commit, self.headers.get("Range"))
        self._head(answer.status, answer.headers())
        if self.command == "GET" and not answer.send(self.wfile, trouble):
            self.close_connection = True

    def _form(self) -> Fields:
        length = min(int(self.headers.get("Content-Length") or 0), LONGEST_FORM)
        body = self.rfile.read(length) if length else b""
        if "json" not in self.headers.get("Content-Type", ""):
            return parse_qs(body.decode("utf-8", "replace"))
        try:
            paths = json.loads(body)["paths"]
        except (ValueError, TypeError, KeyError) as error:
            raise HubError(400, "", "The body is not understood") from error
        return {"paths": paths if isinstance(paths, list) else [paths]}

    def _json(self, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(data).encode()
        fixed = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self._head(status, {**fixed, **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _true(fields: Fields, name: str) -> bool:
    return fields.get(name, [""])[-1].lower() in {"true", "1"}
