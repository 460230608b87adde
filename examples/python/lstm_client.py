"""A client of lstm-serve with NumPy alone: python examples/python/lstm_client.py [address]
puts in a parameter set, reads 360 handwritten digits with it, says how many are right, and deletes the set."""

import base64
import json
import os
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np


class LstmError(Exception):
    """There is no server, or it answered a problem: the message is the problem's detail."""


def encode(array):
    """A tensor's wire form: its shape, and base64 of little-endian float32, row-major."""
    array = np.asarray(array, dtype="<f4")
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def decode(value):
    """What the server answered, with a writable array in the place of every tensor."""
    if isinstance(value, dict) and value.keys() == {"shape", "data"}:
        return np.frombuffer(bytearray(base64.b64decode(value["data"])), dtype="<f4").reshape(value["shape"])
    return {key: decode(each) for key, each in value.items()} if isinstance(value, dict) else value


class Client:
    def __init__(self, address=None, timeout_seconds=60):
        """address: where the server is; LSTM_URL, or where `npm start` listens, when left out."""
        self.address = (address or os.environ.get("LSTM_URL") or "http://127.0.0.1:3000").rstrip("/")
        self.timeout_seconds = timeout_seconds

    def put_parameters(self, name, arrays):
        """Creates or replaces a set. arrays: Wf (n_a, n_a + n_x), bf (n_a, 1), ..., Wy (n_y, n_a), by (n_y, 1)."""
        return self._ask("PUT", "/parameters/" + quote(name, safe=""), {key: encode(arrays[key]) for key in arrays})

    def delete_parameters(self, name):
        self._ask("DELETE", "/parameters/" + quote(name, safe=""))

    def sequence(self, name, x, a0=None, c0=None, **options):
        """x (n_x, m, T_x); options: lengths, steps, outputs, layout. Gives a, y and c unless outputs says otherwise."""
        return self._forward("/sequence", name, {"x": x, "a0": a0, "c0": c0}, options)

    def cell(self, name, xt, a_prev=None, c_prev=None, **options):
        """xt (n_x, m), states (n_a, m); options: outputs, layout. Gives a_next, c_next and yt_pred."""
        return self._forward("/cell", name, {"xt": xt, "a_prev": a_prev, "c_prev": c_prev}, options)

    def _forward(self, path, name, tensors, options):
        body = {key: encode(value) for key, value in tensors.items() if value is not None}
        return decode(self._ask("POST", path, {"parameters": name, **body, **options}))

    def _ask(self, method, path, body=None):
        try:
            request = Request(self.address + path, method=method)
            if body is not None:
                request.data = json.dumps(body).encode()
                request.add_header("Content-Type", "application/json")
            with urlopen(request, timeout=self.timeout_seconds) as response:
                return json.loads(response.read() or "null")
        except HTTPError as error:
            raise LstmError(f"{method} {path} answered {error.code}: {detail_of(error)}") from error
        except (OSError, ValueError, HTTPException) as error:
            raise LstmError(f"no answer from {self.address} ({error}); is the server running? npm start") from error


def detail_of(error):
    try:
        return json.loads(error.read())["detail"]
    except (ValueError, KeyError, TypeError):
        return error.reason  # not the server's own words: a proxy's, perhaps


def main():
    digits = Path(__file__).resolve().parent.parent / "digits"
    client = Client(*sys.argv[1:2])
    test = json.loads((digits / "test.json").read_text())
    x, label = decode(test["x"]), np.array(test["label"])

    print(client.put_parameters("digits-from-python", np.load(digits / "parameters.npz")))
    try:
        y = client.sequence("digits-from-python", x, steps="last", outputs=["y"])["y"]  # (n_y, m)
    finally:
        client.delete_parameters("digits-from-python")
    right = int((y.argmax(axis=0) == label).sum())
    print(f"{right} of {label.size} right ({100 * right / label.size:.1f} %)")


if __name__ == "__main__":
    try:
        main()
    except LstmError as error:
        sys.exit(str(error))
