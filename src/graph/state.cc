#include "graph/state.h"

#include <algorithm>
#include <array>

namespace escuta::graph {
namespace {

// How exporters name both ends of a state: prefix + X + suffix on each side,
// the same X.
struct Rule {
  std::string_view past_prefix, past_suffix;
  std::string_view present_prefix, present_suffix;
  std::string_view only = "";  // when set, X itself: a rule too loose for any name
};

constexpr std::array kRules = {
    // Hugging Face: past_key_values.0.decoder.key -> present.0.decoder.key
    Rule{"past_key_values", "", "present", ""},
    Rule{"past_key_values", "", "present_key_values", ""},
    // ONNX Runtime's converters: past_key_self_0 -> present_key_self_0;
    // past.0.key -> present.0.key
    Rule{"past", "", "present", ""},
    // Silero: h -> hn, c -> cn, state -> stateN
    Rule{"", "", "", "n", "h"},
    Rule{"", "", "", "n", "c"},
    Rule{"", "", "", "N", "state"},
    // PyTorch's LSTM: h_0 -> h_n, h0 -> hn
    Rule{"", "_0", "", "_n", "h"},
    Rule{"", "_0", "", "_n", "c"},
    Rule{"", "0", "", "n", "h"},
    Rule{"", "0", "", "n", "c"},
    // NeMo's transducers: input_states_1 -> output_states_1
    Rule{"input_states", "", "output_states", ""},
    // icefall's streaming encoders: cached_key_0 -> new_cached_key_0
    Rule{"", "", "new_", ""},
    // state_in -> state_out, in_state -> out_state, in_cache0 -> out_cache0
    Rule{"", "_in", "", "_out"},
    Rule{"in_", "", "out_", ""},
};

// X, if `name` is prefix + X + suffix and X is not empty.
std::optional<std::string_view> middle(std::string_view name, std::string_view prefix,
                                       std::string_view suffix) {
  if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix)) {
    return std::nullopt;
  }
  return name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
}

std::optional<std::string> without_prefix(std::string_view name,
                                          std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    const auto rest = middle(name, prefix, "");
    // "past_x" and "past.x", but not "pasta".
    if (rest && rest->size() > 1 && (rest->front() == '.' || rest->front() == '_')) {
      return std::string(rest->substr(1));
    }
  }
  return std::nullopt;
}

bool fit_together(const Fact& past, const Fact& present) {
  if (past.other != nullptr || present.other != nullptr || past.dtype != present.dtype) {
    return false;
  }
  return !past.shape || !present.shape || past.shape->size() == present.shape->size();
}

}  // namespace

std::vector<StatePair> find_state_pairs(const Graph& graph) {
  std::vector<StatePair> pairs;
  std::vector<bool> taken(graph.outputs.size());
  std::unordered_map<std::string_view, size_t> outputs;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    outputs.emplace(graph.value(graph.outputs[i]).name, i);
  }
  for (size_t input = 0; input < graph.inputs.size(); ++input) {
    const Value& past = graph.value(graph.inputs[input]);
    for (const Rule& rule : kRules) {
      const auto x = middle(past.name, rule.past_prefix, rule.past_suffix);
      if (!x || (!rule.only.empty() && *x != rule.only)) continue;
      const std::string wanted =
          fmt::format("{}{}{}", rule.present_prefix, *x, rule.present_suffix);
      const auto it = outputs.find(wanted);
      if (it == outputs.end() || taken[it->second]) continue;
      if (!fit_together(past.fact, graph.value(graph.outputs[it->second]).fact)) continue;
      pairs.push_back({input, it->second});
      taken[it->second] = true;
      break;
    }
  }
  return pairs;
}

std::optional<std::string> past_state_name(std::string_view input_name) {
  return without_prefix(input_name, {"past_key_values", "past"});
}

std::optional<std::string> present_state_name(std::string_view output_name) {
  return without_prefix(output_name, {"present_key_values", "present"});
}

}  // namespace escuta::graph
