"""
Triton's load tester against the server of LSTM_ORIGIN: python perf_analyzer.py PROGRAM FOLDER

Concurrency sweeps in binary and JSON, of single requests and of sequences, and outputs compared byte for byte. Every
request has to succeed, and the server's own statistics have to count what the tool says that it sent.
"""
import base64
import csv
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import http.client
import numpy as np
import tritonclient.http as triton
import lstm

program, folder = sys.argv[1:]
ORIGIN = os.environ["LSTM_ORIGIN"].removeprefix("http://")
# three windows make a measurement; no demand that they be alike, for speeds are not what is tested
MEASUREMENT = ["--measurement-interval", "700", "--stability-percentage", "10000", "--max-trials", "5"]
client = triton.InferenceServerClient(ORIGIN)


class Pinned(BaseHTTPRequestHandler):
    """The service, but that outputs have fixed dimensions in the metadata: only of such does the tool take what to expect."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    outputs = {}

    def log_message(self, *_):
        pass

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not hasattr(self.server, "local"):
            self.server.local = threading.local()
        if not hasattr(self.server.local, "connection"):
            self.server.local.connection = http.client.HTTPConnection(ORIGIN)
        connection = self.server.local.connection
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        if self.command == "GET" and re.fullmatch("/v2/models/[^/]+", self.path):
            metadata = json.loads(content)
            for output in metadata["outputs"]:
                output["shape"] = self.outputs.get(output["name"], output["shape"])
            content = json.dumps(metadata).encode()
        head = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {len(content)}"]
        for name in ["Content-Type", "Inference-Header-Content-Length"]:
            if answer.getheader(name):
                head.append(f"{name}: {answer.getheader(name)}")
        self.wfile.write("\r\n".join(head).encode() + b"\r\n\r\n" + content)

    do_GET = do_POST = forward


def served():
    return {each["name"]: each for each in client.get_inference_statistics()["model_stats"]}


def measure(title, model, *arguments, url=ORIGIN, points=1):
    before = served()[model]["inference_stats"]
    report = f"{folder}/{re.sub('[^a-z0-9]+', '-', title)}.csv"
    command = [program, "-m", model, "-u", url, "-i", "http", *MEASUREMENT, "-f", report, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    said = ended.stdout + ended.stderr
    if ended.returncode != 0 or re.search("error|failed|warning", said, re.IGNORECASE):
        raise SystemExit(f"not ok - {title}: perf_analyzer ended with {ended.returncode}:\n{said}")
    after = served()[model]["inference_stats"]
    succeeded, failed = (after[name]["count"] - before[name]["count"] for name in ["success", "fail"])
    counted = sum(int(count) for count in re.findall(r"Successful request count: (\d+)", said))
    rows = list(csv.DictReader(open(report)))
    speeds = [float(row["Inferences/Second"]) for row in rows]
    # the statistics are asked before and after each window; the tool warms up outside of them
    if failed or not 0 < counted <= succeeded or len(rows) != points or min(speeds) <= 0:
        raise SystemExit(f"not ok - {title}: {succeeded} succeeded, {failed} failed, {counted} counted, {speeds}\n{said}")
    said_of = lambda row: f"{row['Concurrency']}: {float(row['Inferences/Second']):.0f}/s, p50 {row['p50 latency']} us"
    rows.sort(key=lambda row: int(row["Concurrency"]))
    print(f"ok - perf_analyzer, {title}: {succeeded} requests; at concurrency {'; '.join(map(said_of, rows))}", flush=True)


def entry(values):
    return {"content": {"b64": base64.b64encode(values.tobytes()).decode()}, "shape": list(values.shape)}


def data(name, streams, outputs=None):
    """A file of inputs, and of the outputs that they have to give."""
    path = f"{folder}/{name}.json"
    with open(path, "w") as file:
        json.dump({"data": streams, **({"validation_data": outputs} if outputs else {})}, file)
    return ["--input-data", path]


x, _, _ = lstm.digits()
images = [np.ascontiguousarray(x[:, j:j + 1]) for j in range(8)]
asked = [triton.InferInput("x", [8, 1, 8], "FP32").set_data_from_numpy(image) for image in images]
# the tool asks for every output that the metadata names
names = [output["name"] for output in client.get_model_metadata("digits")["outputs"]]
expected = []
for image, values in zip(images, asked):
    answer = client.infer("digits", [values], outputs=[triton.InferRequestedOutput(name) for name in names])
    right = lstm.forward(lstm.demo("digits"), image)
    assert all(np.abs(answer.as_numpy(name) - right[name]).max() < 1e-5 for name in names)
    expected.append({name: answer.as_numpy(name) for name in names})
# which of these stands in a model's configuration says whether the tool sends sequences
client.load_model("digits", config='{"dynamic_batching": {}}')
inputs = data("digits", [{"x": entry(image)} for image in images])

measure("binary", "digits", *inputs, "--concurrency-range", "1:4", points=4)
measure("binary, asynchronous", "digits", *inputs, "--concurrency-range", "8", "--async")
states = {"x": entry(x[:, :3]), "a0": entry(np.ones((32, 3), np.float32)), "c0": entry(np.ones((32, 3), np.float32)),
          "lengths": entry(np.array([1, 8, 3], np.int32))}
measure("binary, all inputs", "digits", *data("states", [states]), "--concurrency-range", "2")

# in JSON the tool leaves out the first dimension when it counts values: right for one feature alone
client.load_model("one-feature", config='{"dynamic_batching": {}}', files={"file:1/model.npz": lstm.npz(lstm.random_parameters(4, 1, 24, 3))})
wave = np.sin(np.arange(60, dtype=np.float32)).reshape(1, 2, 30)
measure("JSON", "one-feature", *data("wave", [{"x": entry(wave)}]), "--concurrency-range", "1:4:3", "--input-tensor-format", "json",
        "--output-tensor-format", "json", points=2)

Pinned.outputs = {name: list(values.shape) for name, values in expected[0].items()}
proxy = ThreadingHTTPServer(("127.0.0.1", 0), Pinned)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
whole = [{name: entry(values) for name, values in each.items()} for each in expected]
pinned = f"127.0.0.1:{proxy.server_address[1]}"
measure("outputs validated", "digits", *data("validated", [{"x": entry(image)} for image in images], whole), "--concurrency-range", "2", url=pinned)

# each stream is a sequence of its own: an image row by row, and what the whole image gives at that row
client.load_model("digits", config='{"sequence_batching": {}}')
Pinned.outputs = {name: [len(values), 1, 1][: values.ndim] for name, values in expected[0].items()}
streams = [[{"x": entry(np.ascontiguousarray(image[:, :, t:t + 1]))} for t in range(8)] for image in images]
row = lambda each, name, t: each[name[0] if name.endswith("_last") else name][:, :, t:t + 1].reshape(Pinned.outputs[name])
rows = data("rows", streams, [[{name: entry(row(each, name, t)) for name in names} for t in range(8)] for each in expected])
measure("sequences", "digits", *data("streams", streams), "--concurrency-range", "1:4:3", points=2)
measure("sequences, outputs validated", "digits", *rows, "--concurrency-range", "3", url=pinned)
