// Decision trees, checked: what TreeEnsemble and its two predecessors run on.
//
// Every child and vote exists and no tree runs in circles, so that a walk ends at a leaf after at
// most as many steps as there are nodes. Numbers are held in double: a comparison of floats is the
// same in double. Immutable after it is made; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ops/node_info.h"

namespace escuta::ops::ml {

class NodeNames;

class Forest {
 public:
  struct Vote {
    size_t target;
    double weight;
  };

  // TreeEnsembleRegressor and -Classifier: nodes named by tree and number, leaves among them.
  // votes: "target" or "class", the prefix of the attributes that have them.
  static Result<Forest> of_named_nodes(const NodeInfo& node, const std::string& votes,
                                       size_t targets);
  // TreeEnsemble: nodes and leaves apart, by position.
  static Result<Forest> of_positions(const NodeInfo& node, size_t targets);

  size_t trees() const { return roots_.size(); }
  // InvalidArgument unless rows of `width` features have all that nodes look at.
  Status check_width(int64_t width) const;
  // The votes of the leaf of `tree` where a row ends.
  std::span<const Vote> votes(size_t tree, const double* row) const;
  std::span<const Vote> all_votes() const { return votes_; }

 private:
  enum class Mode : uint8_t { kLeq, kLt, kGte, kGt, kEq, kNeq, kMember };
  // A node where it is >= 0, else leaf ~step.
  using Step = int64_t;
  struct Node {
    Mode mode = Mode::kLeq;
    bool nan_is_true = false;
    int64_t feature = 0;
    double value = 0;
    size_t members_begin = 0, members_end = 0;  // kMember: of members_, rising
    Step if_true = 0, if_false = 0;
  };

  static Result<Mode> mode_of(const std::string& name);
  Status add_nodes(const NodeInfo& info, const std::vector<std::string>& modes,
                   const std::vector<int64_t>& steps, const NodeNames& names);
  Status add_votes(const NodeInfo& info, const std::string& prefix, size_t targets,
                   const std::vector<int64_t>& steps, const NodeNames& names, size_t leaves);
  Status add_members(const NodeInfo& info);
  Status check_ends();
  bool holds(const Node& node, double x) const;

  std::vector<Node> nodes_;
  std::vector<Step> roots_;
  std::vector<size_t> leaf_begin_;  // of a leaf's votes; one more than leaves
  std::vector<Vote> votes_;
  std::vector<double> members_;
  int64_t top_feature_ = -1;
};

// The elements of a float, double or float16 tensor attribute, or of the list of floats `name`
// without "_as_tensor"; empty when neither is there.
Result<std::vector<double>> read_doubles(const NodeInfo& node, const std::string& list,
                                         const std::string& tensor);

}  // namespace escuta::ops::ml
