#!/usr/bin/env bash
# perf-analyzer.sh FOLDER: Triton's load tester as FOLDER/perf_analyzer. Its binary comes from PyPI and wants a C library
# newer than Debian 12's; where it does not start, that library is taken from Debian 13 and unpacked beside it, so that
# nothing of the machine changes. Fails, with the reason, where it cannot be had.
set -euo pipefail
folder=$1
version=2.60.0
mkdir -p "$folder"
cd "$folder"
here=$PWD
[ -x perf_analyzer ] && exit 0
"${PYTHON:-python3}" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --platform "manylinux_2_38_$(uname -m)" \
  -d wheel "perf-analyzer==$version"
python3 -m zipfile -e wheel/perf_analyzer-*.whl wheel
binary=$PWD/wheel/perf_analyzer/bin/perf_analyzer
chmod +x "$binary"
if "$binary" --version >/dev/null 2>&1; then
  ln -s "$binary" perf_analyzer
  exit 0
fi

# an apt of its own: the mirror and the keys of the machine, another release, nothing installed
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
mkdir -p apt/lists/partial apt/cache/archives/partial libraries
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >apt/sources.list
: >apt/status
apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$here/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$here/apt/lists" \
    -o Dir::Cache="$here/apt/cache" -o Dir::State::status="$here/apt/status" -o APT::Sandbox::User=root "$@"
}
apt update
(cd libraries && apt download libc6 libgcc-s1 libssl3t64 libstdc++6 libzstd1 zlib1g)
for package in libraries/*.deb; do dpkg-deb -x "$package" libraries; done
libraries=$(dirname "$(find "$PWD/libraries/usr/lib" -name libc.so.6)")
loader=$(find "$libraries" -name 'ld-linux-*.so.*' | head -n 1)
printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$binary" >starts
chmod +x starts
./starts --version
mv starts perf_analyzer
