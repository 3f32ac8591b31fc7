"""A server of its own that answers with who it is."""

import http.server
import os
import time

class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        # So that requests at one time need several replicas.
        if length:
            self.rfile.read(length)
            time.sleep(0.1)
        body = ('"' + os.environ["BT_REPLICA_ID"] + '"').encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass

http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
