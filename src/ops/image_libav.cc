// Images by libavcodec, and its pixels as RGB.
#include <algorithm>
#include <array>
#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
}

#include "ops/image.h"

namespace escuta::ops {
namespace {

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

Result<Frame> decode(std::span<const uint8_t> file, int codec_id) {
  const AVCodec* codec = avcodec_find_decoder(static_cast<AVCodecID>(codec_id));
  if (codec == nullptr) {
    return unimplemented("libavcodec was built without a decoder for {}",
                         avcodec_get_name(static_cast<AVCodecID>(codec_id)));
  }
  std::unique_ptr<AVCodecContext, FreeContext> context(avcodec_alloc_context3(codec));
  std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  Frame frame(av_frame_alloc());
  if (context == nullptr || packet == nullptr || frame == nullptr ||
      file.size() > static_cast<size_t>(INT32_MAX) - AV_INPUT_BUFFER_PADDING_SIZE ||
      av_new_packet(packet.get(), static_cast<int>(file.size())) < 0) {
    return resource_exhausted("no memory to decode an image of {} bytes", file.size());
  }
  std::ranges::copy(file, packet->data);
  context->thread_count = 1;
  context->max_pixels = kMaxPixels;
  context->log_level_offset = 2 * AV_LOG_TRACE;  // what is wrong is in the result
  if (avcodec_open2(context.get(), codec, nullptr) < 0 ||
      avcodec_send_packet(context.get(), packet.get()) < 0) {
    return invalid_argument("{}: the image is damaged", codec->name);
  }
  avcodec_send_packet(context.get(), nullptr);  // its end
  if (avcodec_receive_frame(context.get(), frame.get()) < 0) {
    return invalid_argument("{}: the image is damaged", codec->name);
  }
  return frame;
}

// One colour of a line, as 8 bits.
void read_line(const AVFrame& frame, const AVPixFmtDescriptor& format, int line, int component,
               uint16_t* wide, uint8_t* rgb) {
  std::array<const uint8_t*, 4> planes = {frame.data[0], frame.data[1], frame.data[2],
                                          frame.data[3]};
  av_read_image_line(wide, planes.data(), frame.linesize, &format, 0, line, component, frame.width,
                     0);
  const int depth = format.comp[component].depth;
  if (depth >= 8) {
    for (int x = 0; x < frame.width; ++x) rgb[3 * x] = static_cast<uint8_t>(wide[x] >> (depth - 8));
  } else {
    const int top = (1 << depth) - 1;
    for (int x = 0; x < frame.width; ++x) {
      rgb[3 * x] = static_cast<uint8_t>((wide[x] & top) * 255 / top);
    }
  }
}

// Indices into a palette of 256 words 0xAARRGGBB.
void convert_palette(const AVFrame& frame, uint8_t* rgb) {
  const auto* palette = reinterpret_cast<const uint32_t*>(frame.data[1]);
  for (int y = 0; y < frame.height; ++y) {
    const uint8_t* line = frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0];
    for (int x = 0; x < frame.width; ++x) {
      const uint32_t color = palette[line[x]];
      *rgb++ = static_cast<uint8_t>(color >> 16);
      *rgb++ = static_cast<uint8_t>(color >> 8);
      *rgb++ = static_cast<uint8_t>(color);
    }
  }
}

// RGB of any order and depth, and shades of grey.
void convert_colors(const AVFrame& frame, const AVPixFmtDescriptor& format, uint16_t* wide,
                    uint8_t* rgb) {
  const bool gray = format.nb_components < 3;
  for (int y = 0; y < frame.height; ++y, rgb += std::ptrdiff_t{3} * frame.width) {
    for (int c = 0; c < 3; ++c) read_line(frame, format, y, gray ? 0 : c, wide, rgb + c);
  }
}

// The colour of a pixel between four of half the resolution, weighed 9 : 3 : 3 : 1, as libwebp
// rounds it ("fancy upsampling"); at the left and right edges 3 : 1.
int upsample(const uint8_t* near, const uint8_t* far, int x, int width) {
  const int here = x / 2;
  const int last = (width - 1) / 2;
  const int beside = x % 2 == 0 ? here - 1 : here + 1;
  if (beside < 0 || beside > last || (x == width - 1 && x % 2 == 1)) {
    return (3 * near[here] + far[here] + 2) >> 2;
  }
  const int a = near[here], b = near[beside], c = far[here], d = far[beside];
  return (((a + b + c + d + 8 + 2 * (b + c)) >> 3) + a) >> 1;
}

uint8_t clamp_fixed(int value) { return static_cast<uint8_t>(std::clamp(value >> 6, 0, 255)); }

// WebP's YUV 4:2:0 (BT.601, 16..235), in libwebp's fixed-point arithmetic.
void convert_webp(const AVFrame& frame, uint8_t* rgb) {
  const auto times = [](int value, int factor) { return (value * factor) >> 8; };
  const int last = (frame.height - 1) / 2;
  for (int y = 0; y < frame.height; ++y) {
    const int near = y / 2;
    const int far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, last);
    const auto row = [&](int plane, int line) {
      return frame.data[plane] + std::ptrdiff_t{line} * frame.linesize[plane];
    };
    for (int x = 0; x < frame.width; ++x) {
      const int luma = times(row(0, y)[x], 19077);
      const int u = upsample(row(1, near), row(1, far), x, frame.width);
      const int v = upsample(row(2, near), row(2, far), x, frame.width);
      *rgb++ = clamp_fixed(luma + times(v, 26149) - 14234);
      *rgb++ = clamp_fixed(luma - times(u, 6419) - times(v, 13320) + 8708);
      *rgb++ = clamp_fixed(luma + times(u, 33050) - 17685);
    }
  }
}

}  // namespace

Result<Image> decode_with_libav(Call& call, std::span<const uint8_t> file, int codec) {
  ASSIGN_OR_RETURN(const Frame frame, decode(file, codec));
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format));
  Image image = {.width = frame->width, .height = frame->height};
  ASSIGN_OR_RETURN(uint8_t * rgb, image_memory(call, image.width, image.height));
  if (frame->format == AV_PIX_FMT_PAL8) {
    convert_palette(*frame, rgb);
  } else if (frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVA420P) {
    if (codec != AV_CODEC_ID_WEBP) return unimplemented("images in YUV are not supported");
    convert_webp(*frame, rgb);
  } else if (format != nullptr && (format->flags & AV_PIX_FMT_FLAG_HWACCEL) == 0 &&
             ((format->flags & AV_PIX_FMT_FLAG_RGB) != 0 || format->nb_components < 3)) {
    ASSIGN_OR_RETURN(uint16_t * wide, call.scratch_of<uint16_t>(image.width));
    convert_colors(*frame, *format, wide, rgb);
    if (frame->format == AV_PIX_FMT_MONOWHITE) {  // 0 is white
      for (int64_t i = 0; i < image.width * image.height * 3; ++i) {
        rgb[i] = static_cast<uint8_t>(255 - rgb[i]);
      }
    }
  } else {
    return unimplemented("pixels of format {} are not supported",
                         format == nullptr ? "unknown" : format->name);
  }
  image.rgb = rgb;
  return image;
}

}  // namespace escuta::ops
