"""Holds COUNT connections to ADDRESS PORT until a line is read, and only then asks each by HTTP; prints the answers."""

import socket
import sys

held = [socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2.0) for _ in range(int(sys.argv[3]))]
print("held", flush=True)
sys.stdin.readline()
for connection in held:
    try:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        print(connection.makefile().read().partition("\n\n")[2].strip())
    except OSError as error:
        print(error.strerror)
