"""Takes webhooks and counts them by request."""

import collections
import json
import threading

import webhooks


class Receiver(webhooks.Receiver):
    def __init__(self):
        self.deliveries = collections.Counter()
        self.lock = threading.Lock()
        super().__init__()

    def take(self, headers, body):
        with self.lock:
            self.deliveries[json.loads(body)["request_id"]] += 1
