#!/usr/bin/env bash
# The service from the command line: examples/curl.sh [address]
# Every line that begins with curl can be typed as it stands, once $url and $scratch are set.
set -euo pipefail

url=${1:-${LSTM_URL:-http://127.0.0.1:3000}}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# curl that says what failed and ends the script; it needs 7.76 or newer for the text of a problem
curl() {
  command curl --silent --show-error --fail-with-body --write-out '\n' "$@" && return
  local status=$?
  echo "stopped at: curl $*" >&2
  [[ $status == 22 ]] || echo "no answer from $url; is the server running? npm start" >&2
  exit 1
}

say() { printf '\n# %s\n' "$1"; }
json='content-type: application/json'

say 'Is it ready, and what computes?'
curl "$url/health/ready"

say 'Which parameter sets are there?'
curl "$url/parameters"

say 'Put in a set of one input feature, one hidden unit and two outputs.'
curl -X PUT "$url/parameters/curl-tiny" -H "$json" -d '{
  "Wf": [[0.5, -0.25]],  "bf": [[1]],
  "Wi": [[0.125, 0.75]], "bi": [[0]],
  "Wc": [[-0.5, 1]],     "bc": [[0]],
  "Wo": [[0.25, 0.5]],   "bo": [[0]],
  "Wy": [[1], [-1]],     "by": [[0], [0]]
}'

say 'What is it? The version is a hash of its content.'
curl "$url/parameters/curl-tiny"

say 'One step of it, with the forget gate. xt is (n_x, m) = (1, 1).'
curl "$url/cell" -H "$json" -d '{
  "parameters": "curl-tiny", "xt": [[1]], "a_prev": [[0.5]], "c_prev": [[-0.5]], "outputs": ["ft"]
}'

say 'A handwritten seven, row by row: the eighth of the ten probabilities is the largest.'
curl "$url/sequence" -H "$json" -d '{
  "parameters": "digits", "layout": "batch_first", "steps": "last", "outputs": ["y"],
  "x": [[
    [0, 0,      0.125, 0.8125, 1,      0.5625, 0,      0],
    [0, 0,      0.75,  0.75,   0.4375, 1,      0.1875, 0],
    [0, 0.0625, 0.875, 0.1875, 0,      1,      0.25,   0],
    [0, 0,      0,     0.25,   0.625,  1,      0.375,  0],
    [0, 0,      0,     0.8125, 1,      1,      0.5625, 0],
    [0, 0,      0,     0.3125, 0.8125, 0.0625, 0,      0],
    [0, 0,      0,     0.6875, 0.5625, 0,      0,      0],
    [0, 0,      0.0625, 1,     0.25,   0,      0,      0]
  ]]
}'

say "Take the weights away as NumPy's npz."
curl "$url/parameters/curl-tiny/weights" -H 'accept: application/x-npz' -o "$scratch/tiny.npz" \
  -w '%{size_download} bytes\n'

say 'Put that file in under another name: equal content, so the version is the same.'
curl -X PUT "$url/parameters/curl-copy" -H 'content-type: application/x-npz' --data-binary "@$scratch/tiny.npz"

say 'Delete both (204: done, and nothing to say).'
curl -X DELETE "$url/parameters/curl-tiny" -w '%{http_code}\n'
curl -X DELETE "$url/parameters/curl-copy" -w '%{http_code}\n'

say 'What a mistake gets: a problem (RFC 9457) with a stable code. digits takes 8 features, not 2.'
curl --no-fail-with-body "$url/sequence" -H "$json" -d '{"parameters": "digits", "x": [[[1]], [[1]]]}' \
  -w '\n%{http_code}\n'
