"""A receiver of webhooks on this machine."""

import http.server
import queue
import threading
import time


class Receiver:
    """Keeps what it gets as (headers, body, moment) and answers the statuses it was given, then 200."""

    def __init__(self, *statuses):
        self.received = queue.Queue()
        left, receiver = list(statuses), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(dict(self.headers), body)
                self.send_response(left.pop(0) if left else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://localhost:{self.server.server_port}/hook"

    def take(self, headers, body):
        self.received.put((headers, body, time.monotonic()))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
