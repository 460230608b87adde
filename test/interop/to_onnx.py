"""Runs exported ONNX files in ONNX Runtime, and loads npz in NumPy, and compares: python to_onnx.py FOLDER"""
import glob, json, os, sys
import numpy as np
import onnx
import onnxruntime

folder, failed = sys.argv[1], 0
expected = json.load(open(f"{folder}/expected.json"))
for path in sorted(glob.glob(f"{folder}/*.onnx")):
    name = os.path.basename(path)[: -len(".onnx")]
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    got = dict(zip(outputs, session.run(outputs, {"x": np.array(expected[name]["x"], np.float32)[:, None]})))
    error = max(np.abs(got[o][:, 0] - np.array(expected[name][o])).max() for o in outputs)
    failed += not error <= 1e-5
    print("ok" if error <= 1e-5 else "not ok", "- export to onnxruntime", name, outputs, f"{error:.1e}")
for path in sorted(glob.glob(f"{folder}/*.npz")):
    arrays = np.load(path)
    ok = all(arrays[key].dtype == np.float32 for key in arrays.files if not key.endswith(".json"))
    failed += not ok
    print("ok" if ok else "not ok", "- export to numpy", os.path.basename(path), len(arrays.files), "arrays")
sys.exit(failed > 0)
