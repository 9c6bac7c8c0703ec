// What this processor can do at most, as JSON: multiply-adds in registers, int8 dot products,
// bytes read from memory; for 1, 2, ... threads. bench/peers turns them into a bound for each row.
//
// Compiled once per instruction set with ESCUTA_LIMITS_ISA, which leaves the two loops, and once
// without, which is the program: it takes the best set that this processor has.
#include <cstddef>
#include <cstdint>

namespace escuta::limits {

// Each function does `rounds` rounds of independent operations and returns something of their
// result, so that none is left out. *operations: in one round, a multiply and an add being two.
struct Loops {
  const char* name;
  float (*fma_f32)(int64_t rounds, int64_t* operations);
  // Null where int8 has no instruction that multiplies and adds to 32 bits without saturating.
  int32_t (*dot_int8)(int64_t rounds, int64_t* operations);
  uint64_t (*read)(const std::byte* data, size_t bytes);
};

}  // namespace escuta::limits

#ifdef ESCUTA_LIMITS_ISA

#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

namespace escuta::limits {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
typedef float Floats __attribute__((vector_size(kVectorBytes)));
typedef uint64_t Words __attribute__((vector_size(kVectorBytes)));

// Makes a vector in a register opaque: or a product with a constant would leave the loop, and sums
// that begin alike would become one.
#if defined(__x86_64__)
#define ESCUTA_LIMITS_OPAQUE(x) asm volatile("" : "+x"(x))
#else
#define ESCUTA_LIMITS_OPAQUE(x) asm volatile("" : "+w"(x))
#endif

// Two units of a latency of four or five cycles want ten sums that do not wait for each other.
constexpr int kSums = 12;

float fma_f32(int64_t rounds, int64_t* operations) {
  *operations = int64_t{kSums} * 2 * (kVectorBytes / 4);
  Floats sum[kSums] = {};
  for (Floats& one : sum) ESCUTA_LIMITS_OPAQUE(one);
  Floats x = Floats{} + 0.999F, y = Floats{} + 0.001F;
  for (int64_t i = 0; i < rounds; ++i) {
    ESCUTA_LIMITS_OPAQUE(x);
    ESCUTA_LIMITS_OPAQUE(y);
#pragma GCC unroll 12
    for (int k = 0; k < kSums; ++k) sum[k] = sum[k] * x + y;
  }
  Floats all = sum[0];
  for (int k = 1; k < kSums; ++k) all += sum[k];
  return all[0];
}

#ifdef __AVX512VNNI__
int32_t dot_int8(int64_t rounds, int64_t* operations) {
  *operations = int64_t{kSums} * 2 * kVectorBytes;
  __m512i sum[kSums] = {};
  for (__m512i& one : sum) ESCUTA_LIMITS_OPAQUE(one);
  __m512i x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(2);
  for (int64_t i = 0; i < rounds; ++i) {
    ESCUTA_LIMITS_OPAQUE(x);
    ESCUTA_LIMITS_OPAQUE(y);
#pragma GCC unroll 12
    for (int k = 0; k < kSums; ++k) sum[k] = _mm512_dpbusd_epi32(sum[k], x, y);
  }
  __m512i all = sum[0];
  for (int k = 1; k < kSums; ++k) all = _mm512_add_epi32(all, sum[k]);
  return _mm512_reduce_add_epi32(all);
}
constexpr auto kDotInt8 = &dot_int8;
#else
constexpr int32_t (*kDotInt8)(int64_t, int64_t*) = nullptr;
#endif

uint64_t read(const std::byte* data, size_t bytes) {
  constexpr size_t kAtOnce = 8;
  Words sum[kAtOnce] = {};
  const auto* words = reinterpret_cast<const Words*>(data);
  for (size_t i = 0; i + kAtOnce <= bytes / kVectorBytes; i += kAtOnce) {
#pragma GCC unroll 8
    for (size_t k = 0; k < kAtOnce; ++k) sum[k] ^= words[i + k];
  }
  Words all = sum[0];
  for (size_t k = 1; k < kAtOnce; ++k) all ^= sum[k];
  return all[0];
}

}  // namespace

#define ESCUTA_LIMITS_JOIN2(a, b) a##b
#define ESCUTA_LIMITS_JOIN(a, b) ESCUTA_LIMITS_JOIN2(a, b)
#define ESCUTA_LIMITS_TEXT2(a) #a
#define ESCUTA_LIMITS_TEXT(a) ESCUTA_LIMITS_TEXT2(a)
extern const Loops ESCUTA_LIMITS_JOIN(kLoops_, ESCUTA_LIMITS_ISA);
const Loops ESCUTA_LIMITS_JOIN(kLoops_, ESCUTA_LIMITS_ISA) = {ESCUTA_LIMITS_TEXT(ESCUTA_LIMITS_ISA),
                                                              &fma_f32, kDotInt8, &read};

}  // namespace escuta::limits

#else  // The program.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/json.h"

namespace escuta::limits {

extern const Loops kLoops_generic;
#ifdef ESCUTA_LIMITS_X86
extern const Loops kLoops_avx2, kLoops_avx512, kLoops_avx512vnni;
#endif

namespace {

const Loops& best_loops() {
#ifdef ESCUTA_LIMITS_X86
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  if (avx512 && __builtin_cpu_supports("avx512vnni")) return kLoops_avx512vnni;
  if (avx512) return kLoops_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kLoops_avx2;
#endif
  return kLoops_generic;
}

// The shortest time that `part(thread)` took on all threads at once, over repetitions, in seconds.
double best_seconds(int threads, const std::function<void(int)>& part) {
  constexpr int kRepeats = 12;
  double best_ms = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const Stopwatch clock;
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(part, i);
    part(0);
    for (std::thread& other : others) other.join();
    best_ms = repeat == 0 ? clock.ms() : std::min(best_ms, clock.ms());
  }
  return best_ms / 1e3;
}

volatile double sink;  // what keeps the results alive

// Billions of operations a second.
template <class Function>
double rate(Function loop, int threads) {
  constexpr int64_t kRounds = 4000000;  // tens of milliseconds, far above a thread's start
  int64_t operations = 0;
  loop(1, &operations);
  const double seconds = best_seconds(threads, [&](int) {
    int64_t ignored = 0;
    sink = static_cast<double>(loop(kRounds, &ignored));
  });
  return static_cast<double>(operations) * kRounds * threads / seconds / 1e9;
}

// A block larger than any cache, on whole pages that have been written.
class Block {
 public:
  static constexpr size_t kBytes = size_t{1} << 29;
  Block() : data_(static_cast<std::byte*>(::operator new (kBytes, std::align_val_t{4096}))) {
    std::fill_n(data_, kBytes, std::byte{1});
  }
  ~Block() { ::operator delete (data_, std::align_val_t{4096}); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  const std::byte* data() const { return data_; }

 private:
  std::byte* data_;
};

// Billions of bytes a second; each thread reads a share of its own.
double read_rate(const Loops& loops, const Block& block, int threads) {
  const size_t share = Block::kBytes / static_cast<size_t>(threads) / 4096 * 4096;
  const double seconds = best_seconds(threads, [&](int i) {
    sink = static_cast<double>(loops.read(block.data() + static_cast<size_t>(i) * share, share));
  });
  return static_cast<double>(share) * threads / seconds / 1e9;
}

Json measure() {
  const Loops& loops = best_loops();
  const Block block;
  Json fma = Json::object(), dot = Json::object(), read = Json::object();
  for (int threads = 1; threads <= available_cores(); threads *= 2) {
    const std::string key = std::to_string(threads);
    fma[key] = rate(loops.fma_f32, threads);
    if (loops.dot_int8 != nullptr) dot[key] = rate(loops.dot_int8, threads);
    read[key] = read_rate(loops, block, threads);
  }
  Json result = {{"isa", loops.name}, {"fma_gflops", fma}, {"read_gbs", read}};
  result["int8_gops"] = loops.dot_int8 != nullptr ? dot : Json(nullptr);
  return result;
}

}  // namespace
}  // namespace escuta::limits

int main() {
  std::printf("%s\n", escuta::json_dump(escuta::limits::measure()).c_str());
  return 0;
}

#endif
