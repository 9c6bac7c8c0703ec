#include "ops/ml/forest.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ops/dispatch.h"
#include "tensor/datum.h"

namespace escuta::ops::ml {

// Finds nodes by the number of their tree and their own.
class NodeNames {
 public:
  NodeNames(const std::vector<int64_t>& trees, const std::vector<int64_t>& numbers) {
    for (size_t i = 0; i < trees.size(); ++i) {
      entries_.push_back({trees[i], numbers[i], static_cast<int64_t>(i)});
    }
    std::ranges::sort(entries_);
  }

  Status check() const {
    for (size_t i = 1; i < entries_.size(); ++i) {
      if (entries_[i][0] == entries_[i - 1][0] && entries_[i][1] == entries_[i - 1][1]) {
        return invalid_argument("expected each node once, found node {} of tree {} twice",
                                entries_[i][1], entries_[i][0]);
      }
    }
    return {};
  }

  Result<size_t> find(int64_t tree, int64_t number) const {
    const Entry key = {tree, number, 0};
    const auto found = std::ranges::lower_bound(entries_, key);
    if (found == entries_.end() || (*found)[0] != tree || (*found)[1] != number) {
      return invalid_argument("expected node {} of tree {}, found none of that name", number, tree);
    }
    return static_cast<size_t>((*found)[2]);
  }

 private:
  using Entry = std::array<int64_t, 3>;  // tree, number, position
  std::vector<Entry> entries_;
};

namespace {

Status check_length(const std::string& name, size_t found, size_t expected) {
  if (found == expected) return {};
  return invalid_argument("attribute `{}`: expected {} elements as the others have, found {}", name,
                          expected, found);
}

}  // namespace

Result<std::vector<double>> read_doubles(const NodeInfo& node, const std::string& list,
                                         const std::string& tensor) {
  std::vector<double> values;
  if (const graph::ConstantPtr constant = node.tensor(tensor)) {
    const TensorView view = constant->view();
    ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(view.dtype, view.shape.count()));
    if (constant->bytes.size() != bytes) {
      return invalid_argument("attribute `{}`: its elements are not there", tensor);
    }
    ASSIGN_OR_RETURN(const Datum datum,
                     Datum::borrow(view.dtype, view.shape, constant->bytes.data()).to_owned());
    RETURN_IF_ERROR(dispatch(Types<float, double, Float16, uint8_t>{}, view.dtype, [&](auto tag) {
                      for (const auto x : datum.as<decltype(tag)>()) {
                        values.push_back(static_cast<double>(x));
                      }
                      return Status();
                    }).with_context(tensor));
    return values;
  }
  if (list.empty()) return values;
  for (const float x : node.numbers(list)) values.push_back(static_cast<double>(x));
  return values;
}

Result<Forest::Mode> Forest::mode_of(const std::string& name) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"};
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    return invalid_argument(
        "attribute `nodes_modes`: expected BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, "
        "BRANCH_GT, BRANCH_EQ, BRANCH_NEQ or LEAF, found `{}`",
        name);
  }
  return static_cast<Mode>(found - kNames.begin());
}

Result<Forest> Forest::of_named_nodes(const NodeInfo& info, const std::string& votes,
                                      size_t targets) {
  const std::vector<int64_t> trees = info.integers("nodes_treeids");
  const std::vector<int64_t> numbers = info.integers("nodes_nodeids");
  const std::vector<std::string> modes = info.texts("nodes_modes");
  RETURN_IF_ERROR(check_length("nodes_nodeids", numbers.size(), trees.size()));
  RETURN_IF_ERROR(check_length("nodes_modes", modes.size(), trees.size()));
  const NodeNames names(trees, numbers);
  RETURN_IF_ERROR(names.check());

  Forest forest;
  std::vector<Step> steps(trees.size());  // of each node of the file
  int64_t inner = 0, leaves = 0;
  for (size_t i = 0; i < steps.size(); ++i) steps[i] = modes[i] == "LEAF" ? ~leaves++ : inner++;
  // A tree's root is the first of its nodes.
  std::vector<int64_t> seen;
  for (size_t i = 0; i < trees.size(); ++i) {
    if (i == 0 || trees[i] != trees[i - 1]) {
      forest.roots_.push_back(steps[i]);
      seen.push_back(trees[i]);
    }
  }
  std::ranges::sort(seen);
  if (std::ranges::adjacent_find(seen) != seen.end()) {
    return invalid_argument(
        "attribute `nodes_treeids`: expected the nodes of a tree side by side, "
        "found others between them");
  }
  RETURN_IF_ERROR(forest.add_nodes(info, modes, steps, names));
  RETURN_IF_ERROR(
      forest.add_votes(info, votes, targets, steps, names, static_cast<size_t>(leaves)));
  RETURN_IF_ERROR(forest.check_ends());
  return forest;
}

Status Forest::add_nodes(const NodeInfo& info, const std::vector<std::string>& modes,
                         const std::vector<int64_t>& steps, const NodeNames& names) {
  const std::vector<int64_t> trees = info.integers("nodes_treeids");
  const std::vector<int64_t> features = info.integers("nodes_featureids");
  const std::vector<int64_t> if_true = info.integers("nodes_truenodeids");
  const std::vector<int64_t> if_false = info.integers("nodes_falsenodeids");
  const std::vector<int64_t> nan = info.integers("nodes_missing_value_tracks_true");
  ASSIGN_OR_RETURN(const std::vector<double> values,
                   read_doubles(info, "nodes_values", "nodes_values_as_tensor"));
  const size_t count = trees.size();
  RETURN_IF_ERROR(check_length("nodes_featureids", features.size(), count));
  RETURN_IF_ERROR(check_length("nodes_truenodeids", if_true.size(), count));
  RETURN_IF_ERROR(check_length("nodes_falsenodeids", if_false.size(), count));
  RETURN_IF_ERROR(check_length("nodes_values", values.size(), count));
  if (!nan.empty()) {
    RETURN_IF_ERROR(check_length("nodes_missing_value_tracks_true", nan.size(), count));
  }
  for (size_t i = 0; i < count; ++i) {
    if (steps[i] < 0) continue;
    Node node;
    ASSIGN_OR_RETURN(node.mode, mode_of(modes[i]));
    node.nan_is_true = !nan.empty() && nan[i] != 0;
    node.feature = features[i];
    node.value = values[i];
    ASSIGN_OR_RETURN(const size_t yes, names.find(trees[i], if_true[i]));
    ASSIGN_OR_RETURN(const size_t no, names.find(trees[i], if_false[i]));
    node.if_true = steps[yes];
    node.if_false = steps[no];
    nodes_.push_back(node);
  }
  return {};
}

Status Forest::add_votes(const NodeInfo& info, const std::string& prefix, size_t targets,
                         const std::vector<int64_t>& steps, const NodeNames& names, size_t leaves) {
  const std::vector<int64_t> trees = info.integers(prefix + "_treeids");
  const std::vector<int64_t> numbers = info.integers(prefix + "_nodeids");
  const std::vector<int64_t> ids = info.integers(prefix + "_ids");
  ASSIGN_OR_RETURN(const std::vector<double> weights,
                   read_doubles(info, prefix + "_weights", prefix + "_weights_as_tensor"));
  RETURN_IF_ERROR(check_length(prefix + "_nodeids", numbers.size(), trees.size()));
  RETURN_IF_ERROR(check_length(prefix + "_ids", ids.size(), trees.size()));
  RETURN_IF_ERROR(check_length(prefix + "_weights", weights.size(), trees.size()));
  // Counted first, then put in place, in the order of the file for each leaf.
  std::vector<Step> leaf_of(trees.size());
  leaf_begin_.assign(leaves + 1, 0);
  for (size_t i = 0; i < trees.size(); ++i) {
    if (ids[i] < 0 || static_cast<uint64_t>(ids[i]) >= targets) {
      return invalid_argument("attribute `{}_ids`: expected numbers from 0 to {}, found {}", prefix,
                              targets - 1, ids[i]);
    }
    ASSIGN_OR_RETURN(const size_t at, names.find(trees[i], numbers[i]));
    leaf_of[i] = ~steps[at];
    // Weights at inner nodes mean nothing.
    if (leaf_of[i] >= 0) ++leaf_begin_[static_cast<size_t>(leaf_of[i]) + 1];
  }
  for (size_t leaf = 0; leaf < leaves; ++leaf) leaf_begin_[leaf + 1] += leaf_begin_[leaf];
  votes_.resize(leaf_begin_[leaves]);
  std::vector<size_t> next(leaf_begin_.begin(), leaf_begin_.end() - 1);
  for (size_t i = 0; i < trees.size(); ++i) {
    if (leaf_of[i] < 0) continue;
    votes_[next[static_cast<size_t>(leaf_of[i])]++] = {static_cast<size_t>(ids[i]), weights[i]};
  }
  return {};
}

Result<Forest> Forest::of_positions(const NodeInfo& info, size_t targets) {
  const std::vector<int64_t> features = info.integers("nodes_featureids");
  const std::vector<int64_t> if_true = info.integers("nodes_truenodeids");
  const std::vector<int64_t> if_false = info.integers("nodes_falsenodeids");
  const std::vector<int64_t> true_leafs = info.integers("nodes_trueleafs");
  const std::vector<int64_t> false_leafs = info.integers("nodes_falseleafs");
  const std::vector<int64_t> nan = info.integers("nodes_missing_value_tracks_true");
  const std::vector<int64_t> leaf_targets = info.integers("leaf_targetids");
  const std::vector<int64_t> roots = info.integers("tree_roots");
  ASSIGN_OR_RETURN(const std::vector<double> modes, read_doubles(info, "", "nodes_modes"));
  ASSIGN_OR_RETURN(const std::vector<double> splits, read_doubles(info, "", "nodes_splits"));
  ASSIGN_OR_RETURN(const std::vector<double> weights, read_doubles(info, "", "leaf_weights"));
  const size_t count = features.size();
  RETURN_IF_ERROR(check_length("nodes_truenodeids", if_true.size(), count));
  RETURN_IF_ERROR(check_length("nodes_falsenodeids", if_false.size(), count));
  RETURN_IF_ERROR(check_length("nodes_trueleafs", true_leafs.size(), count));
  RETURN_IF_ERROR(check_length("nodes_falseleafs", false_leafs.size(), count));
  RETURN_IF_ERROR(check_length("nodes_modes", modes.size(), count));
  RETURN_IF_ERROR(check_length("nodes_splits", splits.size(), count));
  RETURN_IF_ERROR(check_length("leaf_weights", weights.size(), leaf_targets.size()));
  if (!nan.empty()) {
    RETURN_IF_ERROR(check_length("nodes_missing_value_tracks_true", nan.size(), count));
  }
  const auto step_to = [&](int64_t at, bool leaf) -> Result<Step> {
    const size_t end = leaf ? leaf_targets.size() : count;
    if (at < 0 || static_cast<uint64_t>(at) >= end) {
      return invalid_argument("expected the number of a {} from 0 to {}, found {}",
                              leaf ? "leaf" : "node", static_cast<int64_t>(end) - 1, at);
    }
    return leaf ? ~at : at;
  };
  Forest forest;
  for (size_t i = 0; i < count; ++i) {
    Node node;
    if (!(modes[i] >= 0 && modes[i] <= 6)) {
      return invalid_argument("attribute `nodes_modes`: expected numbers from 0 to 6, found {}",
                              modes[i]);
    }
    node.mode = static_cast<Mode>(modes[i]);
    node.nan_is_true = !nan.empty() && nan[i] != 0;
    node.feature = features[i];
    node.value = splits[i];
    ASSIGN_OR_RETURN(node.if_true, step_to(if_true[i], true_leafs[i] != 0));
    ASSIGN_OR_RETURN(node.if_false, step_to(if_false[i], false_leafs[i] != 0));
    forest.nodes_.push_back(node);
  }
  for (size_t i = 0; i < leaf_targets.size(); ++i) {
    if (leaf_targets[i] < 0 || static_cast<uint64_t>(leaf_targets[i]) >= targets) {
      return invalid_argument("attribute `leaf_targetids`: expected numbers from 0 to {}, found {}",
                              targets - 1, leaf_targets[i]);
    }
    forest.votes_.push_back({static_cast<size_t>(leaf_targets[i]), weights[i]});
    forest.leaf_begin_.push_back(i);
  }
  forest.leaf_begin_.push_back(leaf_targets.size());
  for (const int64_t root : roots) {
    ASSIGN_OR_RETURN(const Step step, step_to(root, false));
    forest.roots_.push_back(step);
  }
  RETURN_IF_ERROR(forest.add_members(info));
  RETURN_IF_ERROR(forest.check_ends());
  return forest;
}

// Sets are in the order of their nodes, each ended by a NaN.
Status Forest::add_members(const NodeInfo& info) {
  ASSIGN_OR_RETURN(members_, read_doubles(info, "", "membership_values"));
  size_t at = 0;
  for (Node& node : nodes_) {
    if (node.mode != Mode::kMember) continue;
    node.members_begin = at;
    while (at < members_.size() && !std::isnan(members_[at])) ++at;
    if (at == members_.size() && node.members_begin == at) {
      return invalid_argument(
          "attribute `membership_values`: expected a set for each node of mode "
          "BRANCH_MEMBER, found fewer");
    }
    node.members_end = at;
    std::sort(members_.begin() + static_cast<ptrdiff_t>(node.members_begin),
              members_.begin() + static_cast<ptrdiff_t>(at));
    if (at < members_.size()) ++at;
  }
  return {};
}

// Walks all trees without recursion. A node on the way from the root that is met again closes a
// circle; one that was left for good need not be looked at again.
Status Forest::check_ends() {
  enum class State : uint8_t { kNew, kOpen, kDone };
  std::vector<State> states(nodes_.size());
  std::vector<Step> path;
  for (const Node& node : nodes_) {
    if (node.feature < 0) {
      return invalid_argument(
          "attribute `nodes_featureids`: expected numbers of 0 or more, found "
          "{}",
          node.feature);
    }
    top_feature_ = std::max(top_feature_, node.feature);
  }
  for (const Step root : roots_) {
    if (root >= 0) path.push_back(root);
    while (!path.empty()) {
      const Step at = path.back();
      const auto index = static_cast<size_t>(at);
      if (states[index] != State::kNew) {
        states[index] = State::kDone;
        path.pop_back();
        continue;
      }
      states[index] = State::kOpen;
      for (const Step next : {nodes_[index].if_true, nodes_[index].if_false}) {
        if (next < 0) continue;
        const State state = states[static_cast<size_t>(next)];
        if (state == State::kOpen) {
          return invalid_argument("expected trees, found nodes that lead back to themselves");
        }
        if (state == State::kNew) path.push_back(next);
      }
    }
  }
  return {};
}

Status Forest::check_width(int64_t width) const {
  if (top_feature_ < width) return {};
  return invalid_argument("expected rows of {} features or more, found {}", top_feature_ + 1,
                          width);
}

bool Forest::holds(const Node& node, double x) const {
  switch (node.mode) {
    case Mode::kLeq:
      return x <= node.value;
    case Mode::kLt:
      return x < node.value;
    case Mode::kGte:
      return x >= node.value;
    case Mode::kGt:
      return x > node.value;
    case Mode::kEq:
      return x == node.value;
    case Mode::kNeq:
      return x != node.value;
    case Mode::kMember: {
      const auto begin = members_.begin();
      return std::binary_search(begin + static_cast<ptrdiff_t>(node.members_begin),
                                begin + static_cast<ptrdiff_t>(node.members_end), x);
    }
  }
  return false;
}

std::span<const Forest::Vote> Forest::votes(size_t tree, const double* row) const {
  Step at = roots_[tree];
  while (at >= 0) {
    const Node& node = nodes_[static_cast<size_t>(at)];
    const double x = row[node.feature];
    at = holds(node, x) || (node.nan_is_true && std::isnan(x)) ? node.if_true : node.if_false;
  }
  const auto leaf = static_cast<size_t>(~at);
  return std::span(votes_).subspan(leaf_begin_[leaf], leaf_begin_[leaf + 1] - leaf_begin_[leaf]);
}

}  // namespace escuta::ops::ml
