"""Stands where an engine stands, at ADDRESS:PORT of a lab host, and tells what reaches it.

SIMULATED: an engine that takes its time. It answers one request with an event every tenth of a
second and ends. What it saw is printed: the request's head, and "hung up" if the client left.
"""

import socket
import sys
import time

EVENTS = 40

with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    print("listening", flush=True)
    server.settimeout(30)
    connection, _ = server.accept()
    head = connection.recv(65536).decode()
    print(head, flush=True)
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    )
    try:
        for number in range(EVENTS):
            connection.sendall(b"data: %d\n\n" % number)
            time.sleep(0.1)
        print("answered", flush=True)
    except OSError:
        print("hung up", flush=True)
