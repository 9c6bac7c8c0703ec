#include "audio/demuxer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/log.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

namespace escuta::audio {
namespace {

constexpr int kIoBufferBytes = 32 << 10;

// A demuxer that fails this often in a row without a packet has lost its place for good.
constexpr int kMaxReadErrors = 16;

int refuse_to_open(AVFormatContext*, AVIOContext**, const char* url, int, AVDictionary**) {
  log_debug("audio: refused to open `{}`, which the file names", url);
  return AVERROR(EPERM);
}

// Demuxers that get their media from elsewhere: other files, the network, a script.
bool reads_elsewhere(const AVInputFormat& format) {
  static constexpr std::string_view kNames[] = {
      "hls",        "dash",   "concat", "imf",       "sdp",      "rtsp",       "sap",
      "ffmetadata", "image2", "lavfi",  "applehttp", "avisynth", "vapoursynth"};
  if ((format.flags & AVFMT_NOFILE) != 0) return true;
  const std::string_view name = format.name;
  return std::any_of(std::begin(kNames), std::end(kNames), [name](std::string_view refused) {
    return name == refused || name.starts_with(std::string(refused) + ",");
  });
}

std::string first_name(const char* names) {
  const std::string_view all = names;
  return std::string(all.substr(0, all.find(',')));
}

}  // namespace

int Demuxer::read_callback(void* opaque, uint8_t* dst, int size) {
  auto& self = *static_cast<Demuxer*>(opaque);
  auto count = self.input_->read(
      {reinterpret_cast<std::byte*>(dst), static_cast<size_t>(std::max(size, 0))});
  if (!count.ok()) {
    if (self.input_error_.ok()) self.input_error_ = count.status();
    return AVERROR(EIO);
  }
  return *count == 0 ? AVERROR_EOF : static_cast<int>(*count);
}

// libav asks for AVSEEK_SIZE or gives an absolute position (it resolves SEEK_CUR itself).
int64_t Demuxer::seek_callback(void* opaque, int64_t offset, int whence) {
  auto& self = *static_cast<Demuxer*>(opaque);
  const std::optional<int64_t> size = self.input_->size();
  if (!size) return AVERROR(ESPIPE);
  if ((whence & AVSEEK_SIZE) != 0) return *size;
  int64_t target = offset;
  if ((whence & ~AVSEEK_FORCE) == SEEK_END) target = *size + offset;
  if (!self.input_->seek(target).ok()) return AVERROR(EINVAL);
  return target;
}

Result<std::unique_ptr<Demuxer>> Demuxer::open(std::unique_ptr<ByteSource> input,
                                               const std::string& name) {
  route_libav_log();
  std::unique_ptr<Demuxer> demuxer(new Demuxer(std::move(input)));
  const Status status = demuxer->open_container(name);
  if (!demuxer->input_error_.ok()) return demuxer->input_error_;  // the cause of what libav saw
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(demuxer->choose_stream());
  return demuxer;
}

Status Demuxer::open_container(const std::string& name) {
  const std::optional<int64_t> size = input_->size();
  if (size == 0) return invalid_argument("expected an audio or video file, found an empty file");

  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBufferBytes));
  if (buffer == nullptr) return resource_exhausted("no memory to read the file");
  io_.reset(avio_alloc_context(buffer, kIoBufferBytes, 0, this, read_callback, nullptr,
                               size ? seek_callback : nullptr));
  if (!io_) {
    av_free(buffer);
    return resource_exhausted("no memory to read the file");
  }
  io_->seekable = size ? AVIO_SEEKABLE_NORMAL : 0;

  const AVInputFormat* format = nullptr;
  int code = av_probe_input_buffer2(io_.get(), &format, name.c_str(), nullptr, 0, 0);
  if (code < 0 || format == nullptr) {
    return invalid_argument("expected an audio or video file, found data of no known format");
  }
  if (reads_elsewhere(*format)) {
    return invalid_argument(
        "expected an audio or video file, found a playlist or script ({}); give the files that it "
        "names",
        first_name(format->name));
  }

  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return resource_exhausted("no memory to read the file");
  context->pb = io_.get();
  context->io_open = refuse_to_open;
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "none", 0);  // for contexts that a demuxer nests
  code = avformat_open_input(&context, name.c_str(), format, &options);  // frees it on failure
  av_dict_free(&options);
  if (code == AVERROR_PATCHWELCOME) {
    return unimplemented("expected a {} file, found a variant that libavformat does not read",
                         first_name(format->name));
  }
  if (code < 0) {
    return invalid_argument("expected a {} file, found a damaged one ({})",
                            first_name(format->name), libav_error(code));
  }
  format_.reset(context);
  code = avformat_find_stream_info(context, nullptr);
  if (code < 0) {
    return invalid_argument("expected a {} file with streams, found none ({})", container(),
                            libav_error(code));
  }
  return Status();
}

Status Demuxer::choose_stream() {
  const int index = av_find_best_stream(format_.get(), AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0);
  if (index < 0) {
    std::string found;
    for (unsigned i = 0; i < std::min(format_->nb_streams, 4u); ++i) {
      const AVCodecParameters& codec = *format_->streams[i]->codecpar;
      const char* type = av_get_media_type_string(codec.codec_type);
      found += fmt::format("{}{} ({})", i == 0 ? "" : ", ", type ? type : "unknown",
                           avcodec_get_name(codec.codec_id));
    }
    return invalid_argument("expected a file with an audio track, found {}",
                            found.empty() ? "no track" : found);
  }
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != index) format_->streams[i]->discard = AVDISCARD_ALL;
  }
  stream_ = format_->streams[index];
  return Status();
}

std::string Demuxer::container() const { return first_name(format_->iformat->name); }

std::optional<double> Demuxer::claimed_duration_s() const {
  std::optional<double> claimed;
  if (stream_->duration != AV_NOPTS_VALUE && stream_->duration > 0) {
    claimed = static_cast<double>(stream_->duration) * av_q2d(stream_->time_base);
  } else if (format_->duration != AV_NOPTS_VALUE && format_->duration > 0) {
    claimed = static_cast<double>(format_->duration) / AV_TIME_BASE;
  }
  // The size field of a WAV that was written to a pipe, or cut, promises more than there is.
  const AVCodecParameters& codec = *stream_->codecpar;
  const double bits_per_second = static_cast<double>(av_get_bits_per_sample(codec.codec_id)) *
                                 codec.sample_rate * codec.ch_layout.nb_channels;
  const std::optional<int64_t> size = input_->size();
  if (claimed && size && bits_per_second > 0) {
    claimed = std::min(*claimed, static_cast<double>(*size) * 8 / bits_per_second);
  }
  return claimed;
}

Result<bool> Demuxer::next(AVPacket& packet, int64_t* damaged) {
  for (int errors = 0; errors < kMaxReadErrors;) {
    av_packet_unref(&packet);
    const int code = av_read_frame(format_.get(), &packet);
    if (!input_error_.ok()) return input_error_;
    if (code >= 0) {
      if (packet.stream_index == stream_->index) return true;
      continue;
    }
    if (code == AVERROR_EOF) return false;
    if (code == AVERROR(ENOMEM)) return resource_exhausted("no memory to read the file");
    ++errors;
    ++*damaged;
  }
  return false;
}

}  // namespace escuta::audio
