"""The programs between two hosts' journals, with what firstlight has them go by, on this machine."""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from firstlight.catalogue import supported_system
from firstlight.monitor.log_sending import sending
from firstlight.monitor.log_taking import CONF, taking
from firstlight.monitor.log_unit import UNITS, Part
from firstlight.pki import Leaf
from firstlight.secret import Secret
from firstlight.settings import HostSettings

DEBIAN = supported_system("debian", "13")
ENTRY = """__REALTIME_TIMESTAMP=1700000000000000
__MONOTONIC_TIMESTAMP=1000
_BOOT_ID=0123456789abcdef0123456789abcdef
_HOSTNAME=gpu1
MESSAGE={text}

"""
PLACES = {
    "/run/credentials/firstlight-logs-door.service/key": "receiver.key",
    "/run/firstlight-logs-door": "door",
    "/etc/firstlight/logs": "",
    "/var/log/journal/remote": "kept",
    "/var/lib/firstlight/logs": "state",
    "/run/firstlight-logs": "in",
    "${CREDENTIALS_DIRECTORY}/key": "sender.key",
    "%i": "gpu1",
}


class Between:
    """A monitor's door and what writes down behind it, and how a host sends to them."""

    def __init__(self, folder: Path, site: Mapping[str, HostSettings], nginx: Path) -> None:
        self.folder, self.site, self.nginx = folder, site, nginx
        for name in ("door", "in", "kept", "state"):
            (folder / name).mkdir()
        self.taking = taking(site["mon1"], DEBIAN, site)
        self.sending = sending(site["gpu1"], DEBIAN, site)

    def here(self, text: str) -> str:
        """Return a text with the places of a host as those of the test's folder."""
        for place, name in PLACES.items():
            text = text.replace(place, str(self.folder / name) if place[0] != "%" else name)
        return text

    def words(self, part: Part, unit: str) -> list[str]:
        """Return the command line of a unit."""
        found = re.search(r"^ExecStart=(.*)", str(part.files[f"/{UNITS}/{unit}"]), re.M)
        assert found
        return shlex.split(self.here(found[1]))

    def write(self, part: Part) -> None:
        for path, text in part.files.items():
            if path.startswith("/etc/firstlight/logs/"):
                plain = text.reveal() if isinstance(text, Secret) else text
                (self.folder / Path(path).name).write_text(self.here(plain))

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Have both run; they are ended again."""
        self.write(self.taking)
        listen = ["systemd-socket-activate", "-l", str(self.folder / "in/gpu1.sock")]
        receive = [*listen, *self.words(self.taking, "firstlight-logs-in@.service")]
        conf = self.here(CONF)
        door = [str(self.nginx), "-p", str(self.folder), "-c", conf]
        alone = "daemon off; master_process off;\n" + Path(conf).read_text()
        Path(conf).write_text(alone)
        with (self.folder / "said").open("w") as said:
            running = [subprocess.Popen(each, stdout=said, stderr=said) for each in (receive, door)]
            try:
                self.wait()
                yield
            finally:
                for each in running:
                    each.terminate()
                for each in running:
                    each.wait(10)

    def wait(self) -> None:
        port = self.site["mon1"].monitor.logs.port
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "said").read_text())

    def send(self, text: str, leaf: Leaf | None = None, path: str = "") -> str:
        """Send an entry with ``text`` as gpu1 does; return what was said of it, "" when all is well.

        ``leaf`` is shown instead of the host's own certificate, ``path`` asked for instead.
        """
        self.write(self.sending)
        if leaf is not None:
            (self.folder / "sender.crt").write_text(leaf.cert_pem)
            (self.folder / "sender.key").write_text(leaf.key.reveal())
        words = self.words(self.sending, "firstlight-logs-to-mon1.service")
        journal = self.folder / f"{text}.journal"
        made = [words[0].replace("upload", "remote"), "-o", str(journal), "-"]
        entry = ENTRY.format(text=text)
        subprocess.run(made, input=entry, text=True, capture_output=True, check=True, timeout=20)
        words = [
            each.replace("/journal", path) if path and "--url" in each else each for each in words
        ]
        words = [each for each in words if "--save-state" not in each]
        done = subprocess.run(
            [*words, f"--file={journal}", "--follow=no"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stderr if done.returncode else ""

    def kept(self) -> dict[str, list[str]]:
        """Return the messages that are kept, by file."""
        found = {}
        for file in sorted((self.folder / "kept").iterdir()):
            words = ["journalctl", "-q", "--no-pager", "-o", "cat", f"--file={file}"]
            done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
            found[file.name] = done.stdout.split()
        return found
