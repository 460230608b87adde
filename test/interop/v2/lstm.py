"""The forward pass in NumPy and float64, by the equations of docs/notation.md, and the real sets with their figures."""
import io
import json
from pathlib import Path
import numpy as np

ROOT = Path(__file__).parents[3]
NAMES = ["Wf", "bf", "Wi", "bi", "Wc", "bc", "Wo", "bo", "Wy", "by"]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(parameters, x, a0=None, c0=None):
    """x (n_x, m, T_x); a0, c0 (n_a, m), zeros if left out -> outputs by name, (.., m, T_x), and the last ones, (.., m)"""
    p = {name: np.asarray(parameters[name], np.float64) for name in NAMES}
    n_a, (_, m, T_x) = p["Wf"].shape[0], x.shape
    a = np.zeros((n_a, m)) if a0 is None else np.asarray(a0, np.float64)
    c = np.zeros((n_a, m)) if c0 is None else np.asarray(c0, np.float64)
    steps = {name: [] for name in ["y", "a", "c", "ft", "it", "cct", "ot"]}
    for t in range(T_x):
        concat = np.concatenate([a, np.asarray(x[:, :, t], np.float64)])  # (n_a + n_x, m)
        ft = sigmoid(p["Wf"] @ concat + p["bf"])
        it = sigmoid(p["Wi"] @ concat + p["bi"])
        cct = np.tanh(p["Wc"] @ concat + p["bc"])
        c = ft * c + it * cct
        ot = sigmoid(p["Wo"] @ concat + p["bo"])
        a = ot * np.tanh(c)
        z = p["Wy"] @ a + p["by"]
        e = np.exp(z - z.max(axis=0))
        for name, value in zip(steps, [e / e.sum(axis=0), a, c, ft, it, cct, ot]):
            steps[name].append(value)
    out = {name: np.stack(values, axis=2) for name, values in steps.items()}
    return out | {f"{name}_last": out[name][:, :, -1] for name in "yac"}


def random_parameters(seed, n_x, n_a, n_y):
    random = np.random.default_rng(seed)
    shapes = {"W": (n_a, n_a + n_x), "b": (n_a, 1)}
    gates = {kind + gate: shapes[kind] for gate in "fico" for kind in "Wb"}
    shapes = gates | {"Wy": (n_y, n_a), "by": (n_y, 1)}
    return {name: (random.normal(size=shape) * 0.5).astype(np.float32) for name, shape in shapes.items()}


def npz(parameters):
    file = io.BytesIO()
    np.savez(file, **parameters)
    return file.getvalue()


def digits():
    """-> x (8, 360, 8), label (360), what NumPy computed for the first 8 columns"""
    test = np.load(ROOT / "test/fixtures/digits/test.npz")
    expected = np.load(ROOT / "test/fixtures/digits/expected.npz")
    return test["x"].astype(np.float32), test["label"], expected


def demo(name):
    return dict(np.load(ROOT / f"examples/{name}/parameters.npz"))


def course():
    """-> parameters, x (3, 10, 7), a0 (5, 10), what the exercise expects"""
    read = json.loads((ROOT / "test/fixtures/course/sequence.json").read_text())
    expected = {name: np.array(read["expected"][name]) for name in "ayc"}
    expected |= {name: np.array(gate) for name, gate in read["expected"]["caches"].items()}
    parameters = {name: np.array(value, np.float32) for name, value in read["parameters"].items()}
    return parameters, np.array(read["x"], np.float32), np.array(read["a0"], np.float32), expected


def words():
    """-> held-out words, the mean negative log likelihood of a character that they are known to have"""
    lines = (ROOT / "test/fixtures/words/heldout.txt").read_text().split()
    return lines, json.loads((ROOT / "test/fixtures/words/expected.json").read_text())
