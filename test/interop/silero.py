"""
The LSTM inside Silero's voice detector: what ONNX Runtime computes at that node of the real graph, for the service to match.

    python silero.py MODEL.onnx OUT.json NODE
"""
import json, sys
import numpy as np
import onnx
import onnxruntime

path, out, wanted = sys.argv[1:]
model = onnx.load(path)


def find(graph, scopes=()):
    for node in graph.node:
        if node.op_type == "LSTM" and node.name == wanted:
            return node, scopes + (graph,)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found = find(attribute.g, scopes + (graph,))
                if found:
                    return found


node, scopes = find(model.graph)
# the node with its weights, cut out of the graph as it is; x and the states are inputs of their own
weights, keep = set(node.input[1:4]), []
producers = {o: n for g in scopes for n in g.node for o in n.output}
initializers = {i.name: i for g in scopes for i in g.initializer}


def need(name):
    if name in initializers or name not in producers or producers[name] in keep:
        return
    for each in producers[name].input:
        need(each)
    keep.append(producers[name])


for name in weights:
    need(name)
cut = onnx.NodeProto()
cut.CopyFrom(node)
cut.input[0], cut.input[5], cut.input[6] = "x", "h0", "c0"
del cut.output[:]
cut.output.extend(["Y", "h", "c"])
info = lambda name, shape: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
random = np.random.default_rng(1)
T, m, n_x, n_a = 40, 3, 128, 128
feed = {"x": random.normal(size=(T, m, n_x)).astype(np.float32),
        "h0": random.normal(size=(1, m, n_a)).astype(np.float32) * 0.5, "c0": random.normal(size=(1, m, n_a)).astype(np.float32)}
graph = onnx.helper.make_graph(keep + [cut], "cut", [info(k, v.shape) for k, v in feed.items()],
                               [info(k, None) for k in "Yhc"], list(initializers.values()))
small = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=8)
Y, h, c = onnxruntime.InferenceSession(small.SerializeToString(), providers=["CPUExecutionProvider"]).run(["Y", "h", "c"], feed)
json.dump({"x": feed["x"].transpose(2, 1, 0).tolist(), "h0": feed["h0"].tolist(), "c0": feed["c0"].tolist(),
           "a": Y[:, 0].transpose(2, 1, 0).tolist(), "h": h.tolist(), "c": c.tolist()}, open(out, "w"))
