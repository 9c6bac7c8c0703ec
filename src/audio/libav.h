// Owners for libav's objects, and its messages. Included by audio/'s .cc files and private headers.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
}

#include <memory>
#include <string>

namespace escuta::audio {

struct LibavFree {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
template <typename T>
using LibavPtr = std::unique_ptr<T, LibavFree>;

// "Invalid data found when processing input"
std::string libav_error(int code);

// From now on libav logs at our debug level, not to stderr. Any thread, any number of times.
void route_libav_log();

}  // namespace escuta::audio
