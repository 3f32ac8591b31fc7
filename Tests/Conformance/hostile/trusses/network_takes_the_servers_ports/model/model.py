"""Listens where the server listens, on both addresses of loopback and in every way that the kernel offers."""

import socket
import threading


class Model:
    def __init__(self, **kwargs):
        self.heard = []
        self.listeners = []

    def predict(self, model_input):
        if model_input["do"] == "heard":
            return self.heard
        told = {}
        for port in model_input["ports"]:
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "0.0.0.0")):
                told[f"{address} {port}"] = self.listen(family, address, port)
        return told

    def listen(self, family, address, port):
        listener = socket.socket(family)
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            listener.bind((address, port))
            listener.listen(512)
        except OSError as error:
            return str(error)
        self.listeners.append(listener)
        threading.Thread(target=self.steal, args=(listener,), daemon=True).start()
        return "listens"

    def steal(self, listener):
        while True:
            caller, _ = listener.accept()
            self.heard.append(caller.recv(4096).decode(errors="replace"))
            caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nforged")
            caller.close()
