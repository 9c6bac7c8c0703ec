#include "kernels/transpose_bytes.h"

#include <algorithm>
#include <cstring>

namespace escuta::kernels {
namespace {

constexpr int kSquare = 16;
typedef unsigned char Line __attribute__((vector_size(kSquare)));

Line low_halves(Line a, Line b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
Line high_halves(Line a, Line b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

// Rows that are 8 apart, interleaved: four times, and what was a column is a row.
void square(const unsigned char* src, long src_stride, unsigned char* dst, long dst_stride) {
  Line lines[kSquare], next[kSquare];
  for (int i = 0; i < kSquare; ++i) std::memcpy(&lines[i], src + i * src_stride, kSquare);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kSquare / 2; ++i) {
      next[2 * i] = low_halves(lines[i], lines[i + kSquare / 2]);
      next[2 * i + 1] = high_halves(lines[i], lines[i + kSquare / 2]);
    }
    for (int i = 0; i < kSquare / 2; ++i) {
      lines[2 * i] = low_halves(next[i], next[i + kSquare / 2]);
      lines[2 * i + 1] = high_halves(next[i], next[i + kSquare / 2]);
    }
  }
  for (int i = 0; i < kSquare; ++i) std::memcpy(dst + i * dst_stride, &lines[i], kSquare);
}

}  // namespace

void transpose_bytes(const unsigned char* src, long src_stride, long rows, long cols,
                     unsigned char* dst, long dst_stride) {
  for (long c = 0; c < cols; c += kSquare) {
    const long width = std::min<long>(kSquare, cols - c);
    for (long r = 0; r < rows; r += kSquare) {
      const long height = std::min<long>(kSquare, rows - r);
      const unsigned char* from = src + r * src_stride + c;
      unsigned char* to = dst + c * dst_stride + r;
      if (width == kSquare && height == kSquare) {
        square(from, src_stride, to, dst_stride);
        continue;
      }
      for (long i = 0; i < width; ++i) {
        for (long j = 0; j < height; ++j) to[i * dst_stride + j] = from[j * src_stride + i];
      }
    }
  }
}

}  // namespace escuta::kernels
