// Products at the sizes of Whisper's encoder and decoder. Counters: GFLOP/s, and its share of what
// this processor's multiply-adds reach in registers on as many threads (`peak`). The last argument
// is the number of threads. ESCUTA_ISA chooses the kernels.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/gemm_int8.h"

namespace escuta::kernels {
namespace {

// 64-byte aligned floats, filled with noise.
class Floats {
 public:
  explicit Floats(size_t count)
      : data_(static_cast<float*>(::operator new (count * 4 + 64, std::align_val_t{64}))) {
    std::minstd_rand random(1);
    for (size_t i = 0; i < count; ++i)
      data_.get()[i] = static_cast<float>(random() % 2048) / 1024 - 1;
  }
  float* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* data) const { ::operator delete (data, std::align_val_t{64}); }
  };
  std::unique_ptr<float, Free> data_;
};

// A product of one tile that never leaves L1, on every thread at once: the practical peak.
double peak_gflops(int threads) {
  const GemmLoops<float>& loops = kernels().gemm_f32;
  constexpr long kDepth = 64, kRepeats = 20000;
  const Floats a(static_cast<size_t>(loops.mr * kDepth)), b(static_cast<size_t>(loops.nr * kDepth));
  std::vector<Floats> c;
  for (int i = 0; i < threads; ++i) c.emplace_back(static_cast<size_t>(loops.mr * loops.nr));
  double best_ms = 1e9;
  for (int repeat = 0; repeat < 10; ++repeat) {
    const Stopwatch watch;
    thread_pool().parallel_for(threads, threads, [&](long i, int) {
      GemmBlock<float> block{.m = loops.mr, .n = loops.nr, .k = kDepth, .a = a.get(), .b = b.get()};
      block.c = c[static_cast<size_t>(i)].get();
      block.c_stride = loops.nr;
      for (long r = 0; r < kRepeats; ++r) loops.tiles_by_panels(block);
    });
    best_ms = std::min(best_ms, watch.ms());
  }
  return 2e-6 * static_cast<double>(loops.mr * loops.nr * kDepth * kRepeats * threads) / best_ms;
}

void count(benchmark::State& state, double flops, int threads) {
  static const double peak_serial = peak_gflops(1);
  static const double peak_parallel = peak_gflops(thread_pool().threads());
  const double peak = threads == 1 ? peak_serial : peak_parallel;
  using benchmark::Counter;
  const double rate = flops * static_cast<double>(state.iterations()) * 1e-9;
  state.counters["GFLOP/s"] = Counter(rate, Counter::kIsRate);
  state.counters["of_peak"] = Counter(rate / peak, Counter::kIsRate);
  state.counters["peak"] = peak;
}

void run(benchmark::State& state, const Gemm& gemm, int threads) {
  const Floats scratch(gemm_scratch_bytes(gemm, threads) / 4);
  for (auto _ : state) {
    run_gemm(gemm, scratch.get(), threads);
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * static_cast<double>(gemm.m * gemm.n * gemm.k * gemm.batch[0]), threads);
}

// m, n, k, threads; B packed once.
void gemm_packed(benchmark::State& state) {
  Gemm g{.m = state.range(0), .n = state.range(1), .k = state.range(2)};
  const Floats a(static_cast<size_t>(g.m * g.k)), b(static_cast<size_t>(g.k * g.n)),
      c(static_cast<size_t>(g.m * g.n)), packed(packed_b_bytes(g.k, g.n) / 4),
      bias(static_cast<size_t>(g.n));
  pack_b(b.get(), g.n, false, g.k, g.n, packed.get());
  g.a = a.get();
  g.lda = g.k;
  g.packed_b = packed.get();
  g.c = c.get();
  g.ldc = g.n;
  g.bias = bias.get();
  run(state, g, static_cast<int>(state.range(3)));
}
void encoder_sizes(benchmark::internal::Benchmark* b) {
  for (const int threads : {1, 0}) {
    for (const long n : {384L, 1536L}) b->Args({1500, n, 384, threads});
    b->Args({1500, 384, 1536, threads});
    b->Args({1500, 512, 512, threads});
    b->Args({1500, 2048, 512, threads});
    b->Args({1500, 512, 2048, threads});
  }
  b->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(gemm_packed)->Apply(encoder_sizes);

// One token: bytes of B per second matter.
void decoder_sizes(benchmark::internal::Benchmark* b) {
  for (const int threads : {1, 0}) {
    for (const long m : {1L, 5L}) {
      b->Args({m, 384, 384, threads});
      b->Args({m, 1536, 384, threads});
      b->Args({m, 51864, 384, threads});
      b->Args({m, 51865, 512, threads});
    }
  }
  b->Unit(benchmark::kMicrosecond)->UseRealTime();
}
void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(1) * state.range(2) * 4);
}
void gemv_packed(benchmark::State& state) {
  gemm_packed(state);
  count_bytes(state);
}
BENCHMARK(gemv_packed)->Apply(decoder_sizes);

void gemv_unpacked(benchmark::State& state, bool transpose) {
  Gemm g{.m = state.range(0), .n = state.range(1), .k = state.range(2), .transpose_b = transpose};
  const Floats a(static_cast<size_t>(g.m * g.k)), b(static_cast<size_t>(g.k * g.n)),
      c(static_cast<size_t>(g.m * g.n));
  g.a = a.get();
  g.lda = g.k;
  g.b = b.get();
  g.ldb = transpose ? g.k : g.n;
  g.c = c.get();
  g.ldc = g.n;
  run(state, g, static_cast<int>(state.range(3)));
  count_bytes(state);
}
BENCHMARK_CAPTURE(gemv_unpacked, straight, false)->Apply(decoder_sizes);
BENCHMARK_CAPTURE(gemv_unpacked, transposed, true)->Apply(decoder_sizes);

// heads, queries, keys, threads; heads of 64, [T, H, D].
void attention(benchmark::State& state) {
  const long heads = state.range(0), queries = state.range(1), keys = state.range(2);
  const int threads = static_cast<int>(state.range(3));
  Attention a{.heads = heads,
              .kv_heads = heads,
              .queries = queries,
              .keys = keys,
              .head_size = 64,
              .value_size = 64};
  a.q_rows = a.k_rows = a.v_rows = a.dst_rows = {0, 64, heads * 64};
  const Floats q(static_cast<size_t>(queries * heads * 64)),
      dst(static_cast<size_t>(queries * heads * 64)), k(static_cast<size_t>(keys * heads * 64)),
      v(static_cast<size_t>(keys * heads * 64));
  a.q = q.get();
  a.k = k.get();
  a.v = v.get();
  a.dst = dst.get();
  a.scale = 0.125f;
  const Floats scratch(attention_scratch_bytes(a, threads) / 4);
  for (auto _ : state) {
    run_attention(a, scratch.get(), threads);
    benchmark::ClobberMemory();
  }
  count(state, 4.0 * 64 * static_cast<double>(heads * queries * keys), threads);
}
BENCHMARK(attention)
    ->Args({6, 1500, 1500, 1})
    ->Args({6, 1500, 1500, 0})
    ->Args({8, 1500, 1500, 0})
    ->Args({6, 1, 1500, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Input channels, output channels, stride, threads: Whisper's two, with gelu.
void conv(benchmark::State& state) {
  const long in = state.range(0), out = state.range(1), stride = state.range(2);
  const int threads = static_cast<int>(state.range(3));
  Conv c{.in_channels = in,
         .out_channels = out,
         .input = {1, 1, 3000},
         .kernel = {1, 1, 3},
         .stride = {1, 1, stride},
         .pad_begin = {0, 0, 1},
         .output = {1, 1, 3000 / stride}};
  const Floats src(static_cast<size_t>(in * 3000)), weight(static_cast<size_t>(in * out * 3)),
      dst(static_cast<size_t>(out * 3000));
  c.src = src.get();
  c.weight = weight.get();
  c.dst = dst.get();
  c.activation = Activation::kGeluErf;
  const Floats scratch(conv_scratch_bytes(c, threads) / 4);
  for (auto _ : state) {
    run_conv(c, scratch.get(), threads);
    benchmark::ClobberMemory();
  }
  count(state, 6.0 * static_cast<double>(in * out * (3000 / stride)), threads);
}
BENCHMARK(conv)
    ->Args({80, 384, 1, 1})
    ->Args({384, 384, 2, 1})
    ->Args({80, 384, 1, 0})
    ->Args({384, 384, 2, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// m, n, k, threads: u8 by s8, B packed once. of_peak is of the f32 peak.
void gemm_int8_packed(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(3));
  GemmInt8 g{.m = state.range(0), .n = state.range(1), .k = state.range(2)};
  const Floats a(static_cast<size_t>(g.m * g.k / 4)), b(static_cast<size_t>(g.k * g.n / 4)),
      c(static_cast<size_t>(g.m * g.n)), packed(packed_b_int8_bytes(g.k, g.n) / 4);
  pack_b_int8(b.get(), g.n, false, true, g.k, g.n, packed.get());
  g.a = a.get();
  g.lda = g.k;
  g.packed_b = packed.get();
  g.c_f32 = c.get();
  g.ldc = g.n;
  const Floats scratch(gemm_int8_scratch_bytes(g, threads) / 4);
  for (auto _ : state) {
    run_gemm_int8(g, scratch.get(), threads);
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * static_cast<double>(g.m * g.n * g.k), threads);
}
BENCHMARK(gemm_int8_packed)
    ->Args({1500, 384, 384, 1})
    ->Args({1500, 1536, 384, 0})
    ->Args({1, 1536, 384, 0})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace escuta::kernels
