#include "pipeline/transcript.h"

#include "pipeline/strings.h"

namespace escuta::pipeline {

std::string Transcript::text() const {
  std::string joined;
  for (const Segment& segment : segments) joined += segment.text;
  return std::string(trimmed(joined));
}

double Transcript::realtime_factor() const {
  return timing.total_ms > 0 ? duration_s * 1000 / timing.total_ms : 0;
}

}  // namespace escuta::pipeline
