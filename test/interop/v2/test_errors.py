"""What a client shows of a request that is wrong: the tensor's name, what was expected, what came; no 5xx."""
import json
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException
from conftest import infer, same, tensor, wanted

X = np.linspace(-1, 1, 8 * 2 * 3, dtype=np.float32).reshape(8, 2, 3)


def described(name, shape, datatype, values=None, **parameters):
    """An input that says of itself what it likes."""
    made = triton.InferInput(name, shape, datatype)
    if values is not None:
        made._raw_data = values.tobytes()
        made._parameters = {"binary_data_size": values.nbytes, **parameters}
    return made


def shared_memory(made):
    made.set_shared_memory("region", X.nbytes)
    return made


# name: inputs, requested outputs, what the message has to have
WRONG = {
    "features": ([tensor("x", X[:7])], None, ["x", "7", "8"]),
    "rank": ([tensor("x", X[:, :, 0])], None, ["x", "(8, 2)"]),
    "flat": ([tensor("x", X.flatten())], None, ["x", "48"]),
    "no steps": ([tensor("x", X[:, :, :0])], None, ["x", "(8, 2, 0)"]),
    "no columns": ([tensor("x", X[:, :0])], None, ["x", "(8, 0, 3)"]),
    "no steps in JSON": ([tensor("x", X[:, :, :0], binary=False)], None, ["x", "(8, 2, 0)"]),
    "columns of a0": ([tensor("x", X), tensor("a0", np.zeros((32, 3), np.float32))], None, ["a0", "(32, 3)", "2"]),
    "units of c0": ([tensor("x", X), tensor("c0", np.zeros((31, 2), np.float32))], None, ["c0", "31", "32"]),
    "integers": ([tensor("x", X.astype(np.int64))], None, ["x", "INT64", "FP32"]),
    "text": ([tensor("x", np.full((8, 2, 3), b"1", dtype=object))], None, ["x", "BYTES"]),
    "truth": ([tensor("x", X > 0)], None, ["x", "BOOL"]),
    "no such datatype": ([described("x", [8, 2, 3], "FP8", X)], None, ["x", "FP8"]),
    "float lengths": ([tensor("x", X), tensor("lengths", np.ones(2, np.float32))], None, ["lengths", "FP32", "INT32"]),
    "long lengths": ([tensor("x", X), tensor("lengths", np.array([4, 1], np.int32))], None, ["lengths", "4"]),
    "missing": ([tensor("a0", np.zeros((32, 2), np.float32))], None, ["x"]),
    "none": ([], None, ["x"]),
    "unexpected": ([tensor("x", X), tensor("z", X)], None, ["z"]),
    "twice": ([tensor("x", X), tensor("x", X)], None, ["x"]),
    "FP16 in JSON": ([tensor("x", X.astype(np.float16), binary=False)], None, ["x", "FP16"]),
    "not finite": ([tensor("x", np.where(X > 0.9, np.inf, X).astype(np.float32))], None, ["x[", "Infinity"]),
    "not a number": ([tensor("x", np.where(X > 0.9, np.nan, X).astype(np.float32))], None, ["x[", "NaN"]),
    "too wide": ([tensor("x", np.full((8, 1, 1), 1e300))], None, ["x", "float32"]),
    "fewer bytes": ([described("x", [8, 2, 4], "FP32", X)], None, ["x", "192", "256"]),
    "more bytes": ([described("x", [8, 2, 2], "FP32", X)], None, ["x", "192", "128"]),
    "no data": ([described("x", [8, 2, 3], "FP32")], None, ["x", "data"]),
    "more than there is": ([described("x", [8, 2, 4], "FP32", X, binary_data_size=256)], None, ["x", "256"]),
    "bytes left": ([described("x", [8, 2, 3], "FP32", X), described("a0", [32, 2], "FP32", X, binary_data_size=0)], None, []),
    "negative": ([described("x", [8, -2, -3], "FP32", X)], None, ["x", "-2"]),
    "fraction": ([described("x", [8, 2.5, 3], "FP32", X)], None, ["/inputs/0/shape/1", "integer"]),
    "overflow": ([described("x", [2**31, 2**31, 8], "FP32", X)], None, ["x"]),
    "shared memory in": ([shared_memory(described("x", [8, 2, 3], "FP32"))], None, ["x", "shared memory"]),
    "no such output": ([tensor("x", X)], wanted("y", "h"), ["h"]),
    "output twice": ([tensor("x", X)], wanted("y", "a", "y"), ["y"]),
    "shared memory out": ([tensor("x", X)], [shared_memory(triton.InferRequestedOutput("y"))], ["y", "shared memory"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests(client, name):
    inputs, outputs, pieces = WRONG[name]
    before = infer(client, "digits", {"x": X})
    with pytest.raises(InferenceServerException) as failed:
        client.infer("digits", inputs, outputs=outputs)
    message = failed.value.message()
    assert failed.value.status() == "400" and "exception occurred in the client" not in message, message
    assert all(piece in message for piece in pieces), message
    same(infer(client, "digits", {"x": X}), before)


def test_wrong_requests_among_good_ones(client):
    calls = [(("digits", inputs), {"outputs": outputs}) for inputs, outputs, _ in WRONG.values()]
    good = (("digits", [tensor("x", X)]), {})
    answers = client.many([each for call in calls for each in (call, good)])
    assert all(isinstance(answer, InferenceServerException) and answer.status() == "400" for answer in answers[::2])
    plain = answers[1].as_numpy("y").tobytes()
    assert all(answer.as_numpy("y").tobytes() == plain for answer in answers[1::2])


def test_classification(client):
    """Not a wrong one, but an extension that is either named and works or is refused with its name."""
    asked = [triton.InferRequestedOutput("y_last", class_count=2)]
    if "classification" in client.get_server_metadata()["extensions"]:
        assert client.infer("digits", [tensor("x", X)], outputs=asked).get_output("y_last")["datatype"] == "BYTES"
    else:
        with pytest.raises(InferenceServerException, match=r"\[400\] .*classification"):
            client.infer("digits", [tensor("x", X)], outputs=asked)


def test_unknown_models_and_versions(client):
    for model in ["nobody", "größe %41?"]:
        with pytest.raises(InferenceServerException) as failed:
            infer(client, model, {"x": X})
        assert f"Request for unknown model: '{model}' is not found" in failed.value.message()
        assert failed.value.status() == "404"
    with pytest.raises(InferenceServerException, match=r"\[404\] Request for unknown model: 'digits' version"):
        infer(client, "digits", {"x": X}, model_version="12345")


INPUT = {"name": "x", "datatype": "FP32", "shape": [8, 1, 1], "data": [0.5] * 8}
INFER = "/v2/models/digits/infer"
GOOD = json.dumps({"inputs": [INPUT]}).encode()
LENGTH = "Inference-Header-Content-Length"


def nested(levels):
    return b'{"inputs":' + b"[" * levels + b"]" * levels + b"}"


# name: body, headers, status, what the message has to have
HOSTILE = {
    "nothing": (b"", {}, 400, []),
    "not JSON": (b"x", {}, 400, ["JSON"]),
    "a list": (b"[]", {}, 400, []),
    "null": (b"null", {}, 400, []),
    "no inputs": (b"{}", {}, 400, ["inputs"]),
    "inputs are none": (b'{"inputs": null}', {}, 400, ["inputs"]),
    "data are none": (json.dumps({"inputs": [INPUT | {"data": None}]}).encode(), {}, 400, ["/inputs/0/data"]),
    "a value is none": (json.dumps({"inputs": [INPUT | {"data": [None] * 8}]}).encode(), {}, 400, ["x"]),
    "fewer values": (json.dumps({"inputs": [INPUT | {"data": [0.5] * 7}]}).encode(), {}, 400, ["x", "7", "8"]),
    "more values": (json.dumps({"inputs": [INPUT | {"data": [0.5] * 9}]}).encode(), {}, 400, ["x", "9", "8"]),
    "nested otherwise": (json.dumps({"inputs": [INPUT | {"data": [[0.5] * 4, [0.5] * 4]}]}).encode(), {}, 400, ["x"]),
    "no shape": (json.dumps({"inputs": [{key: INPUT[key] for key in INPUT if key != "shape"}]}).encode(), {}, 400, ["shape"]),
    "a huge number": (json.dumps({"inputs": [INPUT | {"data": [1e39] * 8}]}).encode(), {}, 400, ["x"]),
    "deeply nested": (nested(100_000), {}, 400, []),
    "length past the end": (GOOD, {LENGTH: str(len(GOOD) + 1)}, 400, [LENGTH]),
    "length huge": (GOOD, {LENGTH: "9" * 30}, 400, [LENGTH]),
    "length negative": (GOOD, {LENGTH: "-1"}, 400, [LENGTH]),
    "length no number": (GOOD, {LENGTH: "1e2"}, 400, [LENGTH]),
    "length in hex": (GOOD, {LENGTH: "0x10"}, 400, [LENGTH]),
    "length too short": (GOOD, {LENGTH: "5"}, 400, []),
    "bytes behind": (GOOD + b"1234", {LENGTH: str(len(GOOD))}, 400, []),
    "raw, of part of a float": (b"12345", {LENGTH: "0"}, 400, ["x"]),
    "raw, of nothing": (b"", {LENGTH: "0"}, 400, ["x"]),
    "unknown compression": (GOOD, {"Content-Encoding": "br"}, 415, ["br"]),
    "not gzip": (GOOD, {"Content-Encoding": "gzip"}, 400, ["gzip"]),
    "not deflate": (GOOD, {"Content-Encoding": "deflate"}, 400, ["deflate"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies(raw, name):
    body, headers, expected, pieces = HOSTILE[name]
    status, answered, content = raw("POST", INFER, body, headers)
    message = json.loads(content)["error"]
    assert status == expected, message
    # KServe's client shows the text of exactly this type
    assert answered["content-type"] == "application/json"
    assert all(piece.lower() in message.lower() for piece in pieces), message
    assert raw("POST", INFER, GOOD)[0] == 200


def test_a_body_that_inflates_without_end(raw):
    import gzip

    bomb = gzip.compress(GOOD + b" " * 200_000_000, 9)
    status, _, content = raw("POST", INFER, bomb, {"Content-Encoding": "gzip"})
    assert status == 413, content[:300]
    assert json.loads(content)["error"]


def test_methods_and_paths(raw):
    for method, path, expected in [
        ("GET", INFER, 405), ("PUT", INFER, 405), ("POST", "/v2", 405), ("DELETE", "/v2/models/digits", 405),
        ("GET", "/v2/nothing", 404), ("POST", "/v2/models/digits/nothing", 404), ("GET", "/v2/models/digits/versions", 404),
    ]:
        status, answered, content = raw(method, path, b"" if method in ["POST", "PUT"] else None)
        assert status == expected, (method, path, status)
        assert json.loads(content)["error"] and answered["content-type"] == "application/json"
