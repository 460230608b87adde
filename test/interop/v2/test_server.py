"""Health, metadata, configuration, index and statistics, as both clients of tritonclient ask for them."""
import numpy as np
import pytest
from tritonclient.utils import InferenceServerException
import lstm
from conftest import infer

MEMBERS = ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"]


def test_health(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_server_live(headers={"X-Any": "1"}, query_params={"a": 1, "b": ["c d", "&"]})


def test_server_metadata(client):
    metadata = client.get_server_metadata()
    assert metadata["name"] == "lstm-serve" and metadata["version"]
    assert {"binary_tensor_data", "model_repository", "statistics", "model_configuration", "schedule_policy", "sequence",
            "sequence(string_id)"} <= set(metadata["extensions"])


def test_model_ready(client):
    version = client.get_model_metadata("digits")["versions"][0]
    assert client.is_model_ready("digits") and client.is_model_ready("digits", version)
    assert not client.is_model_ready("digits", "12345")
    assert not client.is_model_ready("nobody") and not client.is_model_ready("größe/1 %41?")


def test_model_metadata(client):
    metadata = client.get_model_metadata("digits")
    assert metadata["name"] == "digits" and metadata["platform"] == "lstm_serve"
    assert client.get_model_metadata("digits", metadata["versions"][0]) == metadata
    inputs = {each["name"]: each for each in metadata["inputs"]}
    outputs = {each["name"]: each for each in metadata["outputs"]}
    assert inputs["x"]["shape"] == [8, -1, -1] and inputs["x"]["datatype"] == "FP32"
    assert inputs["a0"]["shape"] == inputs["c0"]["shape"] == [32, -1]
    assert inputs["lengths"]["shape"] == [-1] and inputs["lengths"]["datatype"] == "INT32"
    assert outputs["y"]["shape"] == [10, -1, -1] and outputs["a"]["shape"] == outputs["c"]["shape"] == [32, -1, -1]
    assert all(each["datatype"] == "FP32" for each in outputs.values())


def test_every_output_of_the_metadata_can_be_asked_for(client):
    names = [each["name"] for each in client.get_model_metadata("digits")["outputs"]]
    got = infer(client, "digits", {"x": np.zeros((8, 2, 3), np.float32)}, *names)
    assert list(got) == names


def test_model_config(client):
    config = client.get_model_config("words")
    assert config["name"] == "words" and config["max_batch_size"] == 0
    inputs = {each["name"]: each for each in config["input"]}
    assert inputs["x"]["data_type"] == "TYPE_FP32" and [int(d) for d in inputs["x"]["dims"]] == [27, -1, -1]
    assert not inputs["x"].get("optional", False) and all(inputs[name]["optional"] for name in ["a0", "c0", "lengths"])
    assert config["model_transaction_policy"] == {"decoupled": False} and config["response_cache"] == {"enable": False}
    # perf_analyzer looks each up in the metadata and ends where it is not there
    metadata = client.get_model_metadata("words")
    for kind in ["input", "output"]:
        assert [each["name"] for each in config[kind]] == [each["name"] for each in metadata[f"{kind}s"]]


def test_repository_index(client):
    index = {each["name"]: each for each in client.get_model_repository_index()}
    for name in ["digits", "words"]:
        assert index[name]["state"] == "READY" and index[name]["reason"] == ""
        assert index[name]["version"] == client.get_model_metadata(name)["versions"][0]


def statistics(client, name, *version):
    (one,) = client.get_inference_statistics(name, *version)["model_stats"]
    return one


def test_statistics(client):
    before = statistics(client, "digits")
    x, _, _ = lstm.digits()
    infer(client, "digits", {"x": x[:, :5]})
    infer(client, "digits", {"x": x[:, :1]})
    with pytest.raises(InferenceServerException):
        infer(client, "digits", {"x": x[:3]})
    after = statistics(client, "digits")
    assert after["inference_count"] - before["inference_count"] == 6
    assert 1 <= after["execution_count"] - before["execution_count"]
    assert after["last_inference"] >= before["last_inference"] > 1e12
    counts = {each: after["inference_stats"][each]["count"] - before["inference_stats"][each]["count"] for each in MEMBERS}
    assert counts["success"] == 2 and counts["fail"] == 1
    # perf_analyzer ends where these three differ
    assert counts["compute_input"] == counts["compute_infer"] == counts["compute_output"] == 2
    assert counts["queue"] == 2 and counts["cache_hit"] == counts["cache_miss"] == 0
    spent = after["inference_stats"]
    assert spent["success"]["ns"] > before["inference_stats"]["success"]["ns"]
    assert isinstance(after["batch_stats"], list)


def test_statistics_of_all_models_and_of_a_version(client):
    every = {each["name"]: each for each in client.get_inference_statistics()["model_stats"]}
    assert {"digits", "words"} <= set(every)
    version = client.get_model_metadata("words")["versions"][0]
    assert statistics(client, "words", version)["version"] == version == every["words"]["version"]
    assert all(set(each["inference_stats"]) >= set(MEMBERS) for each in every.values())


def test_versions_are_64_bit_integers_in_text(client):
    # what Triton's versions are: perf_analyzer reads them as such, and looks what it read up again
    for model in ["digits", "words"]:
        (version,) = client.get_model_metadata(model)["versions"]
        assert version == str(int(version)) and 0 < int(version) < 2**63


@pytest.mark.parametrize("call", ["get_model_metadata", "get_model_config", "get_inference_statistics"])
def test_unknown_models_and_versions(client, call):
    with pytest.raises(InferenceServerException, match=r"\[404\] Request for unknown model: 'nobody' is not found"):
        getattr(client, call)("nobody")
    with pytest.raises(InferenceServerException, match=r"\[404\] Request for unknown model: 'digits' version .*12345"):
        getattr(client, call)("digits", "12345")


def test_names_come_percent_encoded(client):
    with pytest.raises(InferenceServerException, match=r"\[404\] Request for unknown model: 'größe %41\?' is not found"):
        client.get_model_metadata("größe %41?")


REFUSED = [
    ("get_system_shared_memory_status", []),
    ("get_system_shared_memory_status", ["region"]),
    ("register_system_shared_memory", ["region", "/key", 64]),
    ("unregister_system_shared_memory", []),
    ("unregister_system_shared_memory", ["region"]),
    ("get_cuda_shared_memory_status", []),
    ("register_cuda_shared_memory", ["region", "aGFuZGxl", 0, 64]),
    ("unregister_cuda_shared_memory", []),
    ("get_trace_settings", []),
    ("get_trace_settings", ["digits"]),
    ("update_trace_settings", ["digits", {"trace_level": ["OFF"]}]),
    ("get_log_settings", []),
    ("update_log_settings", [{"log_verbose_level": 1}]),
]


@pytest.mark.parametrize("call, args", REFUSED)
def test_calls_that_this_server_does_not_have(client, call, args):
    """An error that the client can show: it reads the JSON member `error`."""
    with pytest.raises(InferenceServerException) as failed:
        getattr(client, call)(*args)
    assert failed.value.status() == "404" and "/v2/" in failed.value.message()
    assert "exception occurred in the client" not in failed.value.message()
