"""nginx's packages are installed anew under an open stream: it ends as it would have anyway."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from firstlight.lab import ssh
from tests.lab.client import CHAT, Client, chat
from tests.lab.rack import TestRack
from tests.lab.standing import ADDRESS, PORT
from tests.lab.test_edge_and_engine import stopped

ENGINE = Path(__file__).with_name("patient_engine.py").read_text()
END = "/run/firstlight-test-end"
MODULE = "/usr/lib/nginx/modules/ngx_http_js_module.so"
PACKAGES = "nginx nginx-common libnginx-mod-http-js"
# The host's own timers use apt, too.
APT = "DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 --reinstall"
DOWNLOAD = f"{APT} -d install {PACKAGES}"
INSTALL = f"{APT} install {PACKAGES} 2>&1"
ANOTHER = """
for _ in $(seq 300); do
  now=$(cat /run/nginx.pid 2>/dev/null) && [ -n "$now" ] && [ "$now" != {before} ] && exit 0; sleep 0.1
done; exit 1
"""
REPLACED = r"grep -E ' /(usr|lib)[^ ]* \(deleted\)$' /proc/$(cat /run/nginx.pid)/maps || true"


@contextmanager
def patient_engine(rack: TestRack) -> Iterator[None]:
    """While this lasts, patient_engine.py answers in place of the engine."""
    words = ssh.command_line(
        rack.state, "lab1", ["timeout", "300", "python3", "-u", "-", ADDRESS, str(PORT)]
    )
    pipe = subprocess.PIPE
    with stopped(rack), subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as engine:
        assert engine.stdin and engine.stdout
        rack.sh("lab1", f"rm -f {END}")
        engine.stdin.write(ENGINE)
        engine.stdin.close()
        assert engine.stdout.readline() == "listening\n"
        # What is stopped is out of the edge, too: this one is let in by hand.
        rack.sh("lab1", "rm /run/firstlight-engines/tiny-8000")
        try:
            yield
        finally:
            rack.sh("lab1", f"touch {END}")
            engine.wait(timeout=300)


def answered(client: Client, end: threading.Event) -> list[int]:
    """Ask for short answers, one after the other, until ``end``; their statuses."""
    found = []
    while not end.is_set():
        found.append(client.ask(CHAT, chat(1, stream=True)).status)
        time.sleep(0.05)
    return found


def first_process(rack: TestRack) -> tuple[str, str, str]:
    """The pid of nginx's first process, the same by systemd, and the unit's state."""
    asked = "cat /run/nginx.pid; systemctl show -p MainPID,ActiveState --value nginx.service"
    pid, main, state = rack.sh("lab1", asked).out.split()
    return pid, main, state


def test_packages_installed_anew_cut_no_stream(deployed: TestRack) -> None:
    client, end = deployed.client("lab1"), threading.Event()
    before, *_ = first_process(deployed)
    deployed.sh("lab1", DOWNLOAD, timeout=300)  # a slow mirror keeps no stream open
    with patient_engine(deployed), ThreadPoolExecutor(1) as pool:
        events = client.stream(100)
        assert next(events) == "0"
        short = pool.submit(answered, client, end)
        try:
            said = deployed.sh("lab1", INSTALL, timeout=240).out
            after, *_ = first_process(deployed)
        finally:
            end.set()
            statuses = short.result(timeout=30)
            deployed.sh("lab1", f"touch {END}")
        assert [*events][-1] == "[DONE]", said
    assert len(statuses) > 10 and set(statuses) == {200}
    assert after != before, said
    assert deployed.sh("lab1", REPLACED).out == ""
    wait_for_one(deployed)
    assert first_process(deployed) == (after, after, "active")
    assert client.answers(30)


def wait_for_one(rack: TestRack, seconds: float = 10) -> None:
    """Wait until the first process that handed over has ended, with its last stream."""
    deadline = time.monotonic() + seconds
    while rack.sh("lab1", "pgrep -fc 'nginx: master'").out.strip() != "1":
        assert time.monotonic() < deadline, rack.sh("lab1", "pgrep -fa nginx").out
        time.sleep(0.2)


def test_a_reload_takes_what_is_installed(deployed: TestRack) -> None:
    before, *_ = first_process(deployed)
    deployed.sh("lab1", f"cp -p {MODULE} {MODULE}.new && mv {MODULE}.new {MODULE}")
    assert MODULE in deployed.sh("lab1", REPLACED).out
    deployed.sh("lab1", "systemctl reload nginx.service")
    assert deployed.client("lab1").answers()
    assert first_process(deployed)[0] != before and deployed.sh("lab1", REPLACED).out == ""
    wait_for_one(deployed)


def test_a_restart_is_refused_and_a_crash_after_a_handover_is_mended(deployed: TestRack) -> None:
    before, *_ = first_process(deployed)
    refused = deployed.sh("lab1", "systemctl restart nginx.service", check=False)
    assert refused.code != 0 and first_process(deployed)[0] == before
    deployed.sh("lab1", f"kill -9 {before}")
    # Until another one has begun, the workers of the one that is gone may answer.
    deployed.sh("lab1", ANOTHER.format(before=before))
    assert deployed.client("lab1").answers(15)
    assert first_process(deployed)[0] != before
