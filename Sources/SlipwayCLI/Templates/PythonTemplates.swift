// The Python of the templates.

enum PythonTemplates {
    static let python = #"""
        """A model: load() runs once when a replica starts, predict() for every request."""


        class Model:
            def __init__(self, **kwargs):
                self._greeting = None

            def load(self):
                self._greeting = "Hello"

            def predict(self, model_input):
                return {"greeting": f"{self._greeting}, {model_input.get('name', 'world')}!"}

        """#

    static let streaming = #"""
        """A streaming model: what a generator yields reaches the caller at once."""

        import time


        class Model:
            def predict(self, model_input):
                count = int(model_input.get("count", 10))

                def pieces():
                    for number in range(count):
                        yield f"piece {number}\n"
                        time.sleep(0.1)

                return pieces()

        """#

    static let openai = #"""
        """Answers OpenAI's chat completions, streamed with "stream": true. Put your language model into reply()."""

        import json
        import time
        import uuid


        class Model:
            def reply(self, messages):
                """Yields the answer piece by piece."""
                last = messages[-1]["content"] if messages else ""
                for word in f"You said: {last}".split():
                    yield word + " "

            def predict(self, model_input):
                messages = model_input.get("messages", [])
                head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model_input.get("model", "echo")}
                if model_input.get("stream"):
                    return self.stream(head, messages)
                message = {"role": "assistant", "content": "".join(self.reply(messages)).strip()}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                return {**head, "object": "chat.completion", "choices": [choice]}

            def stream(self, head, messages):
                def event(delta, finish=None):
                    choice = {"index": 0, "delta": delta, "finish_reason": finish}
                    return "data: " + json.dumps({**head, "object": "chat.completion.chunk", "choices": [choice]}) + "\n\n"

                yield event({"role": "assistant"})
                for piece in self.reply(messages):
                    yield event({"content": piece})
                yield event({}, "stop")
                yield "data: [DONE]\n\n"

        """#

    static let server = #"""
        """An HTTP server of your own: config.yaml says how it is started, on which port, and which paths it has."""

        import json
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer(200 if self.path == "/health" else 404, {})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                self.answer(200, {"greeting": f"Hello, {body.get('name', 'world')}!"})

            def answer(self, status, document):
                data = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)


        ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()

        """#
}
