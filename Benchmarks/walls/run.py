"""What the walls around replicas cost: start and wake time, the gateway's connections into replicas, what goes out.

Run as root, the way out is a pair of interfaces; as an ordinary user it is slirp4netns.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / "common"), str(pathlib.Path(__file__).resolve().parents[2] / "Tests/Conformance")]
import bench  # noqa: E402
from harness import API, Server, TOOLS, eventually  # noqa: E402
from hostile.network import OUTSIDE, files, outside  # noqa: E402

PORT, SINK, STARTS, CALLS, SECONDS = 18950, 8322, 10, 300, 3

RECEIVER = f"""
import socket
listener = socket.create_server(("{OUTSIDE}", {SINK}))
print("ready", flush=True)
while True:
    caller, _ = listener.accept()
    while caller.recv(1 << 20):
        pass
    caller.close()
"""
SENDER = f'''
import socket, time
class Model:
    def predict(self, model_input):
        piece, sent, end = bytes(1 << 20), 0, time.monotonic() + {SECONDS}
        with socket.create_connection(("{OUTSIDE}", {SINK})) as one:
            while time.monotonic() < end:
                one.sendall(piece)
                sent += len(piece)
        return sent * 8 / {SECONDS} / 1e9
'''


def wakes(server, api, name, config):
    """Until a replica's process is there, and until it answers."""
    content = files("network_fixed_port")
    content["config.yaml"] = content["config.yaml"].replace("network-fixed-port", name) + config
    model, deployment = api.pushed(name, content)
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    path = f"/v1/models/{model}/deployments/{deployment}"
    assert api.call("PATCH", f"{path}/autoscaling_settings", json={"min_replica": 0, "scale_down_delay": 0}).ok
    took = []
    for _ in range(STARTS):
        eventually(lambda: api.deployment(model, deployment)["status"] == "SCALED_TO_ZERO", 120)
        began = time.monotonic()
        predict(api, model)
        took.append(time.monotonic() - began)
    bench.figure(f"walls_wake_{name}_median", statistics.median(took) * 1e3, "ms")
    assert api.call("PATCH", f"{path}/autoscaling_settings", json={"min_replica": 1}).ok
    return model


def predict(api, model):
    answer = api.session.post(f"{api.management}/model/{model}/production/predict", json={}, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-walls-"))
    place.chmod(0o755)
    server = Server(place / "data", port=PORT, inference_port=0, arguments=TOOLS).start()
    api = API(server.key, f"http://localhost:{PORT}")
    try:
        with outside():
            wakes(server, api, "closed", "model_metadata: {slipway: {egress: none}}\n")
            model = wakes(server, api, "open", "")
            # That server ends every connection, so each call makes one in the replica's network; it answers after 0.1 s.
            took = []
            for _ in range(CALLS // 10):
                began = time.monotonic()
                predict(api, model)
                took.append(time.monotonic() - began - 0.1)
            bench.figure("walls_call_with_connection_median", statistics.median(took) * 1e3, "ms")
            holder = next(pid for pid in pathlib.Path("/proc").glob("[0-9]*") if is_outside(pid))
            sink = subprocess.Popen(["nsenter", "--target", holder.name, "--net", "python3", "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
            assert sink.stdout.readline() == "ready\n"
            sender, _ = api.pushed("sender", {"config.yaml": "model_name: sender\npython_version: py311\n", "model/__init__.py": "", "model/model.py": SENDER})
            eventually(lambda: api.get(f"/v1/models/{sender}")["production_deployment_id"])
            bench.figure("walls_egress_throughput", predict(api, sender), "Gbit/s")
            sink.kill()
            sink.wait()
    finally:
        server.stop()
        subprocess.run(["rm", "-rf", place], check=False)


def is_outside(process):
    """Whether it is the one that holds the network of `outside`."""
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        return command[:2] == [b"sleep", b"infinity"] and os.readlink(process / "ns/net") != os.readlink("/proc/self/ns/net")
    except OSError:
        return False


if __name__ == "__main__":
    main()
