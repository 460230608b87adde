#!/usr/bin/env bash
# schemathesis.sh FOLDER [EXAMPLES] [SECONDS]: schemathesis over openapi.yaml against the built service: no 5xx, every
# answer as the document says, what the document forbids is refused. FOLDER gets a virtual environment. Needs a build in
# dist/.
set -euo pipefail
folder=$1
examples=${2:-20}
seconds=${3:-60}
mkdir -p "$folder"
here=$(cd "$(dirname "$0")" && pwd)
if ! [ -x "$folder/venv/bin/schemathesis" ]; then
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q --disable-pip-version-check schemathesis==4.32.5
fi
# what the tool puts into a query may be longer than Node takes by default; that limit has a test of its own
LSTM_PORT=0 LSTM_WORKERS=2 LSTM_DEMO_SETS=true node --max-http-header-size=262144 "$here/../dist/src/server.js" \
  >"$folder/server.log" 2>&1 &
server=$!
trap 'kill "$server"; wait "$server" || true' EXIT
origin=
for _ in $(seq 300); do
  origin=$(grep -m 1 -o 'http://127[^"/ ]*' "$folder/server.log") && break
  sleep 0.1
done
[ -n "$origin" ] || { cat "$folder/server.log"; exit 1; }
cd "$folder"
"$folder/venv/bin/schemathesis" --config-file "$here/../test/interop/schemathesis.toml" run "$here/../openapi.yaml" \
  --url "$origin" --max-examples "$examples" --max-time "$seconds" --seed "${SEED:-$RANDOM}" \
  --generation-database none --output-truncate true --no-color
