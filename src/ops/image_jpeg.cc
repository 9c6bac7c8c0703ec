// JPEG by libjpeg: islow transform, "fancy" upsampling of the colours, as are its defaults.
#include <csetjmp>
#include <cstdio>

extern "C" {
#include <jpeglib.h>
}

#include "ops/image.h"

namespace escuta::ops {
namespace {

// A progressive file may have any number of scans over the whole image; real ones have about ten.
constexpr int kMaxScans = 200;
constexpr long kMaxMemory = 1L << 30;

// libjpeg calls back for errors and must not be returned to: it leaves by longjmp. Nothing in the
// functions that it leaves has a destructor.
struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = {};
};

Decoder& decoder_of(j_common_ptr info) { return *static_cast<Decoder*>(info->client_data); }

[[noreturn]] void on_error(j_common_ptr info) {
  Decoder& decoder = decoder_of(info);
  decoder.errors.format_message(info, decoder.message);
  std::longjmp(decoder.escape, 1);
}

void on_message(j_common_ptr) {}

void on_progress(j_common_ptr info) {
  Decoder& decoder = decoder_of(info);
  if (decoder.info.input_scan_number <= kMaxScans) return;
  std::snprintf(decoder.message, sizeof(decoder.message), "more than %d scans", kMaxScans);
  std::longjmp(decoder.escape, 1);
}

// Up to the size of the image.
bool read_header(Decoder& decoder, const unsigned char* file, size_t bytes) {
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.output_message = on_message;
  decoder.info.client_data = &decoder;
  if (setjmp(decoder.escape) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  decoder.info.client_data = &decoder;  // creating has cleared it
  decoder.progress.progress_monitor = on_progress;
  decoder.info.progress = &decoder.progress;
  decoder.info.mem->max_memory_to_use = kMaxMemory;
  jpeg_mem_src(&decoder.info, file, static_cast<unsigned long>(bytes));
  jpeg_read_header(&decoder.info, TRUE);
  decoder.info.out_color_space = JCS_RGB;
  return true;
}

bool read_pixels(Decoder& decoder, uint8_t* rgb) {
  if (setjmp(decoder.escape) != 0) return false;
  jpeg_start_decompress(&decoder.info);
  const size_t stride = size_t{decoder.info.output_width} * 3;
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = rgb + decoder.info.output_scanline * stride;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  return true;
}

}  // namespace

Result<Image> decode_jpeg(Call& call, std::span<const uint8_t> file) {
  Decoder decoder;
  struct Closer {
    Decoder& decoder;
    ~Closer() { jpeg_destroy_decompress(&decoder.info); }
  } closer{decoder};
  if (!read_header(decoder, file.data(), file.size())) {
    return invalid_argument("JPEG: {}", decoder.message);
  }
  Image image = {.width = decoder.info.image_width, .height = decoder.info.image_height};
  ASSIGN_OR_RETURN(uint8_t * rgb, image_memory(call, image.width, image.height));
  if (!read_pixels(decoder, rgb)) return invalid_argument("JPEG: {}", decoder.message);
  image.rgb = rgb;
  return image;
}

}  // namespace escuta::ops
