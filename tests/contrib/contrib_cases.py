"""Cases for the operators of com.microsoft: inputs and attributes, and expected outputs for those
that ONNX Runtime has no CPU kernel for, by their definitions in numpy."""

import dataclasses
import math
from typing import Optional

import numpy as np

F32, F16, F64 = np.float32, np.float16, np.float64


@dataclasses.dataclass
class Case:
    name: str
    op: str
    inputs: list
    attributes: dict = dataclasses.field(default_factory=dict)
    outputs: tuple = (1,)  # which are wanted
    constants: tuple = ()  # inputs that are initializers
    expected: Optional[list] = None  # None: ONNX Runtime's
    domain: str = "com.microsoft"
    like: Optional["Case"] = None  # one with the same outputs that ONNX Runtime does run


ALL = []


def family(function):
    ALL.append(function)
    return function


def real(rng, *shape, dtype=F32, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(dtype)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def erf(x):
    return np.vectorize(math.erf)(x)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


# --- Activations ----------------------------------------------------------------------------------

@family
def activations(rng):
    for dtype in (F32,):
        x, bias = real(rng, 2, 3, 8, dtype=dtype), real(rng, 8, dtype=dtype)
        tag = np.dtype(dtype).name
        yield Case(f"gelu_{tag}", "Gelu", [x])
        yield Case(f"quick_gelu_{tag}", "QuickGelu", [x])
        yield Case(f"quick_gelu_alpha_{tag}", "QuickGelu", [x], {"alpha": 1.0})
        yield Case(f"fast_gelu_{tag}", "FastGelu", [x])
        yield Case(f"fast_gelu_bias_{tag}", "FastGelu", [x, bias])
        yield Case(f"bias_gelu_{tag}", "BiasGelu", [x, bias])
    x, bias, skip = real(rng, 2, 3, 8), real(rng, 8), real(rng, 2, 3, 8)
    yield Case("bias_add", "BiasAdd", [x, bias, skip], expected=[x + bias + skip])
    s = x + bias
    yield Case("bias_split_gelu", "BiasSplitGelu", [x, bias],
               expected=[(s[..., :4] * gelu(s[..., 4:])).astype(F32)])
    for inner, shape in ((0, (1, 4, 5)), (1, (2, 1, 5))):
        x, bias = real(rng, 2, 4, 5), real(rng, *shape)
        e = np.exp(x + bias)
        yield Case(f"bias_softmax_{inner}", "BiasSoftmax", [x, bias],
                   {"axis": 2, "is_inner_broadcast": inner},
                   expected=[e / e.sum(-1, keepdims=True)])


# --- Normalisations -------------------------------------------------------------------------------

@family
def normalisations(rng):
    for dtype in (F32, F16):
        tag = np.dtype(dtype).name
        x, skip = real(rng, 2, 3, 8, dtype=dtype), real(rng, 2, 3, 8, dtype=dtype)
        gamma, beta, bias = (real(rng, 8, dtype=dtype) for _ in range(3))
        sums = (1, 0, 0, 1)
        yield Case(f"skip_layer_norm_{tag}", "SkipLayerNormalization", [x, skip, gamma, beta, bias],
                   {"epsilon": 1e-5}, outputs=sums)
        yield Case(f"skip_layer_norm_plain_{tag}", "SkipLayerNormalization", [x, skip, gamma])
        yield Case(f"skip_layer_norm_shared_{tag}", "SkipLayerNormalization",
                   [x, skip[:1], gamma, beta], outputs=sums)
        yield Case(f"skip_layer_norm_2d_{tag}", "SkipLayerNormalization",
                   [x, skip[0], gamma, beta], outputs=sums)
        yield Case(f"skip_rms_norm_{tag}", "SkipSimplifiedLayerNormalization",
                   [x, skip, gamma, bias], {"epsilon": 1e-5}, outputs=sums)
        yield Case(f"skip_rms_norm_tokens_{tag}", "SkipSimplifiedLayerNormalization",
                   [x[0], skip[0], gamma], outputs=sums)
        for axis in (-1, 1):
            scale = real(rng, *x.shape[axis:], dtype=dtype)
            yield Case(f"rms_norm_{axis % 3}_{tag}", "SimplifiedLayerNormalization", [x, scale],
                       {"axis": axis, "epsilon": 1e-5}, outputs=(1, 1), domain="")
    x, gamma, beta = real(rng, 2, 3, 4, 6), real(rng, 6), real(rng, 6)
    skip, bias = real(rng, 2, 6), real(rng, 6)
    for last in (1, 0):
        for act in (0, 1):
            def norm(s):
                g = s.reshape(2, 12, 3, 2)
                mean = g.mean((1, 3), keepdims=True)
                var = g.var((1, 3), keepdims=True)
                y = ((g - mean) / np.sqrt(var + 1e-5)).reshape(s.shape) * gamma + beta
                y = y * sigmoid(y) if act else y
                return (y if last else y.transpose(0, 3, 1, 2)).astype(F32)
            attributes = {"groups": 3, "activation": act, "channels_last": last}
            place = (lambda a: a) if last else (lambda a: np.ascontiguousarray(
                a.transpose(0, 3, 1, 2)))
            yield Case(f"group_norm_{last}{act}", "GroupNorm", [place(x), gamma, beta], attributes,
                       expected=[norm(x)])
            s = x + skip[:, None, None, :] + bias
            yield Case(f"skip_group_norm_{last}{act}", "SkipGroupNorm",
                       [place(x), gamma, beta, skip, bias], attributes, outputs=(1, 1),
                       expected=[norm(s), place(s)])


@family
def embeddings(rng):
    ids = rng.integers(0, 11, (2, 4)).astype(np.int32)
    segments = rng.integers(0, 2, (2, 4)).astype(np.int32)
    words, places, kinds = real(rng, 11, 8), real(rng, 6, 8), real(rng, 2, 8)
    gamma, beta = real(rng, 8), real(rng, 8)
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)
    rows = np.array([[0, 2, 1, 3]], np.int32)
    yield Case("embed_layer_norm", "EmbedLayerNormalization",
               [ids, segments, words, places, kinds, gamma, beta, mask], outputs=(1, 1))
    yield Case("embed_layer_norm_sum", "EmbedLayerNormalization",
               [ids, segments, words, places, kinds, gamma, beta], {"epsilon": 1e-5},
               outputs=(1, 1, 1))
    yield Case("embed_layer_norm_no_segments", "EmbedLayerNormalization",
               [ids, None, words, places, None, gamma, beta, mask, rows], outputs=(1, 1, 1))
    yield Case("embed_layer_norm_positions", "EmbedLayerNormalization",
               [ids, segments, words, places, kinds, gamma, beta, None, np.repeat(rows, 2, 0)],
               outputs=(1, 0, 1))
    for dtype in (np.uint8, np.int8):
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        whole = lambda *s: rng.integers(low, high, s, endpoint=True).astype(dtype)
        scale = lambda: np.array(rng.uniform(0.01, 0.1), F32)
        zero = lambda: np.array(rng.integers(low, high), dtype)
        yield Case(f"q_embed_layer_norm_{np.dtype(dtype).name}", "QEmbedLayerNormalization",
                   [ids, segments, whole(11, 8), whole(6, 8), whole(2, 8), whole(8), whole(8), mask,
                    *(scale() for _ in range(5)), *(zero() for _ in range(5))], outputs=(1, 1),
                   constants=(2, 3, 4, 5, 6))


# --- Products -------------------------------------------------------------------------------------

@family
def products(rng):
    for dtype in (F32, F64):
        tag = np.dtype(dtype).name
        for ta in (0, 1):
            for tb in (0, 1):
                a = real(rng, 2, 3, *((5, 4) if ta else (4, 5)), dtype=dtype)
                b = real(rng, 3, *((6, 5) if tb else (5, 6)), dtype=dtype)
                yield Case(f"fused_matmul_{ta}{tb}_{tag}", "FusedMatMul", [a, b],
                           {"transA": ta, "transB": tb, "alpha": 0.5})
    for ta, ba, tb, bb in ((0, 1, 0, 0), (1, 1, 0, 0), (0, 0, 0, 1), (0, 0, 1, 1), (1, 1, 1, 1)):
        # [batch, rows, cols] with the batch after the first dimension
        a = real(rng, 3, 4, 5) if not ta else real(rng, 3, 5, 4)
        b = real(rng, 3, 5, 6) if not tb else real(rng, 3, 6, 5)
        a = np.ascontiguousarray(a.transpose(1, 0, 2)) if ba else a
        b = np.ascontiguousarray(b.transpose(1, 0, 2)) if bb else b
        yield Case(f"fused_matmul_batch_{ta}{ba}{tb}{bb}", "FusedMatMul", [a, b],
                   {"transA": ta, "transB": tb, "transBatchA": ba, "transBatchB": bb})
    yield Case("fused_matmul_vectors", "FusedMatMul", [real(rng, 5), real(rng, 2, 5, 3)])
    yield Case("fused_matmul_right_vector", "FusedMatMul", [real(rng, 2, 3, 5), real(rng, 5)])
    yield Case("transpose_matmul", "TransposeMatMul", [real(rng, 5, 4), real(rng, 5, 6)],
               {"transA": 1, "alpha": 2.0})
    a, b = real(rng, 4, 5), real(rng, 5, 6)
    product = a @ b
    yield Case("fused_matmul_activation", "FusedMatMulActivation", [a, b],
               {"activation": "LeakyRelu", "activation_alpha": 0.1},
               expected=[np.where(product > 0, product, F32(0.1) * product)])
    bias = real(rng, 6)
    s = (product + bias).astype(F64)
    tanh = 0.5 * s * (1 + np.tanh(math.sqrt(2 / math.pi) * (s + 0.044715 * s ** 3)))
    yield Case("gemm_fast_gelu", "GemmFastGelu", [a, b, bias], expected=[tanh.astype(F32)])
    for name, extra in (("Relu", {}), ("LeakyRelu", {"activation_alpha": 0.2}), ("Tanh", {}),
                        ("Sigmoid", {}), ("Elu", {"activation_alpha": 0.7}), ("Softplus", {}),
                        ("Softsign", {}), ("HardSigmoid", {"activation_alpha": 0.3,
                                                           "activation_beta": 0.4}),
                        ("ThresholdedRelu", {"activation_alpha": 0.5}),
                        ("Selu", {"activation_alpha": 1.5, "activation_gamma": 1.2})):
        yield Case(f"fused_gemm_{name.lower()}", "FusedGemm", [a.T.copy(), b, real(rng, 6)],
                   {"transA": 1, "alpha": 0.5, "beta": 2.0, "activation": name, **extra})
    column = real(rng, 4, 1)
    yield Case("fused_gemm_plain", "FusedGemm", [a, b.T.copy(), column], {"transB": 1},
               expected=[product + column])
    for x, y in ((np.int16, np.int16), (np.uint16, np.uint16)):
        yield Case(f"matmul_integer16_{np.dtype(x).name}", "MatMulInteger16",
                   [rng.integers(-99 if x == np.int16 else 0, 99, (2, 3, 4)).astype(x),
                    rng.integers(-99 if y == np.int16 else 0, 99, (4, 5)).astype(y)])


def quantised(rng, dtype, *shape):
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, endpoint=True).astype(dtype)


@family
def quantised_products(rng):
    for a_type in (np.uint8, np.int8):
        for b_type in (np.uint8, np.int8):
            tag = f"{np.dtype(a_type).name}_{np.dtype(b_type).name}"
            a, b = quantised(rng, a_type, 2, 3, 8), quantised(rng, b_type, 8, 5)
            a_scale = np.array(0.02, F32)
            one, each = np.array(0.03, F32), rng.uniform(0.01, 0.1, 5).astype(F32)
            a_zero = np.array(rng.integers(0, 100), a_type)
            b_zero, b_zeros = np.array(3, b_type), quantised(rng, b_type, 5)
            bias = real(rng, 5)
            yield Case(f"matmul_integer_to_float_{tag}", "MatMulIntegerToFloat",
                       [a, b, a_scale, one, a_zero, b_zero, bias])
            yield Case(f"matmul_integer_to_float_columns_{tag}", "MatMulIntegerToFloat",
                       [a, b, a_scale, each, a_zero, b_zeros, bias])
            yield Case(f"matmul_integer_to_float_plain_{tag}", "MatMulIntegerToFloat",
                       [a, b, a_scale, one])
    stacked = quantised(rng, np.uint8, 2, 8, 5)
    yield Case("matmul_integer_to_float_stack", "MatMulIntegerToFloat",
               [quantised(rng, np.uint8, 2, 3, 8), stacked, np.array(0.02, F32),
                rng.uniform(0.01, 0.1, (2, 1, 5)).astype(F32), None,
                quantised(rng, np.uint8, 2, 1, 5)])
    for b_type in (np.uint8, np.int8):
        b = quantised(rng, b_type, 8, 5)
        tag = np.dtype(b_type).name
        yield Case(f"dynamic_quantize_matmul_{tag}", "DynamicQuantizeMatMul",
                   [real(rng, 2, 3, 8), b, np.array(0.03, F32), np.array(2, b_type), real(rng, 5)])
        yield Case(f"dynamic_quantize_matmul_columns_{tag}", "DynamicQuantizeMatMul",
                   [real(rng, 3, 8), b, rng.uniform(0.01, 0.1, 5).astype(F32),
                    quantised(rng, b_type, 5)])


def pack_bits(values, bits):
    per_byte = 8 // bits
    pad = -values.shape[-1] % per_byte
    values = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, pad)])
    parts = values.reshape(*values.shape[:-1], -1, per_byte).astype(np.uint32)
    return (parts << (np.arange(per_byte) * bits)).sum(-1).astype(np.uint8)


def unpack_bits(packed, bits):
    shifts = np.arange(8 // bits) * bits
    parts = packed[..., None] >> shifts & (1 << bits) - 1
    return parts.reshape(*packed.shape[:-1], -1).astype(np.int32)


@family
def block_quantised(rng):
    for bits in (2, 4, 8):
        for dtype in (F32, F16):
            k, n, block = 40, 6, 16
            blocks = -(-k // block)
            a = real(rng, 2, 3, k, dtype=dtype)
            b = pack_bits(rng.integers(0, 1 << bits, (n, blocks, block)), bits)
            scales = rng.uniform(0.05, 0.2, (n, blocks)).astype(dtype)
            zeros = pack_bits(rng.integers(0, 1 << bits, (n, blocks)), bits)
            bias = real(rng, n, dtype=dtype)
            attributes = {"K": k, "N": n, "bits": bits, "block_size": block}
            tag = f"{bits}_{np.dtype(dtype).name}"
            const = (1, 2, 3, 4, 5)
            yield Case(f"matmul_nbits_{tag}", "MatMulNBits", [a, b, scales], attributes,
                       constants=const)
            yield Case(f"matmul_nbits_zeros_{tag}", "MatMulNBits", [a, b, scales, zeros],
                       attributes, constants=const)
            yield Case(f"matmul_nbits_bias_{tag}", "MatMulNBits",
                       [a, b, scales, zeros, None, bias], attributes, constants=const)
            if bits != 8:
                yield Case(f"matmul_nbits_float_zeros_{tag}", "MatMulNBits",
                       [a, b, scales, rng.uniform(0, 1 << bits, (n, blocks)).astype(dtype)],
                       attributes, constants=const)
            yield Case(f"matmul_nbits_flat_{tag}", "MatMulNBits",
                       [a, b, scales.reshape(-1), zeros.reshape(-1)], attributes, constants=const)
            groups = rng.integers(0, blocks, k).astype(np.int32)
            q = unpack_bits(b, bits)[:, :, :block].reshape(n, -1)[:, :k]
            z = unpack_bits(zeros, bits)[:, :blocks]
            w = (q - z[:, groups]) * scales[:, groups].astype(F32)
            if dtype == F16:
                continue  # numpy rounds otherwise
            yield Case(f"matmul_nbits_groups_{tag}", "MatMulNBits",
                       [a, b, scales, zeros, groups], attributes, constants=const,
                       expected=[(a.astype(F32) @ w.T).astype(dtype)])
    for bits in (2, 4, 8):
        table = rng.integers(0, 1 << bits, (7, 32))
        scales = rng.uniform(0.05, 0.2, (7, 2)).astype(F32)
        zeros = rng.integers(0, 1 << bits, (7, 2))
        indices = np.array([[0, 3, -1], [6, 2, 2]], np.int64)
        attributes = {"bits": bits, "block_size": 16, "gather_axis": 0, "quantize_axis": 1}
        yield Case(f"gather_block_quantized_{bits}", "GatherBlockQuantized",
                   [pack_bits(table, bits), indices, scales], attributes, constants=(0, 2))
        yield Case(f"gather_block_quantized_zeros_{bits}", "GatherBlockQuantized",
                   [pack_bits(table, bits), indices, scales, pack_bits(zeros, bits)], attributes,
                   constants=(0, 2, 3))


# --- Attention ------------------------------------------------------------------------------------

def int32(*values):
    return np.array(values, np.int32)


@family
def rotary(rng):
    for size in (8, 4):
        angles = rng.uniform(0, 6, (16, size // 2))
        cos, sin = np.cos(angles).astype(F32), np.sin(angles).astype(F32)
        for interleaved in (0, 1):
            attributes = {"interleaved": interleaved}
            if size != 8:
                attributes.update(num_heads=3, rotary_embedding_dim=size)
            tag = f"{size}_{interleaved}"
            ids = rng.integers(0, 16, (2, 5))
            yield Case(f"rotary_3d_{tag}", "RotaryEmbedding", [real(rng, 2, 5, 24), ids, cos, sin],
                       attributes)
            yield Case(f"rotary_4d_{tag}", "RotaryEmbedding",
                       [real(rng, 2, 3, 5, 8), ids, cos, sin], attributes)
            yield Case(f"rotary_offset_{tag}", "RotaryEmbedding",
                       [real(rng, 2, 5, 24), np.array([4]), cos, sin], attributes)
            yield Case(f"rotary_scale_{tag}", "RotaryEmbedding",
                       [real(rng, 2, 5, 24), ids, cos, sin], {**attributes, "scale": 2.0})


@family
def multi_head(rng):
    batch, length, keys, heads, size, values = 2, 3, 5, 2, 4, 6
    hidden, width = heads * size, heads * values
    q, k, v = (real(rng, batch, length, hidden), real(rng, batch, keys, hidden),
               real(rng, batch, keys, width))
    bias = real(rng, 2 * hidden + width)
    key4, value4 = real(rng, batch, heads, keys, size), real(rng, batch, heads, keys, size)
    mask2 = int32(*rng.integers(0, 2, batch * keys)).reshape(batch, keys)
    mask2[:, 1] = 1  # without any key, what is left is the rounding of scores near -10000
    mask3 = int32(*rng.integers(0, 2, batch * length * keys)).reshape(batch, length, keys)
    mask3[..., 0] = 1
    added = real(rng, batch, heads, length, keys)
    base = {"num_heads": heads}
    op = "MultiHeadAttention"
    yield Case("mha_plain", op, [q, k, v], base)
    yield Case("mha_bias", op, [q, k, v, bias], base)
    yield Case("mha_scale", op, [q, k, v, bias], {**base, "scale": 0.3})
    yield Case("mha_cross_cache", op, [q, key4, value4], base)
    yield Case("mha_cross_cache_bias", op, [q, key4, value4, bias[:3 * hidden]], base)
    yield Case("mha_lengths", op, [q, k, v, bias, int32(3, 5)], base)
    yield Case("mha_mask", op, [q, k, v, bias, mask2], base)
    yield Case("mha_mask_value", op, [q, k, v, bias, mask2], {**base, "mask_filter_value": -1.0})
    yield Case("mha_mask_3d", op, [q, k, v, bias, mask3], base)
    yield Case("mha_added", op, [q, k, v, None, None, added], base)
    yield Case("mha_added_shared", op, [q, k, v, None, mask2, added[:1, :1]], base)
    yield Case("mha_scores", op, [q, k, v, bias, mask2], base, outputs=(1, 0, 0, 1))
    packed_qkv, packed_kv = real(rng, batch, length, heads, 3, size), real(
        rng, batch, keys, heads, 2, size)
    flat = lambda x: np.ascontiguousarray(x).reshape(*x.shape[:2], -1)
    yield Case("mha_packed_qkv", op, [packed_qkv], base, like=Case(
        "", op, [flat(packed_qkv[:, :, :, i]) for i in range(3)], base))
    yield Case("mha_packed_kv", op, [q, packed_kv], base, like=Case(
        "", op, [q] + [flat(packed_kv[:, :, :, i]) for i in range(2)], base))
    even = real(rng, 3 * hidden)
    yield Case("mha_packed_qkv_bias", op, [packed_qkv, None, None, even], base, like=Case(
        "", op, [flat(packed_qkv[:, :, :, i]) for i in range(3)] + [even], base))
    past = 4
    pk, pv = real(rng, batch, heads, past, size), real(rng, batch, heads, past, size)
    sk, sv, bias = k[:, :length], real(rng, batch, length, hidden), real(rng, 3 * hidden)
    total = past + length
    mask_all = int32(*rng.integers(0, 2, batch * total)).reshape(batch, total)
    mask_all[..., 0] = 1
    for causal in (0, 1):
        attributes = {**base, "unidirectional": causal}
        yield Case(f"mha_self_{causal}", op, [q, sk, sv], attributes)
        yield Case(f"mha_self_present_{causal}", op, [q, sk, sv, bias], attributes,
                   outputs=(1, 1, 1))
        yield Case(f"mha_past_{causal}", op, [q, sk, sv, bias, None, None, pk, pv], attributes,
                   outputs=(1, 1, 1))
        yield Case(f"mha_past_mask_{causal}", op, [q, sk, sv, bias, mask_all, None, pk, pv],
                   attributes, outputs=(1, 1, 1))
        yield Case(f"mha_past_mask_value_{causal}", op, [q, sk, sv, bias, mask_all, None, pk, pv],
                   {**attributes, "mask_filter_value": -1.0}, outputs=(1, 1, 1))
        yield Case(f"mha_past_scores_{causal}", op,
                   [q, sk, sv, bias, mask_all, real(rng, 1, heads, length, total), pk, pv],
                   attributes, outputs=(1, 1, 1, 1))
    rows = 8
    room = (real(rng, batch, heads, rows, size), real(rng, batch, heads, rows, size))
    one = real(rng, batch, 1, hidden)
    yield Case("mha_shared_buffer", op,
               [one, one + 1, one + 2, None, None, None, *room, int32(4)], base, outputs=(1, 1, 1))


@family
def decoder_masked(rng):
    batch, heads, size, past = 4, 2, 4, 3
    hidden = heads * size
    one = [real(rng, batch, 1, hidden) for _ in range(3)]
    cache = [real(rng, batch, heads, past, size) for _ in range(2)]
    bias = real(rng, 3 * hidden)
    base = {"num_heads": heads}
    op = "DecoderMaskedMultiHeadAttention"
    mask = int32(*rng.integers(0, 2, batch * (past + 1))).reshape(batch, past + 1)
    mask[..., 0] = 1
    added = real(rng, 1, heads, 1, past + 1)
    shared = {**base, "past_present_share_buffer": 1}
    # ONNX Runtime wants a buffer with room for the new row.
    room = [np.concatenate([c, np.zeros((batch, heads, 1, size), F32)], 2) for c in cache]
    for name, args in (("self", [None, None, None]), ("bias", [None, None, bias]),
                       ("mask", [mask, None, bias]), ("added", [None, added, bias])):
        tail = [None, None, args[2]]
        yield Case(f"dmmha_{name}", op, [*one, *args[:2], *cache, None, *tail], base,
                   outputs=(1, 1, 1),
                   like=Case("", op, [*one, *args[:2], *room, int32(past), *tail], shared,
                             outputs=(1, 1, 1)))
    cross = [real(rng, batch, heads, 5, size) for _ in range(2)]
    yield Case("dmmha_cross", op, [one[0], *cross, None, None, None, None, None, None, None, bias],
               {**base, "output_qk": 1}, outputs=(1, 0, 0, 1))
    yield Case("dmmha_cross_mask", op,
               [one[0], *cross, int32(*rng.integers(0, 2, batch * 5)).reshape(batch, 5)], base)
    room = [real(rng, batch, heads, 8, size) for _ in range(2)]
    yield Case("dmmha_shared", op, [*one, None, None, *room, int32(past)], shared,
               outputs=(1, 1, 1))
    beams = int32(*rng.integers(0, 2, 2 * 2 * 8)).reshape(2, 2, 8)
    yield Case("dmmha_beams", op, [*one, None, None, *room, int32(past), int32(2), beams], shared,
               outputs=(1, 1, 1))
    packed = np.concatenate(one, -1)
    yield Case("dmmha_packed", op, [packed, None, None, None, None, *room, int32(past)], shared,
               outputs=(1, 1, 1), like=Case("", op, [*one, None, None, *room, int32(past)], shared,
                                            outputs=(1, 1, 1)))


@family
def self_attention(rng):
    batch, length, depth, heads, size = 2, 3, 6, 2, 4
    hidden = heads * size
    x = real(rng, batch, length, depth)
    weights, bias = real(rng, depth, 3 * hidden), real(rng, 3 * hidden)
    base = {"num_heads": heads}
    op = "Attention"
    yield Case("attention_plain", op, [x, weights, bias], base)
    yield Case("attention_no_bias", op, [x, weights], base,
               like=Case("", op, [x, weights, np.zeros_like(bias)], base))
    yield Case("attention_present", op, [x, weights, bias], base, outputs=(1, 1))
    yield Case("attention_scale", op, [x, weights, bias], {**base, "scale": 0.7})
    mask2 = int32(1, 1, 0, 1, 0, 0).reshape(batch, length)
    mask3 = int32(*rng.integers(0, 2, batch * length * length)).reshape(batch, length, length)
    mask3[..., 0] = 1
    for causal in (0, 1):
        attributes = {**base, "unidirectional": causal}
        yield Case(f"attention_{causal}", op, [x, weights, bias], attributes)
        yield Case(f"attention_ends_{causal}", op, [x, weights, bias, int32(2, 3)], attributes)
        yield Case(f"attention_starts_{causal}", op, [x, weights, bias, int32(2, 3, 1, 0)],
                   attributes)
        yield Case(f"attention_mask_{causal}", op, [x, weights, bias, mask2], attributes)
        yield Case(f"attention_mask_value_{causal}", op, [x, weights, bias, mask2],
                   {**attributes, "mask_filter_value": -1.0})
        yield Case(f"attention_mask_3d_{causal}", op, [x, weights, bias, mask3], attributes)
        for past in (0, 2):
            total = past + length
            cache = real(rng, 2, batch, heads, past, size)
            mask = int32(*rng.integers(0, 2, batch * total)).reshape(batch, total)
            mask[..., 0] = 1
            yield Case(f"attention_past_{past}_{causal}", op,
                       [x, weights, bias, mask, cache], attributes, outputs=(1, 1))
    added = real(rng, 1, 1, length, length)
    yield Case("attention_added", op, [x, weights, bias, None, None, added], base)
    wide = real(rng, depth, 2 * hidden + 6)
    yield Case("attention_sizes", op, [x, wide, real(rng, 2 * hidden + 6)],
               {**base, "qkv_hidden_sizes": [hidden, hidden, 6]})
    for w_type in (np.uint8, np.int8):
        qx, qw = quantised(rng, np.uint8, batch, length, depth), quantised(rng, w_type, depth,
                                                                           3 * hidden)
        args = [qx, qw, bias, np.array(0.02, F32), np.array(0.01, F32)]
        zeros = [np.array(100, np.uint8), np.array(5, w_type)]
        tag = np.dtype(w_type).name
        op = "QAttention"
        yield Case(f"q_attention_{tag}", op, [*args, None, *zeros], base)
        yield Case(f"q_attention_lengths_{tag}", op, [*args, int32(2, 3), *zeros], base)
        yield Case(f"q_attention_columns_{tag}", op,
                   [*args[:4], rng.uniform(0.005, 0.02, 3 * hidden).astype(F32), None, zeros[0],
                    quantised(rng, w_type, 3 * hidden)], base)
        yield Case(f"q_attention_past_{tag}", op,
                   [*args, int32(*[1] * 10).reshape(2, 5), *zeros, real(rng, 2, batch, heads, 2,
                                                                        size)],
                   {**base, "unidirectional": 1}, outputs=(1, 1))


@family
def group_query(rng):
    batch, heads, kv_heads, size = 2, 4, 2, 16
    op = "GroupQueryAttention"
    base = {"num_heads": heads, "kv_num_heads": kv_heads}
    angles = rng.uniform(0, 6, (32, size // 2))
    cos, sin = np.cos(angles).astype(F32), np.sin(angles).astype(F32)

    def inputs(b, length, past, packed=False, rotary=False, lasts=None, total=None):
        total = past + length if total is None else total
        q = real(rng, b, length, heads * size)
        k, v = (real(rng, b, length, kv_heads * size) for _ in range(2))
        cache = [real(rng, b, kv_heads, past, size) for _ in range(2)] if past else [None, None]
        qkv = [np.concatenate([q, k, v], -1), None, None] if packed else [q, k, v]
        lasts = int32(*([total - 1] * b)) if lasts is None else lasts
        return [*qkv, *cache, lasts, np.array(total, np.int32),
                *([cos, sin] if rotary else [None, None])]

    outs = (1, 1, 1)
    for rotary_on in (0, 1):
        for packed in (0, 1):
            attributes = {**base, "do_rotary": rotary_on}
            tag = f"{rotary_on}{packed}"
            yield Case(f"gqa_prompt_{tag}", op, inputs(batch, 5, 0, packed, rotary_on), attributes,
                       outputs=outs)
            yield Case(f"gqa_token_{tag}", op, inputs(batch, 1, 6, packed, rotary_on), attributes,
                       outputs=outs)
            yield Case(f"gqa_chunk_{tag}", op, inputs(1, 3, 4, packed, rotary_on), attributes,
                       outputs=outs)
    yield Case("gqa_interleaved", op, inputs(batch, 5, 0, False, True),
               {**base, "do_rotary": 1, "rotary_interleaved": 1}, outputs=outs)
    yield Case("gqa_ragged", op, inputs(batch, 1, 6, lasts=int32(4, 6)), base, outputs=outs)
    shared = inputs(batch, 1, 9, lasts=int32(4, 6), total=7)
    yield Case("gqa_buffer", op, shared, base, outputs=outs)
    for window in (1, 2, 3):
        yield Case(f"gqa_window_{window}", op, inputs(batch, 5, 0),
                   {**base, "local_window_size": window}, outputs=outs)
        yield Case(f"gqa_window_token_{window}", op, inputs(batch, 1, 6),
                   {**base, "local_window_size": window}, outputs=outs)
    yield Case("gqa_softcap", op, inputs(batch, 5, 0), {**base, "softcap": 0.5}, outputs=outs)
    yield Case("gqa_scale", op, inputs(batch, 5, 0), {**base, "scale": 0.5}, outputs=outs)
    yield Case("gqa_smooth", op, inputs(batch, 5, 0), {**base, "smooth_softmax": 1}, outputs=outs)
    yield Case("gqa_sinks", op, [*inputs(batch, 5, 0), None, None, real(rng, heads)], base,
               outputs=outs)
    for softcap in (0.0, 0.8):
        yield Case(f"gqa_added_{int(softcap * 10)}", op,
                   [*inputs(batch, 5, 0), None, real(rng, batch, heads, 5, 5)],
                   {**base, "softcap": softcap}, outputs=outs)
    yield Case("gqa_added_token", op, [*inputs(batch, 1, 6), None, real(rng, 1, 1, 1, 7)], base,
               outputs=outs)
    for stage in (1, 2):
        yield Case(f"gqa_scores_{stage}", op,
                   [*inputs(batch, 1, 6), None, real(rng, batch, heads, 1, 7)],
                   {**base, "qk_output": stage, "softcap": 0.8}, outputs=(1, 1, 1, 1))
        yield Case(f"gqa_scores_prompt_{stage}", op, inputs(batch, 5, 0),
                   {**base, "qk_output": stage}, outputs=(1, 1, 1, 1))
    ids = np.array([[6], [3]], np.int64)
    yield Case("gqa_positions", op, [*inputs(batch, 1, 6, False, True), ids],
               {**base, "do_rotary": 1}, outputs=outs)
    yield Case("gqa_two_ways", op, inputs(batch, 5, 0), {**base, "causal": 0}, outputs=outs)


def attend(q, k, v, added=0.0):
    """Heads [..., tokens, size]."""
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1]) + added
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) @ v


def split_heads(x, heads):
    return x.reshape(*x.shape[:-1], heads, -1).swapaxes(-2, -3)


def join_heads(x):
    x = x.swapaxes(-2, -3)
    return np.ascontiguousarray(x.reshape(*x.shape[:-2], -1)).astype(F32)


@family
def packed_sequences(rng):
    lengths, longest, heads, size = (1, 2, 4), 4, 2, 3
    batch, tokens, hidden = len(lengths), sum(lengths), heads * size
    ends = np.cumsum((0,) + lengths).astype(np.int32)
    places = np.arange(batch * longest).reshape(batch, longest)
    kept = [places[b, t] for b in range(batch) for t in range(lengths[b])]
    padding = [places[b, t] for b in range(batch) for t in range(lengths[b], longest)]
    offsets = int32(*kept, *padding).reshape(batch, longest)
    x = real(rng, batch, longest, 5)
    packed = x.reshape(-1, 5)[kept]
    yield Case("remove_padding", "RemovePadding", [x, int32(*lengths)], outputs=(1, 1, 1, 1),
               expected=[packed, offsets, ends, int32(longest)])
    restored = np.zeros_like(x)
    restored.reshape(-1, 5)[kept] = packed
    yield Case("restore_padding", "RestorePadding", [packed, offsets], expected=[restored])
    weights, bias = real(rng, 5, 3 * hidden), real(rng, 3 * hidden)
    for name, added in (("", None), ("_added", real(rng, batch, heads, longest, longest)),
                        ("_shared", real(rng, 1, 1, longest, longest))):
        qkv = packed @ weights
        parts = [(qkv + bias)[:, i * hidden:(i + 1) * hidden] for i in range(3)]
        rows = []
        for b in range(batch):
            q, k, v = (split_heads(p[ends[b]:ends[b + 1]], heads) for p in parts)
            n = lengths[b]
            term = 0.0 if added is None else added[b % len(added), :, :n, :n]
            rows.append(join_heads(attend(q, k, v, term)))
        expected = [np.concatenate(rows)]
        base = {"num_heads": heads}
        yield Case(f"packed_attention{name}", "PackedAttention",
                   [packed, weights, bias, offsets, ends, added], base, expected=expected)
        split = [np.ascontiguousarray(qkv[:, i * hidden:(i + 1) * hidden]) for i in range(3)]
        yield Case(f"packed_mha{name}", "PackedMultiHeadAttention",
                   [*split, bias, offsets, ends, added], base, expected=expected)
        together = np.stack([p.reshape(tokens, heads, size) for p in parts], 2).astype(F32)
        yield Case(f"packed_mha_together{name}", "PackedMultiHeadAttention",
                   [together, None, None, None, offsets, ends, added], base, expected=expected)


@family
def position_biases(rng):
    buckets, heads, most = 8, 2, 16
    for both in (0, 1):
        n, length = (buckets // 2 if both else buckets), 24
        distance = np.arange(length)[None, :] - np.arange(length)[:, None]
        base = (distance > 0) * n if both else 0 * distance
        d = np.abs(distance) if both else np.maximum(-distance, 0)
        exact = n // 2
        far = exact + (np.log(np.maximum(d, 1) / exact) / math.log(most / exact)
                       * (n - exact)).astype(int)
        bucket = base + np.where(d < exact, d, np.minimum(far, n - 1))
        table = real(rng, buckets, heads)
        by_head = table.reshape(heads, buckets)  # the table is stored with columns first
        yield Case(f"relative_position_bias_{both}", "RelativePositionBias",
                   [table, np.array([length]), np.array([length])],
                   {"max_distance": most, "is_bidirectional": both}, constants=(1, 2),
                   expected=[by_head[:, bucket][None]])
    batch, length, size, gates = 2, 3, 4, 8
    query, query_bias = real(rng, batch, length, heads * size), real(rng, heads * size)
    positions = real(rng, 1, heads, length, length)
    weight, bias, eco = real(rng, size, gates), real(rng, gates), real(rng, 1, heads, 1, 1)
    x = split_heads(query + query_bias, heads)
    u, r = np.moveaxis(
        sigmoid((x @ weight + bias).reshape(batch, heads, length, 2, gates // 2).sum(-1)), -1, 0)
    gate = u[..., None] * (r[..., None] * eco - 1) + 2
    expected = [(gate * positions).astype(F32)]
    arguments = [query_bias, positions, weight, bias, eco]
    yield Case("gated_relative_position_bias", "GatedRelativePositionBias", [query, *arguments],
               {"num_heads": heads}, expected=expected)
    yield Case("gated_relative_position_bias_tokens", "GatedRelativePositionBias",
               [query.reshape(-1, heads * size), *arguments,
                np.arange(batch * length, dtype=np.int32).reshape(batch, length)],
               {"num_heads": heads}, expected=expected)


@family
def decoder_attention(rng):
    batch, length, keys, past, heads, size = 2, 2, 4, 3, 2, 3
    hidden = heads * size
    query, key = real(rng, length, batch, hidden), real(rng, keys, batch, hidden)
    wq, wkv, bias = real(rng, hidden, hidden), real(rng, hidden, 2 * hidden), real(rng, 3 * hidden)
    caches = [real(rng, batch, heads, past, size) for _ in range(2)]
    flag = lambda value: np.array([bool(value)])
    turn = lambda x: split_heads(x.transpose(1, 0, 2), heads)  # to [B, N, T, H]
    for static in (0, 1):
        for cached in (0, 1):
            source = key if static else query
            kv = source @ wkv + bias[hidden:]
            k, v = turn(kv[..., :hidden]), turn(kv[..., hidden:])
            if cached:
                k, v = (caches if static else
                        [np.concatenate([c, x], 2) for c, x in zip(caches, (k, v))])
            mask = rng.integers(0, 2, (batch, k.shape[2])).astype(bool)
            mask[:, 0] = False  # without any key, what is left is rounding
            added = np.where(mask, -1e4, 0)[:, None, None]
            y = attend(turn(query @ wq + bias[:hidden]), k, v, added)
            y = y.transpose(2, 0, 1, 3).reshape(length, batch, hidden)
            yield Case(f"decoder_attention_{static}{cached}", "DecoderAttention",
                       [query, key, wq, wkv, bias, mask, *(caches if cached else (None, None)),
                        flag(static), flag(cached), flag(1), flag(1)], {"num_heads": heads},
                       outputs=(1, 1, 1), expected=[y.astype(F32), k.astype(F32), v.astype(F32)])
    x, weights, wide = real(rng, batch, 1, 5), real(rng, 5, 3 * hidden), real(rng, 3 * hidden)
    mask = int32(1, 1, 0, 1, 1, 1, 1, 1).reshape(batch, past + 1)
    cache = np.stack(caches)
    yield Case("decoder_masked_self_attention", "DecoderMaskedSelfAttention",
               [x, weights, wide, mask, cache], {"num_heads": heads}, outputs=(1, 1),
               like=Case("", "Attention", [x, weights, wide, mask, cache], {"num_heads": heads},
                         outputs=(1, 1)))


# --- Small operators ------------------------------------------------------------------------------

@family
def small(rng):
    yield Case("inverse", "Inverse", [real(rng, 2, 4, 4) + 4 * np.eye(4, dtype=F32)])
    yield Case("expand_dims", "ExpandDims", [real(rng, 2, 3), np.array(-1, np.int32)],
               constants=(1,))
    for mode in ("constant", "reflect", "edge"):
        yield Case(f"pad_{mode}", "Pad", [real(rng, 3, 4), np.array([1, 2, 0, 1])], {"mode": mode})
    yield Case("pad_value_2d", "Pad", [real(rng, 3, 4), np.array([[1, 2, 0, 1]]),
                                       np.array([7], F32)])
    yield Case("range", "Range", [np.array(1, F32), np.array(3, F32), np.array(0.3, F32)])
    yield Case("range_default", "Range", [np.array([2], np.int64), np.array([7], np.int64)])
    yield Case("range_down", "Range", [np.array(9, np.int32), np.array(1, np.int32),
                                       np.array(-3, np.int32)])
    for upper in (0, 1):
        yield Case(f"trilu_{upper}", "Trilu", [real(rng, 2, 4, 5), np.array(1)], {"upper": upper})
    yield Case("unique", "Unique", [np.array([2, 1, 1, 3, 4, 3], F32)], outputs=(1, 1, 1))
    yield Case("gather_nd", "GatherND", [real(rng, 2, 3, 4), np.array([[0, 1], [1, 2]])])
    ids = np.array([[1, 2, 3, 1, 2], [0, 0, 0, 0, 0]])
    for size in (1, 2, 3, 6):
        yield Case(f"ngram_{size}", "NGramRepeatBlock", [ids, real(rng, 2, 6)],
                   {"ngram_size": size})
    for metric in ("euclidean", "sqeuclidean"):
        for dtype in (F32, F64):
            yield Case(f"cdist_{metric}_{np.dtype(dtype).name}", "CDist",
                       [real(rng, 3, 5, dtype=dtype), real(rng, 4, 5, dtype=dtype)],
                       {"metric": metric})
    for dim, size, step in ((1, 3, 2), (-1, 2, 1), (0, 1, 1)):
        yield Case(f"unfold_{dim % 3}", "UnfoldTensor", [real(rng, 2, 7, 3)],
                   {"dim": dim, "size": size, "step": step})
    for positive in (0, 1):
        for dtype in (np.int32, np.uint32, np.int64, F32, F64):
            yield Case(f"murmur_{positive}_{np.dtype(dtype).name}", "MurmurHash3",
                       [(rng.standard_normal(5) * 100).astype(dtype)]
                       if dtype not in (np.uint32,) else [np.array([1, 2, 3, 99], dtype)],
                       {"positive": positive, "seed": 42})
    for shape in ((4, 6), (1, 5, 5), (1, 7)):
        yield Case(f"dtw_{len(shape)}_{shape[-1]}", "DynamicTimeWarping", [real(rng, *shape)])
    yield Case("dtw_ties", "DynamicTimeWarping", [rng.integers(0, 2, (6, 6)).astype(F32)])
    # ONNX Runtime leaves the row of a word without characters as it was.
    words = int32(1, 2, 3, 0, 4, 0, 0, 0, 5, 6, 7, 8).reshape(3, 4)
    yield Case("word_conv_embedding", "WordConvEmbedding",
               [words, real(rng, 3, 1, 2, 5), real(rng, 3), real(rng, 9, 5)])
    a, b = real(rng, 2, 3, 2), real(rng, 3, 2)
    ca, cb = a[..., 0] + 1j * a[..., 1], b[..., 0] + 1j * b[..., 1]
    parts = lambda z: np.stack([z.real, z.imag], -1).astype(F32)
    yield Case("complex_mul", "ComplexMul", [a, b], expected=[parts(ca * cb)])
    yield Case("complex_mul_conj", "ComplexMulConj", [a, b], expected=[parts(ca * cb.conj())])
    x = real(rng, 2, 3, 8)
    yield Case("rfft", "Rfft", [x], {"signal_ndim": 1, "onesided": 1, "normalized": 0},
               expected=[parts(np.fft.rfft(x))])
    yield Case("irfft", "Irfft", [parts(np.fft.rfft(x))], {"signal_ndim": 1},
               expected=[x])
    yield Case("rfft_2d", "Rfft", [x], {"signal_ndim": 2},
               expected=[parts(np.fft.rfft2(x))])
    yield Case("irfft_2d", "Irfft", [parts(np.fft.rfft2(x))], {"signal_ndim": 2}, expected=[x])


@family
def images(rng):
    x = real(rng, 2, 3, 5, 6)
    boxes = np.array([[0, 0, 1, 1], [0.21, 0.13, 0.83, 0.71], [0.51, 0.52, 1.43, 1.24],
                      [0.93, 0.82, 0.11, 0.01]],
                     F32)
    which = int32(0, 1, 1, 0)
    for mode in ("bilinear", "nearest"):
        for size in ((3, 4), (1, 1), (7, 9)):
            yield Case(f"crop_{mode}_{size[0]}", "CropAndResize", [x, boxes, which, int32(*size)],
                       {"mode": mode, "extrapolation_value": 9.0})
    x = x + 4  # away from 0, where differences of rounding would count
    grid = rng.uniform(-1.3, 1.3, (2, 4, 3, 2)).astype(F32)
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (0, 1):
                yield Case(f"grid_{mode}_{padding}_{corners}", "GridSample", [x, grid],
                           {"mode": mode, "padding_mode": padding, "align_corners": corners})
    for dtype in (np.uint8, np.int8):
        yield Case(f"nhwc_max_pool_{np.dtype(dtype).name}", "NhwcMaxPool",
                   [quantised(rng, dtype, 2, 5, 6, 3)],
                   {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]})
    # With more planes ONNX Runtime reads a mask from the wrong places.
    mask = rng.integers(0, 4, (1, 1, 5, 6)).astype(np.int32)
    for pads in (0, 1):
        yield Case(f"maxpool_mask_{pads}", "MaxpoolWithMask", [x[:1, :1].copy(), mask],
                   {"kernel_shape": [2, 3], "strides": [1, 2], "pads": [pads] * 4})
    yield Case("maxpool_mask_3d", "MaxpoolWithMask", [
        real(rng, 1, 1, 3, 4, 4), rng.integers(0, 4, (1, 1, 3, 4, 4)).astype(np.int32)],
        {"kernel_shape": [2, 3, 2], "strides": [1, 2, 1], "pads": [0, 1, 1, 0, 0, 1]})
    yield Case("maxpool_mask_1d", "MaxpoolWithMask",
               [x[:1, :, 0].copy(), rng.integers(0, 4, (1, 1, 6)).astype(np.int32)],
               {"kernel_shape": [3], "strides": [3]})
    h = real(rng, 2, 5, 6, 4)
    w, bias = real(rng, 6, 2, 3, 3), real(rng, 6)
    y = np.zeros((2, 5, 6, 6))
    padded = np.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for m in range(6):
        g = m // 3 * 2
        for i in range(3):
            for j in range(3):
                y[..., m] += padded[:, i:i + 5, j:j + 6, g:g + 2] @ w[m, :, i, j]
    yield Case("nhwc_conv", "NhwcConv", [h, w, bias], {"group": 2, "pads": [1, 1, 1, 1]},
               expected=[(y + bias).astype(F32)])
