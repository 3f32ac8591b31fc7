#!/usr/bin/env bash
# The main job on a fresh machine: sets up, builds, serves, pushes the examples with the official client,
# promotes with the founding API call and predicts.
#
#   scripts/quickstart.sh [--keep] [--fast]
#     --keep  leave the server running at the end
#     --fast  skip the embedding example (it installs PyTorch)
set -euo pipefail
keep=false fast=false
for argument in "$@"; do
    case $argument in
    --keep) keep=true ;;
    --fast) fast=true ;;
    *)
        sed -n '2,8p' "$0"
        exit 2
        ;;
    esac
done
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
begin=$(date +%s)
step() { printf '\n== %s (%s s)\n' "$*" $(($(date +%s) - begin)); }

step "Building"
swift build -c release --product slipway 2>&1 | tail -1
binary=$(swift build -c release --show-bin-path)/slipway

step "Serving"
data=${SLIPWAY_DATA_DIR:-$HOME/.local/share/slipway}
curl -s -o /dev/null http://127.0.0.1:8000/ && fail "port 8000 is taken; stop what listens there (truss needs this very port)"
mkdir -p "$data"
log=$data/server.log
on_exit=stop
$keep && on_exit=keep
setsid "$binary" serve --data-dir "$data" --replicas-on-exit $on_exit >>"$log" 2>&1 &
server=$!
private=$(mktemp -d)
finish() {
    local code=$?
    rm -rf "$private"
    if [ $code -ne 0 ]; then
        echo "--- last lines of $log" >&2
        tail -20 "$log" >&2
    fi
    if ! $keep || [ $code -ne 0 ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
}
trap finish EXIT
for _ in $(seq 100); do
    curl -sf -o /dev/null http://localhost:8000/healthz && break
    kill -0 "$server" 2>/dev/null || fail "the server ended"
    sleep 0.2
done
curl -sf -o /dev/null http://localhost:8000/healthz || fail "the server does not answer"
key=$(cat "$data/admin-api-key")

# The client's own settings live in a private home, so that yours stay as they are.
cat >"$private/.trussrc" <<RC
[slipway]
remote_provider = baseten
api_key = $key
remote_url = http://localhost:8000
RC
truss() { HOME=$private "$root/.venv/bin/truss" "$@"; }
api() { curl -sf --header "Authorization: Api-Key $key" "$@"; }
field() { "$root/.venv/bin/python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]] or "")' "$1"; }

# push DIRECTORY: publishes with the official client, waits, and sets $model.
push() {
    truss push "$1" --remote slipway --non-interactive --wait --output json >"$private/push.json" 2>"$private/push.log" ||
        { cat "$private/push.log" "$private/push.json" >&2; fail "truss push $1 failed"; }
    model=$(model_named "$(sed -n 's/^model_name: *//p' "$1/config.yaml")")
}
model_named() {
    api http://api.localhost:8000/v1/models | "$root/.venv/bin/python" -c '
import json, sys
print(next(m["id"] for m in json.load(sys.stdin)["models"] if m["name"] == sys.argv[1]))' "$1"
}
wait_for() { # URL FIELD VALUE
    for _ in $(seq 600); do
        [ "$(api "$1" | field "$2")" = "$3" ] && return
        sleep 0.5
    done
    fail "$1 did not reach $2 = $3"
}

step "Pushing Examples/hello as a development deployment (truss push --watch)"
# The client goes on to watch for changes after its push; the push is all we want of it here.
timeout 600 env HOME="$private" "$root/.venv/bin/truss" push Examples/hello --remote slipway --watch --non-interactive \
    >"$private/watch.log" 2>&1 &
watcher=$!
for _ in $(seq 300); do
    model=$(model_named hello 2>/dev/null) && break
    kill -0 $watcher 2>/dev/null || { cat "$private/watch.log" >&2; fail "truss push --watch ended"; }
    sleep 0.5
done
wait_for "http://api.localhost:8000/v1/models/$model/deployments/development" status ACTIVE
kill $watcher 2>/dev/null || true
echo "model $model: development deployment is ACTIVE"

step "Promoting it with the founding call"
promoted=$(curl -sf --request POST \
    --url "http://api.localhost:8000/v1/models/$model/deployments/development/promote" \
    --header "Authorization: Api-Key $key" \
    --data '{
  "scale_down_previous_production": true,
  "preserve_env_instance_type": true
}')
deployment=$(field id <<<"$promoted")
echo "deployment $deployment: $(field status <<<"$promoted")"
wait_for "http://api.localhost:8000/v1/models/$model/deployments/$deployment" environment production

step "Predicting on its production URL"
url=http://model-$model.api.localhost:8000/production/predict
echo "POST $url"
api --request POST "$url" --data '{"name": "Slipway"}'
echo

step "Pushing Examples/streaming as a published deployment (truss push)"
push Examples/streaming
echo "its answer comes piece by piece:"
api --no-buffer --request POST "http://model-$model.api.localhost:8000/production/predict" --data '{"count": 5}'

if ! $fast; then
    step "Pushing Examples/embedding (installs PyTorch once)"
    push Examples/embedding
    api --request POST "http://model-$model.api.localhost:8000/production/predict" \
        --data '{"texts": ["to promote is to move forward"]}' | cut -c1-160
    echo
fi

step "Done"
cat <<TEXT
API key      $data/admin-api-key
Server log   $log
CLI          $binary --help
Next         add the remote of README.md to your ~/.trussrc and push a Truss of your own
TEXT
if $keep; then
    echo "Server       runs as process $server; stop it with: kill $server"
else
    echo "Server       stops now; start it with: $binary serve"
fi
