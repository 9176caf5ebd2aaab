"""Asks ADDRESS PORT by HTTP, and prints the answer's body or what went wrong, in one word."""

import socket
import sys

try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.0) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        print(connection.makefile().read().partition("\n\n")[2].strip())
except TimeoutError:
    print("timeout")
except ConnectionRefusedError:
    print("refused")
except OSError as error:
    print(error.strerror)
