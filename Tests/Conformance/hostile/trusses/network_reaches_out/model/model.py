"""Connects to whatever it is told, as often as that takes to be sure."""

import errno
import os
import socket
import urllib.error
import urllib.request


class Model:
    def predict(self, model_input):
        return getattr(self, model_input.pop("do"))(**model_input)

    def connect(self, address, port, device=None):
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
                one.settimeout(5)
                if device:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
                one.connect((address, port))
                one.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b""
                while len(answer) < 65536 and (part := one.recv(4096)):
                    answer += part
                return answer.decode(errors="replace")
        except OSError as error:
            return errno.errorcode.get(error.errno, type(error).__name__)

    def send(self, address, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            try:
                one.connect((address, port))
                one.send(b"datagram")
                one.settimeout(2)
                return one.recv(100).decode()
            except OSError as error:
                return errno.errorcode.get(error.errno, type(error).__name__)

    def abstract(self, name):
        try:
            socket.socket(socket.AF_UNIX).connect("\0" + name)
            return "connected"
        except OSError as error:
            return errno.errorcode[error.errno]

    def call(self, path, key=None, json=None):
        url = os.environ.get("SLIPWAY_INFERENCE_URL")
        if url is None:
            return [0, "no address"]
        request = urllib.request.Request(url + path, data=json.encode() if json else None)
        request.add_header("Content-Type", "application/json")
        if key:
            request.add_header("Authorization", f"Api-Key {key}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return [answer.status, answer.read().decode()]
        except urllib.error.HTTPError as error:
            return [error.code, error.read().decode()]
        except urllib.error.URLError as error:
            return [0, str(error.reason)]

    def addresses(self):
        return open("/proc/net/fib_trie").read() if os.path.exists("/proc/net/fib_trie") else ""

    def interfaces(self):
        return [name for _, name in socket.if_nameindex()]
