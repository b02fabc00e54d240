"""A hub that runs, and what a client does with it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download

from firstlight.lab.services.faults import FILE

TOKEN = "hf_lab_made_for_this_test"
TINY = "firstlight/tiny"
REVISION = "663fe96984c413623ec7f648f5de48e071309e70"


@dataclass
class Served:
    """A hub that runs, and a client's folder."""

    url: str
    root: Path
    local: Path

    def fault(self, **switches: object) -> None:
        (self.root / FILE).write_text(json.dumps(switches))

    def download(self, path: str, repo: str = TINY, **options: object) -> Path:
        kept = {"endpoint": self.url, "token": False, "cache_dir": self.local, **options}
        return Path(hf_hub_download(repo, path, **kept))  # type: ignore[arg-type]

    def url_of(self, path: str, revision: str = "main") -> str:
        return f"{self.url}/{TINY}/resolve/{revision}/{path}"

    @property
    def api(self) -> HfApi:
        return HfApi(endpoint=self.url, token=False)

    def told_sha256(self, path: str) -> str:
        """What the hub says a large file's checksum is."""
        (info,) = self.api.get_paths_info(TINY, [path])
        assert info.lfs is not None
        return str(info.lfs.sha256)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
