"""Loads exported safetensors files into nn.LSTM and nn.Linear and compares: /usr/bin/python3 to_torch.py FOLDER"""
import json, sys
import torch
from safetensors.torch import load_file
from torch import nn

folder, failed = sys.argv[1], 0
expected = json.load(open(f"{folder}/expected.json"))
# the models that PyTorch's modules can be: layers of one width, all with the same directions
shapes = {
    "plain": dict(input_size=3, hidden_size=5),
    "headless": dict(input_size=1, hidden_size=1),
    "bidirectional": dict(input_size=2, hidden_size=3, num_layers=2, bidirectional=True),
}


class Net(nn.Module):
    def __init__(self, n_y, **lstm):
        super().__init__()
        self.lstm = nn.LSTM(**lstm)
        if n_y:
            self.head = nn.Linear(lstm["hidden_size"] * (2 if lstm.get("bidirectional") else 1), n_y)


for name, shape in shapes.items():
    state = load_file(f"{folder}/{name}.safetensors")
    net = Net(state["head.bias"].numel() if "head.bias" in state else 0, **shape)
    net.load_state_dict(state)  # strict: every name and shape
    net.double()
    with torch.no_grad():
        a, _ = net.lstm(torch.tensor(expected[name]["x"], dtype=torch.float64)[:, None])
    error = (a[:, 0] - torch.tensor(expected[name]["a"], dtype=torch.float64)).abs().max().item()
    failed += not error <= 1e-5
    print("ok" if error <= 1e-5 else "not ok", "- export to torch", name, f"{error:.1e}")
sys.exit(failed > 0)
