"""infer and async_infer: forms, datatypes, outputs, compression, parameters; numbers beside NumPy's in float64."""
import json
import struct
import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException
import lstm
from conftest import infer, near, same, tensor, wanted

GATES = ["ft", "it", "cct", "ot"]
OUTPUTS = ["y", "a", "c", "y_last", "a_last", "c_last", *GATES]


def test_digits(client):
    x, labels, expected = lstm.digits()
    got = infer(client, "digits", {"x": x})
    assert list(got) == ["y", "a", "c"]
    near({name: value[:, :8] for name, value in got.items()}, expected)
    assert (got["y"][:, :, 7].argmax(axis=0) == labels).sum() == 349


def test_course(client, course):
    x, a0, expected = course
    near(infer(client, "course", {"x": x, "a0": a0}, "y", "a", "c", *GATES), expected)


def test_words(client):
    """All held-out words at once: ragged, with `lengths`."""
    words, figures = lstm.words()
    letters = [[figures["alphabet"].index(letter) for letter in f".{word}."] for word in words]
    lengths = np.array([len(each) - 1 for each in letters], np.int32)
    x = np.zeros((27, len(words), lengths.max()), np.float32)
    for j, each in enumerate(letters):
        x[each[:-1], j, np.arange(lengths[j])] = 1
    y = infer(client, "words", {"x": x, "lengths": lengths}, "y")["y"].astype(np.float64)
    loss = [-np.log(y[letter, j, t]) for j, each in enumerate(letters) for t, letter in enumerate(each[1:])]
    assert abs(np.mean(loss) - figures["mean_negative_log_likelihood_nats_per_character"]) < 1e-5


@pytest.fixture(scope="module")
def sample():
    random = np.random.default_rng(7)
    parameters = lstm.demo("digits")
    values = {
        "x": random.normal(size=(8, 3, 6)).astype(np.float32),
        "a0": random.normal(size=(32, 3)).astype(np.float32) * 0.5,
        "c0": random.normal(size=(32, 3)).astype(np.float32),
    }
    return values, lstm.forward(parameters, values["x"], values["a0"], values["c0"])


def test_every_output(client, sample):
    values, expected = sample
    got = infer(client, "digits", values, *OUTPUTS)
    assert list(got) == OUTPUTS
    near(got, expected)
    for name in "yac":
        same({"": got[f"{name}_last"]}, {"": np.ascontiguousarray(got[name][:, :, -1])})


@pytest.mark.parametrize("binary_outputs", [True, False])
@pytest.mark.parametrize("binary", [True, False])
def test_json_and_binary_are_the_same_bit_for_bit(client, sample, binary, binary_outputs):
    values, expected = sample
    values = values | {"lengths": np.array([6, 1, 4], np.int32)}
    plain = infer(client, "digits", values, *OUTPUTS)
    same(infer(client, "digits", values, *OUTPUTS, binary=binary, binary_outputs=binary_outputs), plain)
    near({"a": plain["a"][:, 1:2, :1]}, {"a": expected["a"][:, 1:2, :1]})
    assert not plain["a"][:, 1, 1:].any() and not plain["y"][:, 2, 4:].any()


def test_binary_and_json_in_one_request(client, sample):
    values, _ = sample
    plain = infer(client, "digits", values, "y", "a", "c_last")
    inputs = [tensor("a0", values["a0"], binary=False), tensor("x", values["x"]), tensor("c0", values["c0"])]
    outputs = [*wanted("y", binary=False), *wanted("a"), *wanted("c_last", binary=False)]
    answer = client.infer("digits", inputs, outputs=outputs)
    same({name: answer.as_numpy(name) for name in plain}, plain)
    assert "data" in answer.get_output("y") and "data" not in answer.get_output("a")


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_datatypes(client, sample, kind):
    values, _ = sample
    narrow = {name: value.astype(kind) for name, value in values.items()}
    same(infer(client, "digits", narrow, *OUTPUTS),
         infer(client, "digits", {name: value.astype(np.float32) for name, value in narrow.items()}, *OUTPUTS))


def test_fp64_is_narrowed(client, sample):
    values, _ = sample
    wide = np.random.default_rng(8).normal(size=values["x"].shape)
    once = infer(client, "digits", {"x": wide.astype(np.float32)})
    same(infer(client, "digits", {"x": wide}), once)
    same(infer(client, "digits", {"x": wide}, binary=False), once)


def test_values_at_the_ends_of_half_floats(client):
    x = np.zeros((8, 1, 6), np.float16)
    x[0, 0] = [65504, -65504, 6e-8, -6e-8, 6.1e-5, 0.5]
    same(infer(client, "digits", {"x": x}), infer(client, "digits", {"x": x.astype(np.float32)}))


@pytest.mark.parametrize("layout, axes", [("features_first", (0, 1, 2)), ("batch_first", (1, 2, 0)), ("time_first", (2, 1, 0))])
def test_layouts(client, sample, layout, axes):
    values, _ = sample
    states = (0, 1) if layout == "features_first" else (1, 0)
    turned = {name: np.ascontiguousarray(value.transpose(axes if value.ndim == 3 else states)) for name, value in values.items()}
    got = infer(client, "digits", turned, *OUTPUTS, parameters={"layout": layout})
    plain = infer(client, "digits", values, *OUTPUTS)
    same({name: np.ascontiguousarray(value) for name, value in got.items()},
         {name: np.ascontiguousarray(value.transpose(axes if value.ndim == 3 else states)) for name, value in plain.items()})


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("answered", [None, "gzip", "deflate"])
@pytest.mark.parametrize("sent", [None, "gzip", "deflate"])
def test_compression(client, sample, sent, answered, binary):
    values, _ = sample
    plain = infer(client, "digits", values, *OUTPUTS)
    same(infer(client, "digits", values, *OUTPUTS, binary=binary, binary_outputs=binary,
               request_compression_algorithm=sent, response_compression_algorithm=answered), plain)


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", None])
def test_answers_are_compressed_when_asked(raw, sample, encoding, binary):
    """generate_request_body and parse_response_body, for those who send with a client of their own."""
    values, expected = sample
    body, json_size = triton.InferenceServerClient.generate_request_body(
        [tensor(name, value, binary) for name, value in values.items()], outputs=wanted("y", "a", binary=binary))
    headers = {"Accept-Encoding": encoding} if encoding else {}
    headers |= {"Inference-Header-Content-Length": str(json_size)} if binary else {}
    status, answered, content = raw("POST", "/v2/models/digits/infer", body, headers)
    assert status == 200 and answered.get("content-encoding") == encoding
    assert answered["content-type"] == ("application/octet-stream" if binary else "application/json")
    length = answered.get("inference-header-content-length")
    assert (length is not None) == binary
    answer = triton.InferenceServerClient.parse_response_body(
        content, header_length=length and int(length), content_encoding=encoding)
    near({name: answer.as_numpy(name) for name in ["y", "a"]}, expected)


def test_names_and_ids_in_the_answer(client, sample):
    values, _ = sample
    version = client.get_model_metadata("digits")["versions"][0]
    inputs = [tensor(name, value) for name, value in values.items()]
    answer = client.infer("digits", inputs, model_version=version, request_id="größe \"1\"").get_response()
    assert answer["id"] == "größe \"1\"" and answer["model_name"] == "digits" and answer["model_version"] == version
    assert "id" not in client.infer("digits", inputs).get_response()


def test_priority_timeout_headers_and_query(client, sample):
    values, _ = sample
    same(infer(client, "digits", values, priority=1, timeout=10_000_000, headers={"X-Any": "thing"},
               query_params={"a": "b", "c": [1, 2]}), infer(client, "digits", values))


def test_a_timeout_that_is_over(client):
    x = np.zeros((27, 32, 2000), np.float32)
    with pytest.raises(InferenceServerException) as failed:
        infer(client, "words", {"x": x}, "y_last", timeout=1000)
    assert failed.value.status() == "504" and "1 ms" in failed.value.message()


def test_many_at_once(client, sample):
    values, _ = sample
    random = np.random.default_rng(9)
    batches = [random.normal(size=(8, 1 + i % 3, 1 + i % 9)).astype(np.float32) for i in range(60)]
    answers = client.many([(("digits", [tensor("x", x, i % 2 == 0)]), {"request_id": str(i)}) for i, x in enumerate(batches)])
    for i, (x, answer) in enumerate(zip(batches, answers)):
        assert answer.get_response()["id"] == str(i)
        alone = infer(client, "digits", {"x": x})
        same({name: answer.as_numpy(name) for name in alone}, alone)


def test_a_large_tensor(client):
    x = np.random.default_rng(10).normal(size=(8, 400, 300)).astype(np.float32)  # 3.8 MB in, 51 MB out
    got = infer(client, "digits", {"x": x}, "a", "y_last")
    near(got, lstm.forward(lstm.demo("digits"), x))


def test_raw_binary(raw):
    """The whole body is the one required input; T_x follows from its length."""
    x = np.random.default_rng(11).normal(size=(8, 1, 5)).astype(np.float32)
    status, headers, content = raw("POST", "/v2/models/digits/infer", x.tobytes(), {"Inference-Header-Content-Length": "0"})
    assert status == 200
    answer = triton.InferenceServerClient.parse_response_body(
        content, header_length=int(headers["inference-header-content-length"]) if "inference-header-content-length" in headers else None)
    near({name: answer.as_numpy(name) for name in "yac"}, lstm.forward(lstm.demo("digits"), x))


def test_a_body_in_many_chunks(raw, sample):
    values, expected = sample
    body, json_size = triton.InferenceServerClient.generate_request_body(
        [tensor(name, value) for name, value in values.items()], outputs=wanted("a"))
    pieces = (body[i:i + 7] for i in range(0, len(body), 7))
    headers = {"Inference-Header-Content-Length": str(json_size), "Transfer-Encoding": "chunked"}
    status, answered, content = raw("POST", "/v2/models/digits/infer", pieces, headers, chunked=True)
    assert status == 200
    answer = triton.InferenceServerClient.parse_response_body(
        content, header_length=int(answered["inference-header-content-length"]))
    near({"a": answer.as_numpy("a")}, expected)


def test_json_of_the_c_client(raw):
    """It says the length of the JSON where there is nothing else, and an empty id where none was chosen."""
    body = json.dumps({"id": "", "inputs": [{"name": "x", "datatype": "FP32", "shape": [8, 1, 1], "data": [0.5] * 8}],
                       "outputs": [{"name": "y", "parameters": {"binary_data": False}}]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(body)), "Content-Type": "application/json"}
    status, _, content = raw("POST", "/v2/models/digits/infer", body, headers)
    assert status == 200 and json.loads(content)["outputs"][0]["shape"] == [10, 1, 1]


def test_unaligned_tensors(raw):
    """Each length of the JSON modulo 4, so that the floats behind it begin anywhere."""
    x = np.random.default_rng(12).normal(size=(8, 1, 3)).astype(np.float32)
    expected = lstm.forward(lstm.demo("digits"), x)
    for more in range(4):
        head = {"id": "i" * more, "inputs": [{"name": "x", "datatype": "FP32", "shape": [8, 1, 3], "parameters": {"binary_data_size": x.nbytes}}],
                "outputs": [{"name": "y", "parameters": {"binary_data": True}}]}
        head = json.dumps(head).encode()
        status, headers, content = raw("POST", "/v2/models/digits/infer", head + x.tobytes(), {"Inference-Header-Content-Length": str(len(head))})
        length = int(headers["inference-header-content-length"])
        y = struct.unpack("<30f", content[length:])
        assert status == 200 and np.abs(np.reshape(y, (10, 1, 3)) - expected["y"]).max() < 1e-5
