// Pauses in a window's sound, and words kept out of them.
//
// The way of an alignment covers all of the time, so that a pause is a part of one of the words
// beside it. Where the sound says that nobody speaks, the words begin and end with what is heard.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pipeline/word_times.h"

namespace escuta::pipeline {

// The pauses of 0.1 s or more in the first `frames` of features [1, n_mels, window_frames], log-mel
// as the encoder hears it: moments that are far below the loud ones, and near the quiet ones where
// these are noise. None where loud and quiet are hardly different. Ascending; in seconds from the
// first frame's.
Result<std::vector<Pause>> find_pauses(const TensorView& features, int64_t frames,
                                       double seconds_per_frame);

// Words in order, as the alignment has them, punctuation apart. One that begins or ends in a pause
// begins or ends beside it; of one that spans a pause the longer part is the word, and the other
// belongs to the word beside it. A mark makes no sound: what is heard beside it is its neighbours'.
// A word that lies in a pause altogether stays there.
void keep_out_of_pauses(std::span<WordSegment> segments, std::span<const Pause> pauses,
                        const Punctuation& punctuation);

}  // namespace escuta::pipeline
