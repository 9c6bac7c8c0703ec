// Products of Whisper's shapes, oneDNN's and ours in turn, as a table: milliseconds (the least of
// many), their ratio, and the share of what the processor's multiply-adds allow.
//
// usage: onednn_bench [LIMITS.json]     LIMITS.json: what bench/peers_limits prints
//
// Both sides have B packed as they like it beforehand, as a model's weights are. Their results are
// compared: in f32 up to rounding, in 8 bits exactly.
#include <fmt/format.h>
#include <omp.h>
#include <dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/cpu.h"
#include "base/files.h"
#include "base/json.h"
#include "kernels/gemm.h"
#include "kernels/gemm_int8.h"

namespace escuta::kernels {
namespace {

struct Shape {
  long m, k, n;
};
constexpr Shape kShapes[] = {
    {1500, 384, 384},  {1500, 384, 1536},  {1500, 1536, 384},  {1500, 512, 512}, {1500, 512, 2048},
    {1500, 2048, 512}, {1500, 1280, 1280}, {1500, 1280, 5120}, {1, 512, 512},    {5, 512, 512},
    {16, 512, 512},    {1, 512, 51865},    {5, 512, 51865},    {16, 512, 51865},
};

template <typename T>
std::vector<T> random_numbers(long count, double low, double high) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> numbers(static_cast<size_t>(count));
  for (T& x : numbers) x = static_cast<T>(uniform(random));
  return numbers;
}

// What is aligned as the kernels ask.
class Aligned {
 public:
  explicit Aligned(size_t bytes) : memory_(bytes + 64) {}
  void* get() {
    void* at = memory_.data();
    size_t space = memory_.size();
    return std::align(64, 0, at, space);
  }

 private:
  std::vector<std::byte> memory_;
};

// oneDNN's product C = A B of the given types, weights in the order that it prefers.
class Other {
 public:
  Other(const Shape& s, dnnl::memory::data_type a_type, dnnl::memory::data_type b_type,
        dnnl::memory::data_type c_type, void* a, void* b, void* c)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using Memory = dnnl::memory;
    using Tag = Memory::format_tag;
    const Memory::desc a_rows({s.m, s.k}, a_type, Tag::ab), b_rows({s.k, s.n}, b_type, Tag::ab);
    const Memory::desc b_any({s.k, s.n}, b_type, Tag::any), c_rows({s.m, s.n}, c_type, Tag::ab);
    const dnnl::matmul::primitive_desc plan(engine_, a_rows, b_any, c_rows);
    product_ = dnnl::matmul(plan);
    Memory packed(plan.weights_desc(), engine_);
    Memory plain(b_rows, engine_, b);
    dnnl::reorder(plain, packed).execute(stream_, plain, packed);
    stream_.wait();
    arguments_ = {{DNNL_ARG_SRC, Memory(a_rows, engine_, a)},
                  {DNNL_ARG_WEIGHTS, packed},
                  {DNNL_ARG_DST, Memory(c_rows, engine_, c)}};
  }
  void run() {
    product_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::matmul product_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

double seconds_of(const std::function<void()>& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Times {
  double ours = 1e9, other = 1e9;
};

// In turn, some calls of each; a pause lets the other side's threads go to sleep.
Times measure(const std::function<void()>& ours, const std::function<void()>& other) {
  Times best;
  const int calls = static_cast<int>(std::clamp(2e-3 / seconds_of(ours), 1.0, 50.0));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (int round = 0; round < 5 || std::chrono::steady_clock::now() < end; ++round) {
    const auto pause = std::chrono::milliseconds(3);
    for (int i = 0; i < calls; ++i) best.ours = std::min(best.ours, seconds_of(ours));
    std::this_thread::sleep_for(pause);
    for (int i = 0; i < calls; ++i) best.other = std::min(best.other, seconds_of(other));
    std::this_thread::sleep_for(pause);
  }
  return best;
}

// A row of the table; `bound`: 1e9 operations a second, 0 where unknown.
void print_row(const char* type, int threads, const Shape& s, const Times& times, double bound) {
  const double operations =
      2e-9 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  const auto share = [&](double seconds) {
    return bound > 0 ? fmt::format("{:.0f} %", 100 * operations / seconds / bound) : "-";
  };
  fmt::print("| {} | {} | {} x {} x {} | {:.4g} | {:.4g} | {:.2f} | {} | {} |\n", type, threads,
             s.m, s.k, s.n, 1e3 * times.ours, 1e3 * times.other, times.ours / times.other,
             share(times.ours), share(times.other));
  std::fflush(stdout);
}

[[noreturn]] void differ(const Shape& s, size_t at, double ours, double other) {
  fmt::print(stderr, "{} x {} x {}: element {} is {}, oneDNN has {}\n", s.m, s.k, s.n, at, ours,
             other);
  std::exit(1);
}

void compare_f32(const Shape& s, int threads, double bound) {
  auto a = random_numbers<float>(s.m * s.k, -1, 1), b = random_numbers<float>(s.k * s.n, -1, 1);
  std::vector<float> c(static_cast<size_t>(s.m * s.n)), c_other(c.size());
  Aligned packed(packed_b_bytes(s.k, s.n));
  pack_b(b.data(), s.n, false, s.k, s.n, static_cast<float*>(packed.get()));
  Gemm gemm{.m = s.m, .n = s.n, .k = s.k, .a = a.data(), .lda = s.k};
  gemm.packed_b = packed.get();
  gemm.c = c.data();
  gemm.ldc = s.n;
  Aligned scratch(gemm_scratch_bytes(gemm, threads));
  using Type = dnnl::memory::data_type;
  Other other(s, Type::f32, Type::f32, Type::f32, a.data(), b.data(), c_other.data());
  const Times times =
      measure([&] { run_gemm(gemm, scratch.get(), threads); }, [&] { other.run(); });
  for (size_t i = 0; i < c.size(); ++i) {
    if (std::abs(c[i] - c_other[i]) > 1e-3F) differ(s, i, c[i], c_other[i]);
  }
  print_row("f32", threads, s, times, bound);
}

void compare_int8(const Shape& s, int threads, double bound) {
  auto a = random_numbers<uint8_t>(s.m * s.k, 0, 255);
  auto b = random_numbers<int8_t>(s.k * s.n, -127, 127);
  std::vector<int32_t> c(static_cast<size_t>(s.m * s.n)), c_other(c.size());
  Aligned packed(packed_b_int8_bytes(s.k, s.n));
  pack_b_int8(b.data(), s.n, false, true, s.k, s.n, packed.get());
  GemmInt8 gemm{.m = s.m, .n = s.n, .k = s.k, .a = a.data(), .lda = s.k};
  gemm.packed_b = packed.get();
  gemm.c = c.data();
  gemm.ldc = s.n;
  Aligned scratch(gemm_int8_scratch_bytes(gemm, threads));
  using Type = dnnl::memory::data_type;
  Other other(s, Type::u8, Type::s8, Type::s32, a.data(), b.data(), c_other.data());
  const Times times =
      measure([&] { run_gemm_int8(gemm, scratch.get(), threads); }, [&] { other.run(); });
  for (size_t i = 0; i < c.size(); ++i) {
    if (c[i] != c_other[i]) differ(s, i, c[i], c_other[i]);
  }
  print_row("u8s8s32", threads, s, times, bound);
}

double bound_of(const Json& limits, const char* kind, int threads) {
  const std::string key = std::to_string(threads);
  if (!limits.is_object() || !limits.contains(kind) || !limits[kind].contains(key)) return 0;
  return limits[kind][key].get<double>();
}

int run(int argc, char** argv) {
  Json limits;
  if (argc > 1) {
    const Result<std::string> text = read_file(argv[1], 1 << 20);
    if (!text.ok()) {
      fmt::print(stderr, "{}\n", text.status().message());
      return 2;
    }
    limits = Json::parse(*text);
  }
  const dnnl_version_t& version = *dnnl_version();
  fmt::print("oneDNN {}.{}.{} beside the kernels of {}\n\n", version.major, version.minor,
             version.patch, kernels().isa);
  fmt::print(
      "| type | threads | m x k x n | escuta, ms | oneDNN, ms | ratio | escuta, of bound | oneDNN, "
      "of "
      "bound |\n|---|---:|---|---:|---:|---:|---:|---:|\n");
  for (int threads = 1; threads <= std::min(2, available_cores()); ++threads) {
    omp_set_num_threads(threads);
    for (const Shape& shape : kShapes) {
      compare_f32(shape, threads, bound_of(limits, "fma_gflops", threads));
    }
    for (const Shape& shape : kShapes) {
      compare_int8(shape, threads, bound_of(limits, "int8_gops", threads));
    }
  }
  return 0;
}

}  // namespace
}  // namespace escuta::kernels

int main(int argc, char** argv) {
  try {
    return escuta::kernels::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "onednn_bench: %s\n", error.what());
    return 1;
  }
}
