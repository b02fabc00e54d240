"""Signatures of S3 requests: AWS Signature Version 4. Runs on the host, in ``fetch.pyz``.

Not left to ``curl --aws-sigv4``: before 7.86 curl signs without the content's checksum, which
S3 demands, and Ubuntu 22.04 and RHEL 9 have older ones.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

EMPTY = hashlib.sha256(b"").hexdigest()
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Signer:
    """Signs requests without a body for one region, with one pair of keys."""

    access: str
    secret: str
    region: str

    def __repr__(self) -> str:
        return f"Signer({self.access!r}, ***, {self.region!r})"

    def headers(
        self, method: str, url: str, extra: Mapping[str, str] | None = None, now: str = ""
    ) -> dict[str, str]:
        """Return the headers that sign a request; ``now`` is a time like 20130524T000000Z."""
        now = now or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        parts = urlsplit(url)
        fields = {"x-amz-content-sha256": EMPTY, "x-amz-date": now, **(extra or {})}
        signed = {"host": parts.netloc, **fields}
        names = ";".join(sorted(signed))
        listed = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = "\n".join([method, parts.path, parts.query, listed, names, EMPTY])
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        proof = self._proof("\n".join([ALGORITHM, now, scope, digest]), now[:8])
        words = f"Credential={self.access}/{scope},SignedHeaders={names},Signature={proof}"
        return {**fields, "Authorization": f"{ALGORITHM} {words}"}

    def _proof(self, text: str, day: str) -> str:
        key = f"AWS4{self.secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()
