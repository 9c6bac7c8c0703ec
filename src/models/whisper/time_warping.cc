#include "models/whisper/time_warping.h"

#include <algorithm>
#include <limits>

namespace escuta::whisper {
namespace {

constexpr size_t kSide = kMedianWidth / 2;
constexpr size_t kLanes = 16;  // medians computed side by side, in vector registers

// The medians of kLanes windows, of which the first begins at `src`.
void medians(const float* src, float* dst) {
  float sorted[kMedianWidth][kLanes];
  for (size_t i = 0; i < kMedianWidth; ++i) std::copy_n(src + i, kLanes, sorted[i]);
  // Bubble sort, only until the middle one is known.
  for (size_t end = kMedianWidth; end > kSide; --end) {
    for (size_t i = 0; i + 1 < end; ++i) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        const float a = sorted[i][lane], b = sorted[i + 1][lane];
        sorted[i][lane] = std::min(a, b);
        sorted[i + 1][lane] = std::max(a, b);
      }
    }
  }
  std::copy_n(sorted[kSide], kLanes, dst);
}

}  // namespace

void median_filter(std::span<float> row) {
  if (row.size() <= kSide) return;
  const size_t blocks = (row.size() + kLanes - 1) / kLanes;
  // With both sides, and what the last block reads further on.
  std::vector<float> padded(blocks * kLanes + 2 * kSide);
  std::ranges::copy(row, padded.begin() + kSide);
  for (size_t i = 1; i <= kSide; ++i) {
    padded[kSide - i] = row[i];
    padded[kSide + row.size() - 1 + i] = row[row.size() - 1 - i];
  }
  float block[kLanes];
  for (size_t begin = 0; begin < row.size(); begin += kLanes) {
    medians(padded.data() + begin, block);
    std::copy_n(block, std::min(kLanes, row.size() - begin), row.begin() + begin);
  }
}

std::vector<size_t> warp(const Matrix& cost) {
  if (cost.rows == 0 || cost.columns == 0) return {};
  enum Step : uint8_t { kBoth, kRow, kColumn };
  constexpr float kNever = std::numeric_limits<float>::infinity();
  std::vector<uint8_t> came(cost.rows * cost.columns);
  // What the cheapest way up to each column costs, in the row before and in this one.
  std::vector<float> before(cost.columns + 1, kNever), here(cost.columns + 1);
  before[0] = 0;
  for (size_t i = 0; i < cost.rows; ++i) {
    const std::span<const float> row = cost.row(i);
    here[0] = kNever;
    for (size_t j = 0; j < cost.columns; ++j) {
      const float both = before[j], next_row = before[j + 1], next_column = here[j];
      Step step = kColumn;
      float least = next_column;
      if (both < least) step = kBoth, least = both;
      if (next_row < least) step = kRow, least = next_row;
      here[j + 1] = row[j] + least;
      came[i * cost.columns + j] = step;
    }
    std::swap(before, here);
    before[0] = kNever;
  }
  std::vector<size_t> entered(cost.rows);
  size_t i = cost.rows - 1, j = cost.columns - 1;
  for (;;) {
    entered[i] = j;
    if (i == 0) break;  // the rest of the way is along this row
    const uint8_t step = j == 0 ? uint8_t{kRow} : came[i * cost.columns + j];
    if (step != kColumn) --i;
    if (step != kRow) --j;
  }
  entered[0] = 0;
  return entered;
}

}  // namespace escuta::whisper
