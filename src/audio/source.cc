#include "audio/source.h"

#include <vector>

#include "audio/byte_source.h"
#include "audio/decoder.h"
#include "audio/downmix.h"
#include "audio/resampler.h"

namespace escuta::audio {

class AudioSource::Impl {
 public:
  Impl(std::string name, const Options& options) : name_(std::move(name)), options_(options) {}

  Status open(std::unique_ptr<ByteSource> input);
  Result<size_t> read(std::span<float> dst);

  const std::string& name() const { return name_; }
  const AudioInfo& info() const { return info_; }
  int64_t damaged_packets() const { return decoder_->damaged_packets(); }
  int64_t replaced_samples() const { return downmix_.replaced_samples(); }

 private:
  Status decode_block();

  std::string name_;
  Options options_;
  AudioInfo info_;
  std::unique_ptr<Decoder> decoder_;
  Downmix downmix_;
  // The samples decoded and not yet resampled: block_[taken_..], at block_rate_hz_.
  std::vector<float> block_;
  size_t taken_ = 0;
  int block_rate_hz_ = 0;
  std::optional<Resampler> resampler_;  // for block_rate_hz_, or for the rate before a change
  bool ended_ = false;                  // the decoder has no more
};

// Replaces block_ by the next frame, or sets ended_.
Status AudioSource::Impl::decode_block() {
  block_.clear();
  taken_ = 0;
  ASSIGN_OR_RETURN(const AVFrame* frame, decoder_->next());
  if (frame == nullptr) {
    ended_ = true;
    return Status();
  }
  block_rate_hz_ = frame->sample_rate;
  if (info_.channels == 0) {
    info_.rate_hz = frame->sample_rate;
    info_.channels = frame->ch_layout.nb_channels;
  }
  return downmix_.convert(*frame, &block_);
}

Status AudioSource::Impl::open(std::unique_ptr<ByteSource> input) {
  if (options_.rate_hz < 100 || options_.rate_hz > 768'000) {
    return invalid_argument("expected an output rate of 100..768000 Hz, found {}",
                            options_.rate_hz);
  }
  ASSIGN_OR_RETURN(auto demuxer, Demuxer::open(std::move(input), name_));
  ASSIGN_OR_RETURN(decoder_, Decoder::open(std::move(demuxer)));
  info_.container = decoder_->demuxer().container();
  info_.codec = avcodec_get_name(decoder_->demuxer().stream().codecpar->codec_id);
  info_.duration_s = decoder_->demuxer().claimed_duration_s();
  RETURN_IF_ERROR(decode_block());
  if (ended_ && decoder_->damaged_packets() > 0) {
    return data_loss("expected {} audio, found only damaged data ({} packets skipped)", info_.codec,
                     decoder_->damaged_packets());
  }
  if (ended_) {
    return invalid_argument("the {} track holds no audio samples", info_.codec);
  }
  return Status();
}

Result<size_t> AudioSource::Impl::read(std::span<float> dst) {
  size_t filled = 0;
  while (filled < dst.size()) {
    const std::span<float> rest = dst.subspan(filled);
    if (resampler_ && (ended_ || resampler_->src_rate_hz() != block_rate_hz_)) {
      ASSIGN_OR_RETURN(const size_t drained, resampler_->drain(rest));
      filled += drained;
      if (drained == 0) resampler_.reset();
    } else if (ended_) {
      break;
    } else if (taken_ == block_.size()) {
      RETURN_IF_ERROR(decode_block());
    } else {
      if (!resampler_) {
        ASSIGN_OR_RETURN(resampler_, Resampler::create(block_rate_hz_, options_.rate_hz));
      }
      ASSIGN_OR_RETURN(const Resampler::Progress progress,
                       resampler_->process(std::span(block_).subspan(taken_), rest));
      taken_ += progress.consumed;
      filled += progress.produced;
    }
  }
  return filled;
}

AudioSource::AudioSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AudioSource::~AudioSource() = default;

Result<std::unique_ptr<AudioSource>> AudioSource::open(const std::filesystem::path& path,
                                                       const Options& options) {
  auto input = open_file(path);
  if (!input.ok()) return input.status().with_context(path.string());
  auto impl = std::make_unique<Impl>(path.string(), options);
  const Status status = impl->open(std::move(input).value());
  if (!status.ok()) return status.with_context(path.string());
  return std::unique_ptr<AudioSource>(new AudioSource(std::move(impl)));
}

Result<std::unique_ptr<AudioSource>> AudioSource::open_bytes(std::span<const std::byte> bytes,
                                                             std::string_view name,
                                                             const Options& options) {
  auto impl = std::make_unique<Impl>(std::string(name), options);
  const Status status = impl->open(open_memory(bytes));
  if (!status.ok()) return status.with_context(name);
  return std::unique_ptr<AudioSource>(new AudioSource(std::move(impl)));
}

const AudioInfo& AudioSource::info() const { return impl_->info(); }

Result<size_t> AudioSource::read(std::span<float> dst) {
  auto count = impl_->read(dst);
  if (!count.ok()) return count.status().with_context(impl_->name());
  return count;
}

int64_t AudioSource::damaged_packets() const { return impl_->damaged_packets(); }
int64_t AudioSource::replaced_samples() const { return impl_->replaced_samples(); }

}  // namespace escuta::audio
