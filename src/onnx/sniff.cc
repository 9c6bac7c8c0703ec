#include "onnx/sniff.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace escuta::onnx {
namespace {

using std::string_view_literals::operator""sv;

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view what;
};

constexpr std::array kMagics = {
    Magic{0, "version https://git-lfs"sv,
          "a Git LFS pointer, not the model itself (run `git lfs pull` in its repository)"sv},
    Magic{0, "PK\x03\x04"sv,
          "a zip archive (PyTorch saves such files; export the model to ONNX)"sv},
    Magic{0, "\x1f\x8b"sv, "a gzip file (unpack it first)"sv},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "a zstd file (unpack it first)"sv},
    Magic{0,
          "\xfd"
          "7zXZ"sv,
          "an xz file (unpack it first)"sv},
    Magic{0, "\x80\x02"sv, "a Python pickle (export the model to ONNX)"sv},
    Magic{0, "\x80\x04"sv, "a Python pickle (export the model to ONNX)"sv},
    Magic{0, "\x89HDF"sv, "an HDF5 file"sv},
    Magic{0, "GGUF"sv, "a GGUF file"sv},
    Magic{0, "lmgg"sv, "a GGML file"sv},
    Magic{4, "ORTM"sv,
          "a model in ONNX Runtime's own .ort format (use the .onnx it was made from)"sv},
    Magic{4, "TFL3"sv, "a TensorFlow Lite model"sv},
    Magic{0, "RIFF"sv, "a RIFF file, such as WAV audio"sv},
    Magic{0,
          "\x7f"
          "ELF"sv,
          "a program or library"sv},
    Magic{0, "<!DOCTYPE"sv, "an HTML page"sv},
    Magic{0, "<html"sv, "an HTML page"sv},
    Magic{0, "<?xml"sv, "an XML file"sv},
};

}  // namespace

std::string describe_foreign(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return "an empty file";
  for (const Magic& magic : kMagics) {
    if (text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes)) {
      return std::string(magic.what);
    }
  }
  const std::string_view start = text.substr(0, 512);
  if (std::ranges::all_of(start, [](char c) { return c == 0; })) return "zeros";
  const bool printable = std::ranges::all_of(start, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
  return printable ? "text" : "";
}

}  // namespace escuta::onnx
