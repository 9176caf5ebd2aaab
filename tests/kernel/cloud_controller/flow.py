"""One UDP flow to ADDRESS PORT: sends a datagram for each line that it reads, and prints the answer or "timeout"."""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
    flow.settimeout(1.0)
    flow.connect((sys.argv[1], int(sys.argv[2])))
    for _ in sys.stdin:
        try:
            flow.send(b"?")
            print(flow.recv(100).decode(), flush=True)
        except TimeoutError:
            print("timeout", flush=True)
        except OSError as error:
            print(error.strerror, flush=True)
