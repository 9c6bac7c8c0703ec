// Which outputs of one step are inputs of the next: past and present keys and
// values of decoders, recurrent states. Found by the names that exporters give.
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace escuta::graph {

// Positions in Graph::inputs and Graph::outputs.
struct StatePair {
  size_t input = 0;
  size_t output = 0;
  friend bool operator==(const StatePair&, const StatePair&) = default;
};

// Pairs by name whose element type is the same and whose rank, where both are
// known, is too; in the order of the inputs. Each input and each output is in
// one pair at most.
std::vector<StatePair> find_state_pairs(const Graph& graph);

// What a state is called apart from "past" and "present", the same on both
// sides, also across the files of one model: `past_key_values.0.encoder.key`
// and `present.0.encoder.key` are both "0.encoder.key". nullopt for a name
// without such a prefix.
std::optional<std::string> past_state_name(std::string_view input_name);
std::optional<std::string> present_state_name(std::string_view output_name);

}  // namespace escuta::graph
