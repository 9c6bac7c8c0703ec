// Counts over a model that `escuta inspect` shows. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/state.h"

namespace escuta::cli {

struct TensorTotals {
  int64_t tensors = 0;
  int64_t elements = 0;
  uint64_t bytes = 0;
};

// A graph in an attribute of a node.
struct SubgraphInfo {
  std::string node;       // "/loop/Loop" or, without a name, ""
  std::string op_type;    // "If"
  std::string attribute;  // "then_branch"
  int64_t nodes = 0;      // without those of its own subgraphs
  int depth = 1;          // 1: in the model's own graph
};

struct ModelStats {
  uint64_t file_bytes = 0;  // 0: from memory
  int64_t nodes = 0;        // in the graph and all its subgraphs
  // "Add", "com.microsoft.Attention" -> how many; most first, then by name.
  std::vector<std::pair<std::string, int64_t>> operators;
  TensorTotals parameters;  // initializers and tensors in attributes; shared ones once
  std::map<std::string, TensorTotals> by_dtype;
  std::map<std::string, TensorTotals> external_files;  // by location
  std::vector<SubgraphInfo> subgraphs;
  std::vector<graph::StatePair> state;
};

ModelStats collect_stats(const graph::Model& model);

}  // namespace escuta::cli
