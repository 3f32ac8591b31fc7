"""The peer: the same document read from SQLite by key and model, with FastAPI on uvicorn with its C parts."""

import hashlib
import json
import os
import sqlite3

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
database = sqlite3.connect(":memory:", check_same_thread=False)
document, key = os.environ["PEER_DOCUMENT"], os.environ["PEER_KEY"]
database.execute("CREATE TABLE keys (digest TEXT PRIMARY KEY)")
database.execute("CREATE TABLE models (id TEXT PRIMARY KEY, document TEXT)")
database.execute("INSERT INTO keys VALUES (?)", (hashlib.sha256(key.encode()).hexdigest(),))
database.execute("INSERT INTO models VALUES (?, ?)", (json.loads(document)["id"], document))


@app.get("/v1/models/{model}")
async def get_model(model: str, request: Request):
    digest = hashlib.sha256(request.headers["authorization"].split(" ")[1].encode()).hexdigest()
    if not database.execute("SELECT 1 FROM keys WHERE digest = ?", (digest,)).fetchone():
        raise HTTPException(401)
    row = database.execute("SELECT document FROM models WHERE id = ?", (model,)).fetchone()
    if not row:
        raise HTTPException(404)
    return json.loads(row[0])
