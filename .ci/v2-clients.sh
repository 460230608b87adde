#!/usr/bin/env bash
# v2-clients.sh FOLDER [PYTEST ARGUMENTS]: the official clients of the Open Inference Protocol against the built service:
# tritonclient, blocking and asynchronous, KServe's client, MLServer's types, and Triton's load tester, which is left out,
# with the reason, where it cannot be had. FOLDER gets a virtual environment. Needs a build in dist/.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
tests=$here/../test/interop/v2
python=$folder/venv/bin/python
if ! [ -x "$folder/venv/bin/pytest" ]; then
  python3 -m venv "$folder/venv"
  "$python" -m pip install -q --disable-pip-version-check \
    'tritonclient[http]==2.73.0' kserve==0.21.0 httpx==0.28.1 numpy==2.4.6 ml_dtypes==0.5.4
  "$python" -m pip install -q --disable-pip-version-check --no-deps mlserver==1.7.1
  # last, so that a whole environment is there where it is
  "$python" -m pip install -q --disable-pip-version-check pytest==9.2.0
fi

LSTM_PORT=0 LSTM_WORKERS=2 LSTM_DEMO_SETS=true LSTM_LOG_LEVEL=info node "$here/../dist/src/server.js" >"$folder/server.log" 2>&1 &
server=$!
trap 'kill "$server"; wait "$server" || true' EXIT
origin=
for _ in $(seq 300); do
  origin=$(grep -m 1 -o 'http://127[^"/ ]*' "$folder/server.log") && break
  sleep 0.1
done
[ -n "$origin" ] || { cat "$folder/server.log"; exit 1; }
export LSTM_ORIGIN=$origin PYTHONDONTWRITEBYTECODE=1

"$python" -m pytest "$tests" -q -p no:cacheprovider -W ignore::DeprecationWarning "$@"

if reason=$(PYTHON=$python bash "$here/perf-analyzer.sh" "$folder/perf_analyzer" 2>&1); then
  "$python" "$tests/perf_analyzer.py" "$folder/perf_analyzer/perf_analyzer" "$folder"
else
  echo "skipped - perf_analyzer, which cannot be had here: $(tail -n 1 <<<"$reason")"
fi
# a deadline that is over, and an unloaded model that is not ready, are asked for
if faults=$(grep -E '"status":5' "$folder/server.log" | grep -vE '"status":504|/ready","route":[^,]*,"status":503'); then
  echo "not ok - answers with 5xx: $faults"
  exit 1
fi
echo "ok - $(grep -c '"msg":"answered"' "$folder/server.log") answers, no 5xx but of deadlines"
