"""load_model and unload_model, with files and without, as Triton's explicit model control has them."""
import base64
import json
import numpy as np
import pytest
from tritonclient.utils import InferenceServerException
import lstm
from conftest import infer, near, same

SMALL = lstm.random_parameters(1, 3, 17, 5)
OTHER = lstm.random_parameters(2, 3, 17, 5)
X = np.random.default_rng(3).normal(size=(3, 2, 7)).astype(np.float32)


@pytest.fixture
def name(client):
    made = f"loaded-{client.kind}"
    yield made
    if client.is_model_ready(made):
        client.unload_model(made)


def load(client, name, content, file="file:1/model.npz", **rest):
    client.load_model(name, config=rest.pop("config", "{}"), files={file: content}, **rest)


def test_load_and_unload(client, name):
    assert not client.is_model_ready(name)
    load(client, name, lstm.npz(SMALL))
    assert client.is_model_ready(name) and {"READY"} == states(client, name)
    assert client.get_model_metadata(name)["inputs"][0]["shape"] == [3, -1, -1]
    near(infer(client, name, {"x": X}), lstm.forward(SMALL, X))
    client.unload_model(name)
    assert not client.is_model_ready(name) and "READY" not in states(client, name)
    with pytest.raises(InferenceServerException, match="Request for unknown model"):
        infer(client, name, {"x": X})


def states(client, name):
    return {each["state"] for each in client.get_model_repository_index() if each["name"] == name}


@pytest.mark.parametrize("format", ["safetensors", "npz", "pt"])
def test_files_of_every_kind(client, name, format):
    """Of the fixtures that PyTorch wrote, and a set of this repository."""
    if format == "npz":
        content = (lstm.ROOT / "examples/digits/parameters.npz").read_bytes()
    else:
        content = (lstm.ROOT / f"test/fixtures/pytorch/plain.{format}").read_bytes()
    load(client, name, content, f"file:1/model.{format}")
    n_x = client.get_model_metadata(name)["inputs"][0]["shape"][0]
    assert infer(client, name, {"x": np.zeros((n_x, 1, 2), np.float32)})["a"].shape[2] == 2


def test_loading_again_replaces(client, name):
    load(client, name, lstm.npz(SMALL))
    first = client.get_model_metadata(name)["versions"]
    load(client, name, lstm.npz(OTHER))
    assert client.get_model_metadata(name)["versions"] != first
    near(infer(client, name, {"x": X}), lstm.forward(OTHER, X))


def test_loading_what_is_there_without_files(client, name):
    load(client, name, lstm.npz(SMALL))
    version = client.get_model_metadata(name)["versions"]
    client.load_model(name)
    assert client.get_model_metadata(name)["versions"] == version
    client.load_model(name, headers={"X-Any": "1"}, query_params={"a": 1})


def test_loading_what_is_not_there(client):
    with pytest.raises(InferenceServerException, match="failed to load") as failed:
        client.load_model("never-there")
    assert failed.value.status() == "400" and "never-there" in failed.value.message()


def test_loading_again_what_was_unloaded(client, name):
    load(client, name, lstm.npz(SMALL))
    before, version = infer(client, name, {"x": X}), client.get_model_metadata(name)["versions"]
    client.unload_model(name)
    client.load_model(name)
    same(infer(client, name, {"x": X}), before)
    assert client.get_model_metadata(name)["versions"] == version


@pytest.mark.parametrize("content", [b"", b"\0" * 100, lstm.npz(SMALL)[:-50], lstm.npz({key: SMALL[key] for key in SMALL if key != "Wf"}),
                                     lstm.npz(SMALL | {"Wf": SMALL["Wf"][:16]}), lstm.npz(SMALL | {"bf": SMALL["bf"] * np.inf})])
def test_a_failed_load_leaves_the_old_set(client, name, content):
    load(client, name, lstm.npz(SMALL))
    before, version = infer(client, name, {"x": X}), client.get_model_metadata(name)["versions"]
    with pytest.raises(InferenceServerException, match="failed to load") as failed:
        load(client, name, content)
    assert failed.value.status() == "400"
    same(infer(client, name, {"x": X}), before)
    assert client.get_model_metadata(name)["versions"] == version and states(client, name) == {"READY"}


def test_a_config_that_is_no_json(client, name):
    with pytest.raises(InferenceServerException, match="failed to load"):
        load(client, name, lstm.npz(SMALL), config="{")
    assert not client.is_model_ready(name)


def test_a_config_with_triton_s_fields(client, name):
    config = {"name": name, "backend": "lstm_serve", "platform": "lstm_serve", "max_batch_size": 0, "instance_group": [{"count": 1}]}
    load(client, name, lstm.npz(SMALL), config=json.dumps(config))
    near(infer(client, name, {"x": X}), lstm.forward(SMALL, X))


def test_names_that_cannot_be(client):
    with pytest.raises(InferenceServerException, match="failed to load"):
        load(client, "größe", lstm.npz(SMALL))


def test_unloading_what_is_not_there(client):
    """Triton answers this with success."""
    client.unload_model("never-there")
    client.unload_model("never-there", unload_dependents=True)


def test_bodies_of_other_clients(raw):
    """A body is optional in all three, and files come as base64 in a JSON member."""
    assert raw("POST", "/v2/repository/index")[0] == 200
    assert raw("POST", "/v2/repository/index", b'{"ready": true}')[0] == 200
    files = {"parameters": {"config": "{}", "file:1/model.npz": base64.b64encode(lstm.npz(SMALL)).decode()}}
    status, _, content = raw("POST", "/v2/repository/models/raw-loaded/load", json.dumps(files), {"Content-Type": "application/json"})
    assert status == 200 and content == b""
    assert "raw-loaded" in [each["name"] for each in json.loads(raw("POST", "/v2/repository/index", b'{"ready": true}')[2])]
    status, _, content = raw("POST", "/v2/repository/models/raw-loaded/unload")
    assert status == 200 and content == b""
    for body in [b"[]", b"x", b'{"parameters": 1}', b'{"parameters": {"file:1/model.npz": "%%%"}}', b'{"parameters": {"file:1/model.npz": 1}}']:
        status, _, content = raw("POST", "/v2/repository/models/raw-loaded/load", body)
        assert status == 400 and "failed to load" in json.loads(content)["error"], (body, content)


def test_statistics_begin_anew_with_a_new_set(client, name):
    load(client, name, lstm.npz(SMALL))
    infer(client, name, {"x": X})
    version = client.get_model_metadata(name)["versions"][0]
    (one,) = client.get_inference_statistics(name)["model_stats"]
    assert one["version"] == version and one["inference_count"] >= 2
