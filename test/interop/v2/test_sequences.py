"""Sequences whose state the server keeps, as both clients of tritonclient ask for them."""
import numpy as np
import pytest
from tritonclient.utils import InferenceServerException
import lstm
from conftest import infer, same, tensor, wanted

START = "must specify the START flag on the first request of the sequence"
NAMES = ["y", "a", "c", "ft", "it", "cct", "ot"]


def piece(client, x, sequence, start=False, end=False, model="digits", **rest):
    return infer(client, model, {"x": np.ascontiguousarray(x)}, *NAMES, sequence_id=sequence,
                 sequence_start=start, sequence_end=end, **rest)


def cut(T_x, lengths):
    ends = np.cumsum(lengths)
    assert ends[-1] == T_x
    return [slice(end - length, end) for end, length in zip(ends, lengths)]


def joined(pieces):
    return {name: np.ascontiguousarray(np.concatenate([each[name] for each in pieces], axis=2)) for name in pieces[0]}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(5).normal(size=(8, 1, 12)).astype(np.float32)


@pytest.mark.parametrize("sequence", [7, "seven", 2**53 + 1, 2**64 - 1, "größe / %41", "7"])
@pytest.mark.parametrize("lengths", [[12], [1] * 12, [5, 7], [1, 10, 1], [4, 4, 3, 1]])
def test_pieces_are_the_whole_bit_for_bit(client, x, lengths, sequence):
    spans = cut(12, lengths)
    pieces = [piece(client, x[:, :, span], sequence, i == 0, i == len(spans) - 1) for i, span in enumerate(spans)]
    same(joined(pieces), infer(client, "digits", {"x": x}, *NAMES))
    with pytest.raises(InferenceServerException, match=START):
        piece(client, x, sequence)


def test_pieces_in_json(client, x):
    inputs = [[tensor("x", np.ascontiguousarray(x[:, :, span]), binary=False)] for span in cut(12, [6, 6])]
    parts = []
    for i, values in enumerate(inputs):
        answer = client.infer("digits", values, outputs=wanted(*NAMES, binary=False), sequence_id="json",
                              sequence_start=i == 0, sequence_end=i == 1)
        parts.append({name: answer.as_numpy(name) for name in NAMES})
    same(joined(parts), infer(client, "digits", {"x": x}, *NAMES))


def test_two_interleaved(client, x):
    other = np.ascontiguousarray(x[:, :, ::-1])
    # numbers that a double cannot tell apart
    ids = [2**63, 2**63 + 1]
    parts = [[], []]
    for t in range(12):
        for which, values in enumerate([x, other]):
            parts[which].append(piece(client, values[:, :, t:t + 1], ids[which], t == 0, t == 11))
    same(joined(parts[0]), infer(client, "digits", {"x": x}, *NAMES))
    same(joined(parts[1]), infer(client, "digits", {"x": other}, *NAMES))


def test_two_models_may_have_the_same_id(client, x):
    letters = np.eye(27, dtype=np.float32)[:, None, :12].copy()
    digits, words = [], []
    for i, span in enumerate(cut(12, [3, 9])):
        digits.append(piece(client, x[:, :, span], 99, i == 0, i == 1))
        words.append(piece(client, letters[:, :, span], 99, i == 0, i == 1, model="words"))
    same(joined(digits), infer(client, "digits", {"x": x}, *NAMES))
    same(joined(words), infer(client, "words", {"x": letters}, *NAMES))


def test_start_is_missing(client, x):
    with pytest.raises(InferenceServerException) as failed:
        piece(client, x, 4711)
    assert failed.value.status() == "400"
    assert "inference request for sequence" in failed.value.message() and "to model 'digits' " + START in failed.value.message()


def test_end_drops_the_state(client, x):
    piece(client, x, "ends", start=True)
    piece(client, x, "ends", end=True)
    with pytest.raises(InferenceServerException, match=START):
        piece(client, x, "ends")


def test_start_and_end_in_one(client, x):
    same(piece(client, x, "single", start=True, end=True), infer(client, "digits", {"x": x}, *NAMES))
    with pytest.raises(InferenceServerException, match=START):
        piece(client, x, "single")


def test_start_of_a_live_one_begins_anew(client, x):
    piece(client, x, "again", start=True)
    same(piece(client, x, "again", start=True), infer(client, "digits", {"x": x}, *NAMES))
    piece(client, x, "again", end=True)


def test_a_request_that_fails_leaves_the_sequence(client, x):
    first = piece(client, x[:, :, :5], "fails", start=True)
    with pytest.raises(InferenceServerException):
        piece(client, x[:7], "fails")
    rest = piece(client, x[:, :, 5:], "fails", end=True)
    same(joined([first, rest]), infer(client, "digits", {"x": x}, *NAMES))


def test_none_is_no_sequence(client, x):
    for none in [0, ""]:
        same(piece(client, x, none), infer(client, "digits", {"x": x}, *NAMES))


def test_several_columns(client):
    x = np.random.default_rng(6).normal(size=(8, 3, 6)).astype(np.float32)
    first = piece(client, x[:, :, :2], "columns", start=True)
    with pytest.raises(InferenceServerException, match=r"\[400\].*2"):
        piece(client, x[:, :2, 2:], "columns")
    same(joined([first, piece(client, x[:, :, 2:], "columns", end=True)]), infer(client, "digits", {"x": x}, *NAMES))


def test_initial_states_belong_to_the_start(client, x):
    a0 = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    values = {"x": np.ascontiguousarray(x[:, :, :5]), "a0": a0, "c0": -a0}
    first = infer(client, "digits", values, *NAMES, sequence_id="states", sequence_start=True)
    rest = piece(client, x[:, :, 5:], "states", end=True)
    same(joined([first, rest]), infer(client, "digits", values | {"x": x}, *NAMES))


def test_replacing_the_set_is_an_error_of_the_next_request(client, x):
    name = f"replaced-{client.kind}"
    for seed in [1, 2]:
        client.load_model(name, config="{}", files={"file:1/model.npz": lstm.npz(lstm.random_parameters(seed, 8, 9, 3))})
        if seed == 1:
            piece(client, x, 1, start=True, model=name)
    with pytest.raises(InferenceServerException) as failed:
        piece(client, x, 1, model=name)
    assert failed.value.status() in ["400", "409", "410"] and "replaced" in failed.value.message()
    client.unload_model(name)


def test_many_interleaved(client):
    """200 sequences, each with pieces of its own lengths, as many under way at once as the client lets."""
    random = np.random.default_rng(8)
    whole = [random.normal(size=(8, 1, 10)).astype(np.float32) for _ in range(200)]
    spans = [cut(10, [1 + i % 4, 3, 6 - i % 4]) for i in range(200)]
    parts = [[] for _ in whole]
    for step in range(3):
        calls = [
            (("digits", [tensor("x", np.ascontiguousarray(x[:, :, spans[i][step]]))]),
             {"outputs": wanted("y", "a", "c"), "sequence_id": 1000 + i, "sequence_start": step == 0, "sequence_end": step == 2})
            for i, x in enumerate(whole)
        ]
        for i, answer in enumerate(client.many(calls)):
            parts[i].append({name: answer.as_numpy(name) for name in "yac"})
    for x, each in zip(whole, parts):
        same(joined(each), infer(client, "digits", {"x": x}, "y", "a", "c"))
