#include "audio/decoder.h"

#include <cerrno>
#include <utility>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace escuta::audio {
namespace {

constexpr int kMinRateHz = 100;
constexpr int kMaxRateHz = 768'000;
constexpr int kMaxChannels = 64;

Status check_limits(int rate_hz, int channels) {
  if (rate_hz < kMinRateHz || rate_hz > kMaxRateHz) {
    return invalid_argument("expected a sample rate of {}..{} Hz, found {}", kMinRateHz, kMaxRateHz,
                            rate_hz);
  }
  if (channels < 1 || channels > kMaxChannels) {
    return invalid_argument("expected 1..{} channels, found {}", kMaxChannels, channels);
  }
  return Status();
}

}  // namespace

Result<std::unique_ptr<Decoder>> Decoder::open(std::unique_ptr<Demuxer> demuxer) {
  std::unique_ptr<Decoder> decoder(new Decoder(std::move(demuxer)));
  RETURN_IF_ERROR(decoder->open_codec());
  return decoder;
}

Status Decoder::open_codec() {
  const AVStream& stream = demuxer_->stream();
  const AVCodecParameters& parameters = *stream.codecpar;
  // 0 is "not known before the first packet"; next() checks what the packets say.
  const int rate_hz = parameters.sample_rate, channels = parameters.ch_layout.nb_channels;
  RETURN_IF_ERROR(check_limits(rate_hz == 0 ? kMinRateHz : rate_hz, channels == 0 ? 1 : channels));
  const char* name = avcodec_get_name(parameters.codec_id);
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) {
    return unimplemented("expected a codec that libavcodec decodes, found {}", name);
  }
  codec_.reset(avcodec_alloc_context3(codec));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  ahead_.reset(av_frame_alloc());
  if (!codec_ || !packet_ || !frame_ || !ahead_)
    return resource_exhausted("no memory to decode {}", name);
  int code = avcodec_parameters_to_context(codec_.get(), &parameters);
  if (code >= 0) {
    codec_->pkt_timebase = stream.time_base;  // without it, padding at the end is not cut off
    codec_->thread_count = 1;
    code = avcodec_open2(codec_.get(), codec, nullptr);
  }
  if (code == AVERROR(ENOMEM)) return resource_exhausted("no memory to decode {}", name);
  if (code < 0) {
    return invalid_argument("expected a decodable {} track, found a damaged one ({})", name,
                            libav_error(code));
  }
  return Status();
}

// Hands the decoder its next packet, or the end.
Status Decoder::feed() {
  ASSIGN_OR_RETURN(const bool more, demuxer_->next(*packet_, &damaged_));
  draining_ = !more;
  const int code = avcodec_send_packet(codec_.get(), more ? packet_.get() : nullptr);
  if (code == AVERROR(ENOMEM)) return resource_exhausted("no memory to decode");
  if (code < 0 && code != AVERROR_EOF) ++damaged_;
  return Status();
}

// Replaces frame by the next one with samples; one without (nb_samples 0) at the end.
Status Decoder::fetch(AVFrame* frame) {
  for (;;) {
    const int code = avcodec_receive_frame(codec_.get(), frame);
    if (code >= 0) {
      if (frame->nb_samples <= 0) continue;
      return check_limits(frame->sample_rate, frame->ch_layout.nb_channels);
    }
    if (code == AVERROR_EOF) return Status();
    if (code == AVERROR(ENOMEM)) return resource_exhausted("no memory to decode");
    if (code != AVERROR(EAGAIN)) {
      ++damaged_;  // this packet is lost; the decoder goes on with the next
      if (draining_) return Status();
    }
    RETURN_IF_ERROR(feed());
  }
}

// The encoder's padding at the end, where libavcodec 5.1 leaves it: the last frame of an mp4 ends
// where the edit list says (ISO/IEC 14496-12, 8.6.6), that of a one-page Ogg where its granule
// position says (RFC 3533). The other containers' padding is gone already.
void Decoder::cut_padding(AVFrame& frame) const {
  const AVStream& stream = demuxer_->stream();
  const std::string container = demuxer_->container();
  if (container != "mov" && container != "ogg") return;
  if (stream.duration <= 0) return;
  // Counted, not by timestamps: those of Vorbis are late by the packet that gives no samples.
  const int64_t end = av_rescale_q(stream.duration, stream.time_base, {1, frame.sample_rate});
  if (end <= 0) return;  // more than 64 bits of samples
  const int64_t excess = decoded_ + frame.nb_samples - end;
  if (excess > 0 && excess < frame.nb_samples) frame.nb_samples -= static_cast<int>(excess);
}

Result<const AVFrame*> Decoder::next() {
  if (!started_) {
    started_ = true;
    ahead_status_ = fetch(ahead_.get());
  }
  RETURN_IF_ERROR(ahead_status_);
  std::swap(frame_, ahead_);
  if (frame_->nb_samples <= 0) {
    std::swap(frame_, ahead_);  // so that the next call finds the end again
    return static_cast<const AVFrame*>(nullptr);
  }
  av_frame_unref(ahead_.get());
  ahead_status_ = fetch(ahead_.get());
  if (ahead_status_.ok() && ahead_->nb_samples <= 0) cut_padding(*frame_);
  decoded_ += frame_->nb_samples;
  return static_cast<const AVFrame*>(frame_.get());
}

}  // namespace escuta::audio
