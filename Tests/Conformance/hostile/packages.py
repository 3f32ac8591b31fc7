"""A package index on loopback, and packages that are built by code of their own: that is where an attack runs."""

import base64
import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile

BACKEND = '''
"""Builds the one module of this package without needing anything; `attack.py`, where there is one, runs first."""
import base64, hashlib, json, os, pathlib, subprocess, sysconfig, zipfile

NAME, VERSION = {name!r}, {version!r}


def files():
    report = {{}}
    if os.path.exists("attack.py"):
        import attack
        report = attack.run(json.loads(pathlib.Path("target.json").read_text()))
    yield NAME + ".py", b"REPORT = " + repr(json.dumps(report)).encode() + b"\\n"
    if os.path.exists("extension.c"):
        output = "_" + NAME + sysconfig.get_config_var("EXT_SUFFIX")
        include = sysconfig.get_path("include")
        subprocess.run(["cc", "-shared", "-fPIC", "-I" + include, "extension.c", "-o", output], check=True)
        yield output, pathlib.Path(output).read_bytes()


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = NAME + "-" + VERSION + "-py3-none-any.whl"
    info = NAME + "-" + VERSION + ".dist-info/"
    made = list(files()) + [
        (info + "METADATA", f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n".encode()),
        (info + "WHEEL", b"Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"),
    ]
    record = "".join(
        f"{{path}},sha256={{base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()}},{{len(data)}}\\n"
        for path, data in made
    )
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        for path, data in made + [(info + "RECORD", (record + info + "RECORD,,\\n").encode())]:
            wheel.writestr(path, data)
    return name
'''


def sdist(name, files=(), version="1.0"):
    """A source archive; its build runs `attack.py` with `target.json` when `files` has them."""
    contents = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n',
        "backend.py": BACKEND.format(name=name, version=version),
        **dict(files),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in contents.items():
            data = text if isinstance(text, bytes) else text.encode()
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return f"{name}-{version}.tar.gz", buffer.getvalue()


def wheel(name, text, version="1.0", more=(), tag="py3-none-any"):
    """A wheel with one module."""
    info = f"{name}-{version}.dist-info/"
    made = {
        f"{name}.py": text,
        **dict(more),
        info + "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        info + "WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    lines = []
    for path, content in made.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content.encode())}")
    made[info + "RECORD"] = "\n".join([*lines, info + "RECORD,,"]) + "\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in made.items():
            archive.writestr(path, content)
    return f"{name}-{version}-{tag}.whl", buffer.getvalue()


def attacking(name, attack, target):
    """A source archive whose build runs the attack at `attack` on what `target` says."""
    return sdist(name, {"attack.py": attack.read_text(), "target.json": json.dumps(target)})


class Index:
    """Serves packages by PEP 503; `private` ones only to who sends a password."""

    def __init__(self):
        self.files = {}
        self.private = set()
        self.asked = []
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                index.answer(self)

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/simple"

    def add(self, package):
        name, data = package
        self.files[name] = data
        return name.split("-")[0]

    def answer(self, call):
        self.asked.append(call.path)
        parts = call.path.split("?")[0].strip("/").split("/")
        allowed = call.headers.get("Authorization") == "Basic " + base64.b64encode(b"reader:secret-word").decode()
        file = "/".join(parts[1:])
        if parts[0] == "files":
            found = self.files.get(file)
            return self.send(call, 404 if found is None else 200, found or b"", "application/octet-stream")
        name = parts[-1].replace("-", "_")
        if parts[0].startswith("bogus-"):
            # Has an old version of whatever is asked for.
            link = f'<a href="/{parts[0]}/{name}-0.0.0-py3-none-any.whl">{name}-0.0.0-py3-none-any.whl</a>'
            return self.send(call, 200, f"<!DOCTYPE html><html><body>{link}</body></html>".encode(), "text/html")
        if name in self.private and not allowed:
            return self.send(call, 401, b"", "text/plain", [("WWW-Authenticate", 'Basic realm="test"')])
        links = [
            f'<a href="/files/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a>'
            for file, data in self.files.items()
            if file.split("-")[0] == name
        ]
        body = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
        return self.send(call, 200 if links else 404, body, "text/html")

    def send(self, call, code, body, kind, headers=()):
        call.send_response(code)
        for key, value in [("Content-Type", kind), ("Content-Length", str(len(body))), *headers]:
            call.send_header(key, value)
        call.end_headers()
        if call.command == "GET":
            call.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
