"""KServe's Python client in protocol v2, what its own tests of these endpoints check, and MLServer's types."""
import asyncio
import importlib.util
import sys
import types
from pathlib import Path
import httpx
import numpy as np
import pytest
from kserve import InferRequest, InferInput, InferenceRESTClient, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from kserve.protocol.rest import v2_datamodels
import lstm
from conftest import ORIGIN, near

BASE = f"http://{ORIGIN}"
X = np.random.default_rng(13).normal(size=(8, 2, 4)).astype(np.float32)
LENGTH = "inference-header-content-length"


@pytest.fixture(scope="module")
def expected():
    return lstm.forward(lstm.demo("digits"), X)


def call(method, *args, **rest):
    async def run():
        async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as client:
            return await getattr(client, method)(BASE, *args, **rest)

    return asyncio.run(run())


def request(values=X, binary=False, datatype="FP32", outputs=None, **rest):
    x = InferInput("x", list(values.shape), datatype)
    x.set_data_from_numpy(values, binary_data=binary)
    return InferRequest("digits", [x], request_outputs=outputs, **rest)


def arrays(answer):
    return {output.name: output.as_numpy() for output in answer.outputs}


def test_health():
    assert call("is_server_live") is True and call("is_server_ready") is True
    assert call("is_model_ready", "digits") is True and call("is_model_ready", "nobody") is False


@pytest.mark.parametrize("binary", [True, False])
def test_infer(binary, expected):
    """It sends a member `model_name`, and an id that it made itself."""
    asked = request(binary=binary)
    headers = {}
    answer = call("infer", asked, model_name="digits", response_headers=headers)
    near(arrays(answer), expected)
    assert answer.model_name == "digits" and answer.id
    assert headers["content-type"] == "application/json"


def test_infer_of_a_dictionary(expected):
    data = {"id": "42", "inputs": [{"name": "x", "shape": [8, 2, 4], "datatype": "FP32", "data": X.tolist()}]}
    answer = call("infer", data, model_name="digits")
    near(arrays(answer), expected)
    assert answer.id == "42"


@pytest.mark.parametrize("binary", [True, False])
def test_all_outputs_in_binary(binary, expected):
    headers = {}
    asked = request(binary=binary, parameters={"binary_data_output": True})
    near(arrays(call("infer", asked, model_name="digits", response_headers=headers)), expected)
    assert int(headers[LENGTH]) < int(headers["content-length"])


def test_the_word_of_an_output_wins(expected):
    outputs = [RequestedOutput("y", {"binary_data": False}), RequestedOutput("a", {"binary_data": True}), RequestedOutput("c")]
    headers = {}
    asked = request(outputs=outputs, parameters={"binary_data_output": True})
    near(arrays(call("infer", asked, model_name="digits", response_headers=headers)), expected)
    assert int(headers["content-length"]) - int(headers[LENGTH]) == 2 * 32 * 2 * 4 * 4


def test_half_floats(expected):
    narrow = X.astype(np.float16)
    answer = call("infer", request(narrow, binary=True, datatype="FP16"), model_name="digits")
    near(arrays(answer), lstm.forward(lstm.demo("digits"), narrow))
    data = {"inputs": [{"name": "x", "shape": [8, 2, 4], "datatype": "FP16", "data": X.tolist()}]}
    with pytest.raises(httpx.HTTPStatusError, match="x.*FP16"):
        call("infer", data, model_name="digits")


def test_errors_are_shown():
    with pytest.raises(httpx.HTTPStatusError, match="Request for unknown model: 'nobody' is not found.*404 Not Found"):
        call("infer", request(), model_name="nobody")
    with pytest.raises(httpx.HTTPStatusError, match="x has shape.*7.*400 Bad Request"):
        call("infer", request(X[:7]), model_name="digits")


@pytest.fixture
def web():
    with httpx.Client(base_url=BASE) as client:
        yield client


def test_answers_fit_kserve_s_models(web):
    def read(model, answer):
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/json")
        return model.model_validate(answer.json(), strict=True)

    read(v2_datamodels.ServerMetadataResponse, web.get("/v2"))
    assert read(v2_datamodels.ServerLiveResponse, web.get("/v2/health/live")).live
    assert read(v2_datamodels.ServerReadyResponse, web.get("/v2/health/ready")).ready
    metadata = read(v2_datamodels.ModelMetadataResponse, web.get("/v2/models/digits"))
    path = f"/v2/models/digits/versions/{metadata.versions[0]}"
    assert read(v2_datamodels.ModelMetadataResponse, web.get(path)) == metadata
    ready = [read(v2_datamodels.ModelReadyResponse, web.get(f"{each}/ready")) for each in ["/v2/models/digits", path]]
    assert all(each.name == "digits" and each.ready for each in ready)
    data = {"id": "1", "inputs": [{"name": "x", "shape": [8, 1, 1], "datatype": "FP32", "data": [0.5] * 8}]}
    answer = read(v2_datamodels.InferenceResponse, web.post(f"{path}/infer", json=data))
    assert [output.name for output in answer.outputs] == ["y", "a", "c"] and answer.id == "1"


def test_repository(web):
    assert web.post("/v2/repository/models/nobody-here/load").status_code == 400
    assert web.post("/v2/repository/models/digits/load").status_code == 200


@pytest.fixture(scope="module")
def mlserver():
    """The package's types alone; all of it would want the rest of a server."""
    folder = Path(importlib.util.find_spec("mlserver").origin).parent
    package = types.ModuleType("mlserver")
    package.__path__ = [str(folder)]
    sys.modules["mlserver"] = package
    import mlserver.types

    return mlserver.types


def test_answers_fit_mlserver_s_types(web, mlserver):
    mlserver.MetadataServerResponse.model_validate(web.get("/v2").json())
    mlserver.MetadataModelResponse.model_validate(web.get("/v2/models/digits").json())
    index = mlserver.RepositoryIndexResponse.model_validate(web.post("/v2/repository/index", json={"ready": True}).json())
    assert {each.name for each in index} >= {"digits", "words"}
    asked = mlserver.InferenceRequest(inputs=[mlserver.RequestInput(name="x", shape=[8, 1, 2], datatype="FP32", data=[0.25] * 16)],
                                      outputs=[mlserver.RequestOutput(name="y")])
    answer = web.post("/v2/models/digits/infer", content=asked.model_dump_json())
    read = mlserver.InferenceResponse.model_validate(answer.json())
    assert answer.status_code == 200 and read.outputs[0].shape == [10, 1, 2] and len(read.outputs[0].data) == 20
    wrong = web.post("/v2/models/digits/infer", json={"inputs": []})
    assert wrong.status_code == 400 and mlserver.InferenceErrorResponse.model_validate(wrong.json()).error
