"""
What the tests of the Open Inference Protocol's clients share: the server's address (LSTM_ORIGIN, of .ci/v2-clients.sh), and
tritonclient's two clients, the blocking and the asynchronous one, behind the same calls.
"""
import asyncio
import http.client
import inspect
import os
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype
import lstm

ORIGIN = os.environ["LSTM_ORIGIN"].removeprefix("http://")


class AsyncioClient:
    """tritonclient.http.aio with each call waited for."""

    kind = "aio"

    def __init__(self, **options):
        self.loop = asyncio.new_event_loop()
        self.client = self.loop.run_until_complete(self._make(options))

    async def _make(self, options):
        return triton_aio.InferenceServerClient(ORIGIN, **options)

    def __getattr__(self, name):
        call = getattr(self.client, name)
        if not inspect.iscoroutinefunction(call):
            return call
        return lambda *args, **rest: self.loop.run_until_complete(call(*args, **rest))

    def many(self, calls):
        """The answers, or errors, of so many infer calls under way at once; each (args, keywords)"""

        async def all_of():
            return await asyncio.gather(*(self.client.infer(*a, **k) for a, k in calls), return_exceptions=True)

        return self.loop.run_until_complete(all_of())


class BlockingClient(triton.InferenceServerClient):
    kind = "sync"

    def many(self, calls):
        def result(handle):
            try:
                return handle.get_result()
            except InferenceServerException as error:
                return error

        return [result(handle) for handle in [self.async_infer(*a, **k) for a, k in calls]]


@pytest.fixture(scope="session", params=["sync", "aio"])
def client(request):
    made = BlockingClient(ORIGIN, concurrency=8) if request.param == "sync" else AsyncioClient()
    yield made
    made.close()


@pytest.fixture(scope="session")
def course():
    """The set of the course's exercise, put in as the model `course`: -> x, a0, what is expected"""
    parameters, x, a0, expected = lstm.course()
    client = BlockingClient(ORIGIN)
    client.load_model("course", config="{}", files={"file:1/course.npz": lstm.npz(parameters)})
    client.close()
    return x, a0, expected


def tensor(name, values, binary=True):
    made = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    return made.set_data_from_numpy(values, binary_data=binary)


def wanted(*names, binary=True):
    return [triton.InferRequestedOutput(name, binary_data=binary) for name in names]


def infer(client, model, values, *names, binary=True, binary_outputs=True, **rest):
    """values: arrays by input. -> arrays by output; the default ones, in binary, if no names are given"""
    inputs = [tensor(name, value, binary) for name, value in values.items()]
    answer = client.infer(model, inputs, outputs=wanted(*names, binary=binary_outputs) or None, **rest)
    return {output["name"]: answer.as_numpy(output["name"]) for output in answer.get_response()["outputs"]}


def same(left, right):
    """Bit for bit."""
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert value.dtype == right[name].dtype and value.shape == right[name].shape, name
        assert value.tobytes() == right[name].tobytes(), f"{name}: {np.abs(value - right[name]).max()}"


def near(got, expected, most=1e-5):
    for name, value in got.items():
        assert value.dtype == np.float32 and value.shape == expected[name].shape, name
        assert np.abs(value - expected[name]).max() <= most, name


class Raw:
    """Requests without a client, over one connection; -> status, headers by small names, body"""

    def __init__(self):
        self.connection = http.client.HTTPConnection(ORIGIN)

    def __call__(self, method, path, body=None, headers={}, chunked=False):
        self.connection.request(method, path, body=body, headers=headers, encode_chunked=chunked)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


@pytest.fixture
def raw():
    made = Raw()
    yield made
    made.connection.close()
