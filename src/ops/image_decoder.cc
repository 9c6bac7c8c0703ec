// ImageDecoder (ai.onnx 20): the pixels of an image file, [height, width, channels]: RGB, BGR or
// Grayscale (ITU-R BT.601 luma). A file that cannot be decoded gives no pixels.
#include "ops/arguments.h"
#include "ops/image.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum class Format { kRgb, kBgr, kGrayscale };

Format format_of(const NodeInfo& node) {
  const std::string name = node.text("pixel_format", "RGB");
  if (name == "BGR") return Format::kBgr;
  if (name == "Grayscale") return Format::kGrayscale;
  if (name != "RGB") {
    node.fail(invalid_argument("attribute `pixel_format`: expected RGB, BGR or Grayscale, found {}",
                               name));
  }
  return Format::kRgb;
}

void infer(Inference& node) {
  const int64_t channels = format_of(node) == Format::kGrayscale ? 1 : 3;
  node.set(0, DType::kUint8, Dims{Dim(), Dim(), Dim(channels)});
}

class ImageDecoder final : public Kernel {
 public:
  explicit ImageDecoder(const NodeInfo& node) : format_(format_of(node)) {}

  Status run(Call& call) const override {
    if (call.dtype(0) != DType::kUint8 || call.shape(0).rank() != 1) {
      return invalid_argument("expected a vector of uint8, found {} {}", dtype_name(call.dtype(0)),
                              call.shape(0).to_string());
    }
    const int64_t channels = format_ == Format::kGrayscale ? 1 : 3;
    const Result<Image> image = decode_image(call, call.input(0).as<uint8_t>());
    if (!image.ok()) {
      if (image.status().code() == StatusCode::kResourceExhausted) return image.status();
      return call.output<uint8_t>(0, Shape{0, 0, channels}).status();
    }
    ASSIGN_OR_RETURN(uint8_t * dst,
                     call.output<uint8_t>(0, Shape{image->height, image->width, channels}));
    const uint8_t* rgb = image->rgb;
    for (int64_t i = 0; i < image->height * image->width; ++i, rgb += 3) {
      if (format_ == Format::kGrayscale) {
        // The weights 0.299, 0.587, 0.114 in 16 bits.
        const unsigned luma = rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u;
        *dst++ = static_cast<uint8_t>(luma >> 16);
        continue;
      }
      *dst++ = rgb[format_ == Format::kRgb ? 0 : 2];
      *dst++ = rgb[1];
      *dst++ = rgb[format_ == Format::kRgb ? 2 : 0];
    }
    return {};
  }

 private:
  Format format_;
};

}  // namespace

extern const Operator kImageDecoder = {.domain = "",
                                       .name = "ImageDecoder",
                                       .versions = {20},
                                       .inputs = {1, 1},
                                       .infer = infer,
                                       .create = make<ImageDecoder>};

}  // namespace escuta::ops
