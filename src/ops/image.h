// Image files, decoded to pixels: ImageDecoder.
//
// JPEG goes through libjpeg, whose arithmetic the operator's specification asks for; BMP, JPEG
// 2000, PNG, PNM, TIFF and WebP through libavcodec. Files are hostile: sizes are limited, errors of
// the libraries are results. Any thread.
#pragma once

#include <cstdint>
#include <span>

#include "ops/call.h"

namespace escuta::ops {

struct Image {
  int64_t width = 0, height = 0;
  const uint8_t* rgb = nullptr;  // [height, width, 3], in the call's scratch
};

// InvalidArgument: no image of a format that we know, or a damaged one. OutOfRange: more than
// kMaxPixels.
inline constexpr int64_t kMaxPixels = int64_t{1} << 28;
Result<Image> decode_image(Call& call, std::span<const uint8_t> file);

// One format each, for decode_image.
Result<Image> decode_jpeg(Call& call, std::span<const uint8_t> file);
Result<Image> decode_with_libav(Call& call, std::span<const uint8_t> file, int codec);

// Memory for an image of this size. OutOfRange beyond kMaxPixels.
Result<uint8_t*> image_memory(Call& call, int64_t width, int64_t height);

}  // namespace escuta::ops
