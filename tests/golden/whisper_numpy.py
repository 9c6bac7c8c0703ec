"""Whisper in NumPy, float64, straight from openai/whisper's model.py: the reference for imports.

Reads weights under the names that CTranslate2 gives them; every intermediate is float64, so that
what differs from it is the rounding of the graphs that are compared.
"""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def conv1d(x, weight, bias, stride):
    """x [channels, T], weight [out, channels, 3], padding 1 on both sides -> [out, T / stride]."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (1, 1))), 3, axis=1)
    return np.einsum("ctk,ock->ot", windows[:, ::stride], weight) + bias[:, None]


class Whisper:
    def __init__(self, variables):
        self.w = {k: np.asarray(v, np.float64) for k, v in variables.items()}

    def heads_of(self, side):
        return int(self.w[f"{side}/num_heads"])

    def layers_of(self, side):
        return len({k.split("/")[1] for k in self.w if k.startswith(f"{side}/layer_") and k.count("/") > 2})

    def norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}/gamma"] + self.w[f"{name}/beta"]

    def linear(self, x, name):
        return x @ self.w[f"{name}/weight"].T + self.w[f"{name}/bias"]

    def attention(self, q, k, v, heads, mask=None):
        """q [rows, M], k and v [columns, M] -> [rows, M]; mask [rows, columns], added to the scores."""
        split = lambda x: x.reshape(x.shape[0], heads, -1).transpose(1, 0, 2)
        q, k, v = split(q), split(k), split(v)
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores + mask
        return (softmax(scores) @ v).transpose(1, 0, 2).reshape(q.shape[1], -1)

    def feed_forward(self, x, layer):
        y = gelu(self.linear(self.norm(x, f"{layer}/ffn/layer_norm"), f"{layer}/ffn/linear_0"))
        return x + self.linear(y, f"{layer}/ffn/linear_1")

    def self_attention(self, x, layer, heads, mask=None):
        y = self.norm(x, f"{layer}/self_attention/layer_norm")
        q, k, v = np.split(self.linear(y, f"{layer}/self_attention/linear_0"), 3, axis=-1)
        y = self.attention(q, k, v, heads, mask)
        return x + self.linear(y, f"{layer}/self_attention/linear_1"), (k, v)

    def encode(self, mel):
        """mel [n_mels, frames] -> [frames / 2, M]."""
        x = gelu(conv1d(mel, self.w["encoder/conv1/weight"], self.w["encoder/conv1/bias"], 1))
        x = gelu(conv1d(x, self.w["encoder/conv2/weight"], self.w["encoder/conv2/bias"], 2)).T
        x = x + self.w["encoder/position_encodings/encodings"]
        for i in range(self.layers_of("encoder")):
            x, _ = self.self_attention(x, f"encoder/layer_{i}", self.heads_of("encoder"))
            x = self.feed_forward(x, f"encoder/layer_{i}")
        return self.norm(x, "encoder/layer_norm")

    def decode(self, tokens, states):
        """Logits [len(tokens), V] of a whole text, and per layer its (key, value) rows [len, M]."""
        heads = self.heads_of("decoder")
        x = self.w["decoder/embeddings/weight"][tokens]
        x = x + self.w["decoder/position_encodings/encodings"][: len(tokens)]
        mask = np.triu(np.full((len(tokens), len(tokens)), -np.inf), 1)
        cache = []
        for i in range(self.layers_of("decoder")):
            layer = f"decoder/layer_{i}"
            x, rows = self.self_attention(x, layer, heads, mask)
            cache.append(rows)
            y = self.norm(x, f"{layer}/attention/layer_norm")
            k, v = np.split(self.linear(states, f"{layer}/attention/linear_1"), 2, axis=-1)
            y = self.attention(self.linear(y, f"{layer}/attention/linear_0"), k, v, heads)
            x = x + self.linear(y, f"{layer}/attention/linear_2")
            x = self.feed_forward(x, layer)
        return self.norm(x, "decoder/layer_norm") @ self.w["decoder/embeddings/weight"].T, cache
