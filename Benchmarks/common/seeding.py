"""Many deployments in a store: copies of the records of one that was really pushed.

They are made in the database while no server runs: pushing them would take days and change nothing.
"""

import json
import sqlite3


def insert(db, table, row, **changes):
    row = {**row, **changes}
    columns = ", ".join(row)
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def one(db, query, *values):
    return dict(db.execute(query, values).fetchone())


def fill(path, model, deployments, per_model, begin=0):
    """Adds models whose deployments sleep or are inactive, by turns, until there are as many deployments as asked for.

    `begin` is how many of them are there already.
    """
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    with db:
        source = one(db, "SELECT * FROM models WHERE id = ?", model)
        deployment = one(db, "SELECT * FROM deployments WHERE model_id = ?", model)
        environment = one(db, "SELECT * FROM environments WHERE model_id = ?", model)
        promotion = one(db, "SELECT * FROM promotions WHERE model_id = ?", model)
        asleep = json.dumps({**json.loads(deployment["autoscaling"]), "minReplica": 0})
        for number in range(begin // per_model, (deployments - 1) // per_model + 1):
            identifier = f"m{number:07d}"
            insert(db, "models", source, id=identifier, name=f"copy-{number}")
            names = [f"d{number:05d}{n:02d}" for n in range(per_model)]
            for n, name in enumerate(names):
                inactive = n % 2 == 1
                insert(
                    db, "deployments", deployment, id=name, model_id=identifier, name=f"deployment-{n}",
                    status="INACTIVE" if inactive else "SCALED_TO_ZERO",
                    desired="inactive" if inactive else "zero", status_reason=None, autoscaling=asleep,
                )  # fmt: skip
            insert(
                db, "environments", environment, model_id=identifier, current_deployment_id=names[0],
                autoscaling=asleep,
            )  # fmt: skip
            insert(
                db, "promotions", promotion, id=f"p{number:07d}", model_id=identifier, candidate_id=names[0],
                previous_id=None,
            )  # fmt: skip
    db.close()
