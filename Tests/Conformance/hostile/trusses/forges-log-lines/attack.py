"""Prints lines that would be another deployment's, the server's or no text at all."""
import json
import os


def run(target):
    forged = {"message": "forged " + target["word"], "deployment": target["other"], "deployment_id": target["other"],
              "model_id": target["model"], "replica": "another", "timestamp": "1999-01-01T00:00:00Z", "level": "fatal"}
    for line in (json.dumps(forged).encode(), b"\x1b[2J\x1b]0;owned\x07 " + target["word"].encode(),
                 b"\xff\xfe\x00 " + target["word"].encode(), b"\r" + target["word"].encode() + b"\x85\xe2\x80\xa8next"):
        os.write(1, line + b"\n")
    return "printed"


def twin(target):
    os.write(1, b"plain " + target["word"].encode() + b"\n")
    return "works"
