#!/usr/bin/env bash
# interop.sh FOLDER: the frameworks themselves, once: files that they write with fresh random weights, files that they read,
# and the LSTM of a real trained model. FOLDER gets a virtual environment. Needs a build in dist/.
set -euo pipefail
folder=$1
seed=${2:-$RANDOM}
if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-torch >/dev/null
fi
if ! [ -x "$folder/venv/bin/python" ]; then
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q --disable-pip-version-check \
    keras==3.15.1 'jax[cpu]==0.10.2' onnx==1.23.2 onnxruntime==1.32.0 h5py==3.16.0 safetensors==0.8.0
  "$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps silero-vad==6.2.3
fi
python="$folder/venv/bin/python"
site=$("$python" -c 'import site; print(site.getsitepackages()[0])')
# Debian's Python gets safetensors alone from the environment, not its NumPy
mkdir -p "$folder/safetensors" "$folder/made/pytorch" "$folder/made/keras" "$folder/made/onnx"
"$python" -m pip install -q --disable-pip-version-check --no-deps --upgrade --target "$folder/safetensors" safetensors==0.8.0
torch() { PYTHONPATH="$folder/safetensors" PYTHONWARNINGS=ignore /usr/bin/python3 "$@"; }

echo "-- seed $seed"
torch test/fixtures/pytorch/make.py "$folder/made/pytorch" "$seed"
torch test/fixtures/onnx/make_exported.py "$folder/made/onnx" "$seed" 2>/dev/null
"$python" test/fixtures/onnx/make.py "$folder/made/onnx" "$seed"
"$python" test/fixtures/keras/make.py "$folder/made/keras" "$seed" 2>/dev/null
node dist/test/interop/from-frameworks.js "$folder/made"

node dist/test/interop/to-frameworks.js "$folder/exported"
torch test/interop/to_torch.py "$folder/exported"
"$python" test/interop/to_onnx.py "$folder/exported"

silero="$site/silero_vad/data/silero_vad.onnx"
for branch in then else; do
  node="If_0_${branch}_branch__Inline_0__/decoder/rnn/LSTM"
  "$python" test/interop/silero.py "$silero" "$folder/silero.json" "$node"
  node dist/test/interop/silero.js "$silero" "$folder/silero.json" "$node"
done
