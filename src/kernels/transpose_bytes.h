// The transpose of a matrix of bytes, in squares of 16 by 16 that fit in registers.
#pragma once

namespace escuta::kernels {

// dst [cols, rows] = the transpose of src [rows, cols]; strides are from a row to the next. dst
// must not be src.
void transpose_bytes(const unsigned char* src, long src_stride, long rows, long cols,
                     unsigned char* dst, long dst_stride);

}  // namespace escuta::kernels
