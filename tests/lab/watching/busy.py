"""Traffic that is too much: a key that asks without end, more contexts than there is room for."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import replace

from tests.lab import lab_keys
from tests.lab.client import chat
from tests.lab.crowd import Crowd
from tests.lab.rack import TestRack
from tests.lab.watching.drills import alert


class Busy:
    """Asks until it is told to end; ``alerts`` are what comes of it."""

    def __init__(self, rack: TestRack, host: str) -> None:
        client, state = rack.client(host), rack.state
        self.slow = replace(client, key=lab_keys.key_text(state, "slow"))
        self.many = replace(client, key=lab_keys.key_text(state, "crowd"))
        self.alerts = [
            alert("KeyFlood", key="slow"),
            alert("KvCacheFull", model="second"),
            alert("TtftOverSlo", model="second"),
        ]
        self.over = threading.Event()
        self.threads = [threading.Thread(target=each) for each in (self.flood, self.fill)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            if thread.ident is not None:
                thread.join(timeout=60)

    def flood(self) -> None:
        while not self.over.is_set():
            Crowd(self.slow, [{**chat(1), "model": "tiny"}] * 20, at_once=4, seconds=10).ask()
            self.over.wait(1)

    def fill(self) -> None:
        """Twice as many long answers at a time as there is room for: some wait at any moment."""
        body = {**chat(1900), "model": "second", "ignore_eos": True}
        crowd = Crowd(self.many, [body] * 200, at_once=16, seconds=240)
        with tempfile.TemporaryDirectory() as folder:
            asking = crowd.begin(folder)
            while not self.over.wait(1):
                if asking.poll() is not None:
                    asking = crowd.begin(folder)
            asking.terminate()
            asking.wait(timeout=30)
