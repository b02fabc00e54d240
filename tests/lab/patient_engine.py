"""Stands where an engine stands, at ADDRESS:PORT of a lab host, and streams as it may.

SIMULATED: an engine. What asks for more than one token is answered with an event every tenth of a
second until the file END is there; all else is answered at once. With END it ends itself, after its last answer.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

END = Path("/run/firstlight-test-end")
LONGEST = 280.0


class Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        deadline = time.monotonic() + (LONGEST if asked["max_tokens"] > 1 else 0)
        number = 0
        while time.monotonic() < deadline and not END.exists():
            self.event(str(number))
            number += 1
            time.sleep(0.1)
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, format: str, *args: object) -> None:
        pass


server = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Engine)
print("listening", flush=True)
server.timeout = 0.2
server.daemon_threads = False
while not END.exists():
    server.handle_request()
