#include "audio/downmix.h"

#include <cmath>
#include <numeric>

extern "C" {
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
}

namespace escuta::audio {
namespace {

// Far beyond any real signal, and its power spectrum is still finite in f32.
constexpr float kMaxMagnitude = 4294967296.0f;

float to_float(uint8_t x) { return static_cast<float>(x - 128) * 0x1p-7f; }
float to_float(int16_t x) { return static_cast<float>(x) * 0x1p-15f; }
float to_float(int32_t x) { return static_cast<float>(x) * 0x1p-31f; }
float to_float(int64_t x) { return static_cast<float>(x) * 0x1p-63f; }
float to_float(float x) { return x; }
float to_float(double x) { return static_cast<float>(x); }

// libswresample's own size of a matrix. swr_build_matrix2 of FFmpeg 5.1 touches rows and columns
// past the channel counts that it is given, so nothing smaller is safe.
constexpr size_t kMatrixSize = 64;

// The gains [C] of the layout's channels in the mono mix; empty where libswresample has no rule.
// ITU-R BS.775's levels for centre and surround; LFE left out: libswresample's defaults.
std::vector<double> stated_gains(const AVChannelLayout& layout) {
  const auto channels = static_cast<size_t>(layout.nb_channels);
  if (layout.order == AV_CHANNEL_ORDER_UNSPEC || channels > kMatrixSize) return {};
  const AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  std::vector<double> matrix(kMatrixSize * kMatrixSize, 0.0);
  const int code =
      swr_build_matrix2(&layout, &mono, M_SQRT1_2, M_SQRT1_2, 0.0, 1.0, 1.0, matrix.data(),
                        static_cast<ptrdiff_t>(kMatrixSize), AV_MATRIX_ENCODING_NONE, nullptr);
  if (code < 0) return {};
  matrix.resize(channels);
  const double sum = std::accumulate(matrix.begin(), matrix.end(), 0.0);
  if (!(sum > 0)) return {};  // a track of LFE alone would be silent
  return matrix;
}

}  // namespace

Status Downmix::set_layout(const AVChannelLayout& layout) {
  if (av_channel_layout_copy(&layout_, &layout) < 0) {
    return resource_exhausted("no memory for a channel layout");
  }
  const auto channels = static_cast<size_t>(layout.nb_channels);
  std::vector<double> gains = stated_gains(layout);
  if (gains.empty()) gains.assign(channels, 1.0 / static_cast<double>(channels));
  gains_.assign(gains.begin(), gains.end());
  return Status();
}

template <typename T>
void Downmix::add_channels(const AVFrame& frame, bool planar, float* dst) {
  const size_t channels = gains_.size();
  const size_t stride = planar ? 1 : channels;
  for (size_t c = 0; c < channels; ++c) {
    const float gain = gains_[c];
    if (gain == 0) continue;
    const uint8_t* bytes = planar ? frame.extended_data[c] : frame.extended_data[0];
    const T* src = reinterpret_cast<const T*>(bytes) + (planar ? 0 : c);
    for (int s = 0; s < frame.nb_samples; ++s) {
      float value = to_float(src[static_cast<size_t>(s) * stride]);
      if (!(std::fabs(value) <= kMaxMagnitude)) {
        value = 0;
        ++replaced_;
      }
      dst[s] += gain * value;
    }
  }
}

Status Downmix::convert(const AVFrame& frame, std::vector<float>* dst) {
  if (gains_.empty() || av_channel_layout_compare(&layout_, &frame.ch_layout) != 0) {
    RETURN_IF_ERROR(set_layout(frame.ch_layout));
  }
  dst->assign(static_cast<size_t>(frame.nb_samples), 0.0f);
  const auto format = static_cast<AVSampleFormat>(frame.format);
  const bool planar = av_sample_fmt_is_planar(format) != 0;
  switch (av_get_packed_sample_fmt(format)) {
    case AV_SAMPLE_FMT_U8:
      add_channels<uint8_t>(frame, planar, dst->data());
      break;
    case AV_SAMPLE_FMT_S16:
      add_channels<int16_t>(frame, planar, dst->data());
      break;
    case AV_SAMPLE_FMT_S32:
      add_channels<int32_t>(frame, planar, dst->data());
      break;
    case AV_SAMPLE_FMT_S64:
      add_channels<int64_t>(frame, planar, dst->data());
      break;
    case AV_SAMPLE_FMT_FLT:
      add_channels<float>(frame, planar, dst->data());
      break;
    case AV_SAMPLE_FMT_DBL:
      add_channels<double>(frame, planar, dst->data());
      break;
    default:
      return unimplemented("expected linear PCM from the decoder, found sample format {}",
                           frame.format);
  }
  return Status();
}

}  // namespace escuta::audio
