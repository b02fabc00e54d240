"""What the lab's model hub answers to clients of other stores.

``/files/OWNER/NAME/PATH`` is a web server's folder with a SHA256SUMS; ``/s3/open/OWNER/NAME/PATH``
an object of a SIMULATED S3 store, in a bucket open to all, and ``/s3/closed/…`` in one that wants
signed requests; ``/v2/library/NAME/…`` a SIMULATED Ollama registry.
"""

from __future__ import annotations

import hmac
import re
from urllib.parse import unquote, urlsplit

from firstlight.lab.services import hub_request, repository, shelf
from firstlight.lab.services.faults import fault
from firstlight.lab.services.file_answer import FileAnswer
from firstlight.lab.services.hub_request import HubError
from firstlight.lab.services.repository import Entry, Repository
from firstlight.weights.signature import ALGORITHM, Signer
from firstlight.weights.source import SUMS

ACCESS_KEY = "firstlight-lab"
FILES = re.compile(r"/(?:files|s3/(?P<bucket>open|closed))/(?P<repo>[^/]+/[^/]+)/(?P<path>.+)")
OLLAMA = re.compile(r"/v2/library/(?P<name>[^/]+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
SCOPE = re.compile(rf"{ALGORITHM} Credential=([^/]+)/[0-9]{{8}}/([^/]+)/s3/aws4_request,")
OWNER = "firstlight"


class Handler(hub_request.Handler):
    """One connection of a client, of the hub or of another store."""

    def version_string(self) -> str:
        """The Server header: nobody shall take this for the real thing."""
        return "firstlight-lab (SIMULATED)"

    def _serve(self) -> None:
        path = unquote(urlsplit(self.path).path)
        files, ollama = FILES.fullmatch(path), OLLAMA.fullmatch(path)
        if files is None and ollama is None:
            super()._serve()
            return
        try:
            if files is not None:
                if files["bucket"] == "closed":
                    self._require_signature()
                self._stored(self._known(files["repo"]), files["path"])
            elif ollama is not None:
                self._layer(ollama["name"], ollama["kind"], ollama["reference"])
        except HubError as refusal:
            self._json({"error": str(refusal)}, refusal.status, refusal.headers)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _known(self, name: str) -> Repository:
        found = self.library.repositories.get(name)
        if found is None:
            raise HubError(404, "", "Not found")
        return found

    def _require_signature(self) -> None:
        """Refuse a request that is not signed with the lab's keys, as S3 does: 403."""
        given = self.headers.get("Authorization", "")
        match = SCOPE.match(given)
        if match is None or match[1] != ACCESS_KEY or not self.library.token:
            raise HubError(403, "AccessDenied", "Access Denied")
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        now = self.headers.get("X-Amz-Date", "")
        signed = Signer(ACCESS_KEY, self.library.token, match[2]).headers(
            self.command, url, now=now
        )
        if not hmac.compare_digest(signed["Authorization"].encode(), given.encode()):
            raise HubError(403, "SignatureDoesNotMatch", "The signature does not match")

    def _stored(self, found: Repository, path: str) -> None:
        snapshot = found.branches[repository.MAIN]
        if path == SUMS:
            self._answer(shelf.sums(snapshot))
            return
        entry = snapshot.entries.get(path)
        if entry is None:
            raise HubError(404, "", "Not found")
        self._send(entry)

    def _layer(self, name: str, kind: str, reference: str) -> None:
        found = self._known(f"{OWNER}/{name}").branches[repository.MAIN]
        model = shelf.ollama_model(found)
        if model is None:
            raise HubError(404, "", "model not found")
        if kind == "manifests":
            if reference not in ("latest", model.digest):
                raise HubError(404, "", "manifest unknown")
            self._answer(model.manifest)
            return
        blob = model.blob(reference)
        if blob is None:
            raise HubError(404, "", "blob unknown")
        if isinstance(blob, bytes):
            self._answer(blob)
        else:
            self._send(blob)

    def _send(self, entry: Entry) -> None:
        trouble = fault(self.library.root, entry.path)
        if trouble.status is not None and self.command == "GET":
            raise HubError(trouble.status, "", f"SIMULATED fault {trouble.status}")
        answer = FileAnswer(entry, "", self.headers.get("Range"))
        self._head(answer.status, answer.headers())
        if self.command == "GET" and not answer.send(self.wfile, trouble):
            self.close_connection = True

    def _answer(self, body: bytes) -> None:
        self._head(200, {"Content-Length": str(len(body))})
        if self.command == "GET":
            self.wfile.write(body)
