"""Resident memory of an idle server: just started, and after one model was pushed and called."""

import time

from bench import figure, scratch, serving, truss_files

#: Seconds until what the start did is over.
SETTLE = 5
AIM = 60


def resident(process):
    """MiB of the server alone; replicas are processes of their own."""
    with open(f"/proc/{process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main():
    with scratch() as directory, serving(directory) as (server, api):
        time.sleep(SETTLE)
        started = resident(server.process)
        model, deployment = api.pushed("idle", truss_files("idle"))
        for _ in range(100):
            assert api.predict(model, f"deployment/{deployment}/predict", json={}).status_code == 200
        time.sleep(SETTLE)
        used = resident(server.process)
    figure("idle_memory", started, "MiB")
    figure("idle_memory_to_aim", started / AIM, "ratio")
    figure("idle_memory_after_a_push", used, "MiB")


main()
