// Packing of matrices for gemm.cc, ahead of the products.
#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/gemm_layout.h"

namespace escuta::kernels {
namespace {

constexpr long kMaxNr = 64;
constexpr long kStripeFloats = 1 << 20;  // of the source, read before its pages may go

// One B on its way into panels. Source rows are visited in order, a stripe at a time: rows along k,
// or, where B is transposed, rows that are columns.
class PanelPacker {
 public:
  PanelPacker(PanelType type, const float* b, long ldb, bool transpose, long k, long n, void* dst,
              const GemmLoops<float>& loops)
      : type_(type),
        b_(b),
        ldb_(ldb),
        transpose_(transpose),
        k_(k),
        n_(n),
        dst_(dst),
        loops_(loops),
        depth_(type == PanelType::kInt8 ? kScaledDepth : 16) {
    ESCUTA_CHECK(loops.nr <= kMaxNr);
  }

  bool run(const RowsRead& rows_read) {
    const long rows = transpose_ ? n_ : k_;
    const long step = transpose_ ? loops_.nr : depth_;
    const long stripe = round_up(std::max(kStripeFloats / std::max(ldb_, 1L), 1L), step);
    for (long begin = 0; begin < rows && fits_; begin += stripe) {
      const long end = std::min(begin + stripe, rows);
      if (transpose_) {
        pack(begin / loops_.nr, ceil_div(end, loops_.nr), 0, k_);
      } else {
        pack(0, ceil_div(n_, loops_.nr), begin, end);
      }
      if (rows_read != nullptr) rows_read(begin, end);
    }
    return fits_;
  }

 private:
  // The part [from, to) of k of panels [first, last).
  void pack(long first, long last, long from, long to) {
    // Panels beside each other share the pages and lines of their rows: one task's.
    const long group = std::clamp((last - first) / 16, 1L, 8L);
    thread_pool().parallel_for(ceil_div(last - first, group), 0, [&](long i, int) {
      const long begin = first + i * group, end = std::min(begin + group, last);
      for (long at = from; at < to; at += depth_) {
        for (long panel = begin; panel < end; ++panel) {
          if (!fits_.load(std::memory_order_relaxed)) return;
          pack_part(panel, at, std::min(depth_, to - at));
        }
      }
    });
  }

  void pack_part(long panel, long from, long depth) {
    const long column = panel * loops_.nr, filled = std::min(loops_.nr, n_ - column);
    const float* src = b_ + (transpose_ ? column * ldb_ + from : from * ldb_ + column);
    void* dst = static_cast<std::byte*>(dst_) + panel * panel_bytes(type_, k_, loops_) +
                row_bytes(type_, from, loops_);
    if (type_ == PanelType::kOwn) {
      loops_.pack_panels(src, ldb_, transpose_, depth, filled, static_cast<float*>(dst), 0);
      return;
    }
    float part[kScaledDepth * kMaxNr];
    loops_.pack_panels(src, ldb_, transpose_, depth, filled, part, 0);
    if (type_ == PanelType::kInt8) return loops_.quantize(part, depth, dst);
    // Columns beyond the last are zeros, which fit.
    if (!loops_.fits(type_, part, depth * loops_.nr)) fits_ = false;
    loops_.narrow(type_, part, static_cast<unsigned short*>(dst), depth * loops_.nr);
  }

  PanelType type_;
  const float* b_;
  long ldb_;
  bool transpose_;
  long k_, n_;
  void* dst_;
  const GemmLoops<float>& loops_;
  long depth_;  // rows that are read side by side
  std::atomic<bool> fits_{true};
};

}  // namespace

size_t packed_b_bytes(long k, long n, const KernelTable& table) {
  return packed_b_bytes_as(PanelType::kOwn, k, n, table);
}

void pack_b(const float* b, long ldb, bool transpose_b, long k, long n, float* dst,
            const KernelTable& table) {
  PanelPacker(PanelType::kOwn, b, ldb, transpose_b, k, n, dst, table.gemm_f32).run(nullptr);
}

PanelType panel_type_for(const float* numbers, long n, const KernelTable& table) {
  if (table.gemm_f32.fits == nullptr) return PanelType::kOwn;
  for (const PanelType type : {PanelType::kFloat16, PanelType::kBfloat16}) {
    if (table.gemm_f32.fits(type, numbers, n)) return type;
  }
  return PanelType::kOwn;
}

size_t packed_b_bytes_as(PanelType type, long k, long n, const KernelTable& table) {
  const GemmLoops<float>& loops = table.gemm_f32;
  return static_cast<size_t>(ceil_div(n, loops.nr) * panel_bytes(type, k, loops));
}

bool pack_b_as(PanelType type, const float* b, long ldb, bool transpose_b, long k, long n,
               void* dst, const RowsRead& rows_read, const KernelTable& table) {
  return PanelPacker(type, b, ldb, transpose_b, k, n, dst, table.gemm_f32).run(rows_read);
}

size_t packed_a_bytes(long m, long k, const KernelTable& table) {
  const GemmLoops<float>& loops = table.gemm_f32;
  return static_cast<size_t>(ceil_div(m, loops.mr) * tile_stride(k, loops)) * sizeof(float);
}

void pack_a(const float* a, long lda, bool transpose_a, long m, long k, float* dst,
            const KernelTable& table) {
  const GemmLoops<float>& loops = table.gemm_f32;
  loops.pack_tiles(a, lda, transpose_a, m, k, dst, tile_stride(k, loops));
}

}  // namespace escuta::kernels
