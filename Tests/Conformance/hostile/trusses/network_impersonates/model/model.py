"""Listens on the port of another model's server, to be taken for it."""

import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    heard = []

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        Handler.heard.append(self.rfile.read(length).decode())
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b'"forged"')

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


class Model:
    def load(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def predict(self, model_input):
        return Handler.heard
