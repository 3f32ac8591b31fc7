"""Predictions all the time, and which of them were lost."""

import http.client
import json
import threading
import time


class Caller(threading.Thread):
    """One prediction after another on one model; notes (begun, ended, what came)."""

    def __init__(self, port, model, key, number):
        super().__init__(daemon=True)
        self.port, self.model, self.number = port, model, number
        self.headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json"}
        self.calls = []
        self.stopped = threading.Event()

    def run(self):
        connection, n = None, 0
        while not self.stopped.is_set():
            n += 1
            begun = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                name = f"{self.number}-{n}"
                connection.request(
                    "POST", f"/model/{self.model}/production/predict", json.dumps({"name": name}), self.headers
                )
                answer = connection.getresponse()
                body = answer.read()
                good = answer.status == 200 and json.loads(body)["name"] == name
                came = "answered" if good else f"{answer.status} {body[:200]!r}"
            except ConnectionRefusedError:
                came = "refused"
            except (OSError, http.client.HTTPException) as error:
                came = f"broken {type(error).__name__}"
            if came != "answered":
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(0.005)
            self.calls.append((begun, time.monotonic(), came))

    def stop(self):
        self.stopped.set()
        self.join(timeout=90)
        assert not self.is_alive(), "a prediction hangs"
