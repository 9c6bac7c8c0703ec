#include "ops/image.h"

#include <string_view>

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace escuta::ops {
namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t at;
  std::string_view bytes;
  int codec;
};

// How files of each format begin.
constexpr Magic kMagic[] = {
    {0, "BM"sv, AV_CODEC_ID_BMP},
    {0, "\x89PNG\r\n\x1a\n"sv, AV_CODEC_ID_PNG},
    {0, "\0\0\0\x0cjP  "sv, AV_CODEC_ID_JPEG2000},
    {0, "\xff\x4f\xff\x51"sv, AV_CODEC_ID_JPEG2000},
    {0, "II*\0"sv, AV_CODEC_ID_TIFF},
    {0, "MM\0*"sv, AV_CODEC_ID_TIFF},
    {8, "WEBP"sv, AV_CODEC_ID_WEBP},
    {0, "P1"sv, AV_CODEC_ID_PBM},
    {0, "P4"sv, AV_CODEC_ID_PBM},
    {0, "P2"sv, AV_CODEC_ID_PGM},
    {0, "P5"sv, AV_CODEC_ID_PGM},
    {0, "P3"sv, AV_CODEC_ID_PPM},
    {0, "P6"sv, AV_CODEC_ID_PPM},
    {0, "P7"sv, AV_CODEC_ID_PAM},
};

}  // namespace

Result<uint8_t*> image_memory(Call& call, int64_t width, int64_t height) {
  if (width < 1 || height < 1 || width > kMaxPixels || height > kMaxPixels / width) {
    return out_of_range("expected an image of at most {} pixels, found {} by {}", kMaxPixels, width,
                        height);
  }
  return call.scratch_of<uint8_t>(width * height * 3);
}

Result<Image> decode_image(Call& call, std::span<const uint8_t> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with("\xff\xd8\xff"sv)) return decode_jpeg(call, file);
  for (const Magic& magic : kMagic) {
    if (text.size() > magic.at && text.substr(magic.at).starts_with(magic.bytes)) {
      return decode_with_libav(call, file, magic.codec);
    }
  }
  return invalid_argument("expected BMP, JPEG, JPEG 2000, PNG, PNM, TIFF or WebP");
}

}  // namespace escuta::ops
