#include "jobs/media_names.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace escuta::jobs {
namespace {

constexpr std::array kMedia = std::to_array<std::string_view>({
    "3g2",  "3ga",  "3gp",  "aa",  "aac", "ac3", "aif", "aifc", "aiff", "amr",  "ape",
    "asf",  "au",   "avi",  "awb", "caf", "dts", "dv",  "eac3", "f4v",  "flac", "flv",
    "gsm",  "m2ts", "m4a",  "m4b", "m4r", "m4v", "mka", "mkv",  "mov",  "mp2",  "mp3",
    "mp4",  "mpc",  "mpeg", "mpg", "mts", "mxf", "oga", "ogg",  "ogm",  "ogv",  "opus",
    "ra",   "rm",   "snd",  "spx", "tak", "ts",  "tta", "vob",  "voc",  "w64",  "wav",
    "wave", "weba", "webm", "wma", "wmv", "wv",
});

constexpr std::array kOther = std::to_array<std::string_view>({
    "ass",  "bin", "bmp",  "bz2",  "c",     "cc",  "conf",   "cpp", "css",  "csv",  "cue",
    "db",   "doc", "docx", "epub", "exe",   "gif", "gz",     "h",   "htm",  "html", "ini",
    "jpeg", "jpg", "js",   "json", "jsonl", "log", "lrc",    "m3u", "m3u8", "md",   "nfo",
    "npy",  "npz", "odt",  "onnx", "part",  "pdf", "php",    "png", "ppt",  "pptx", "ps",
    "py",   "rar", "rst",  "rtf",  "sh",    "so",  "sqlite", "srt", "sub",  "svg",  "tar",
    "tex",  "tgz", "tif",  "tiff", "toml",  "tsv", "ttml",   "txt", "vtt",  "webp", "xls",
    "xlsx", "xml", "xz",   "yaml", "yml",   "zip", "zst",
});

}  // namespace

MediaGuess guess_media(const std::filesystem::path& name) {
  std::string extension = name.extension().string();
  if (extension.empty()) return MediaGuess::kUnknown;
  extension.erase(0, 1);
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (std::ranges::find(kMedia, extension) != kMedia.end()) return MediaGuess::kMedia;
  if (std::ranges::find(kOther, extension) != kOther.end()) return MediaGuess::kOther;
  return MediaGuess::kUnknown;
}

}  // namespace escuta::jobs
