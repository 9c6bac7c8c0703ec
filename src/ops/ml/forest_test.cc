// Trees that no converter writes: each must be refused when it is read, and none may take the
// process with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;
using Texts = std::vector<std::string>;

// Nodes of one tree: an inner node with two leaves.
struct Trees {
  Ints trees = {0, 0, 0};
  Ints numbers = {0, 1, 2};
  Ints features = {1, 0, 0};
  Texts modes = {"BRANCH_LEQ", "LEAF", "LEAF"};
  Floats values = {0.5f, 0, 0};
  Ints if_true = {1, 0, 0};
  Ints if_false = {2, 0, 0};
  Ints vote_trees = {0, 0};
  Ints vote_numbers = {1, 2};
  Ints vote_ids = {0, 0};
  Floats vote_weights = {10, 20};
  int64_t targets = 1;

  TestNode node() const {
    TestNode result("ai.onnx.ml", "TreeEnsembleRegressor", 3, 1);
    result.set("nodes_treeids", trees)
        .set("nodes_nodeids", numbers)
        .set("nodes_featureids", features)
        .set("nodes_modes", modes)
        .set("nodes_values", values)
        .set("nodes_truenodeids", if_true)
        .set("nodes_falsenodeids", if_false)
        .set("target_treeids", vote_trees)
        .set("target_nodeids", vote_numbers)
        .set("target_ids", vote_ids)
        .set("target_weights", vote_weights)
        .set("n_targets", targets);
    return result;
  }
  void expect_refused() const {
    EXPECT_EQ(node().create_status().code(), StatusCode::kInvalidArgument);
  }
};

TEST(Forest, WalksToALeaf) {
  const auto result =
      Trees().node().run({tensor<float>(Shape({2, 2}), {9, 0.5f, 9, 0.6f})}).value();
  EXPECT_THAT(elements<float>(result[0]), ElementsAre(10, 20));
}

TEST(Forest, RefusesCircles) {
  Trees itself;
  itself.if_true[0] = 0;
  itself.expect_refused();
  Trees back;
  back.modes[1] = "BRANCH_LT";
  back.if_true[1] = 0;
  back.if_false[1] = 2;
  back.vote_numbers = {2, 2};
  back.expect_refused();
}

TEST(Forest, RefusesChildrenThatAreNot) {
  Trees outside;
  outside.if_false[0] = 3;
  outside.expect_refused();
  outside.if_false[0] = -1;
  outside.expect_refused();
  Trees elsewhere;  // node 2 is in another tree
  elsewhere.trees[2] = 1;
  elsewhere.expect_refused();
}

TEST(Forest, RefusesAmbiguousNodes) {
  Trees twice;
  twice.numbers[2] = 1;
  twice.expect_refused();
  Trees apart;
  apart.trees = {0, 1, 0};
  apart.expect_refused();
}

TEST(Forest, RefusesVotesForNobody) {
  Trees target;
  target.vote_ids[1] = 1;
  target.expect_refused();
  target.vote_ids[1] = -1;
  target.expect_refused();
  Trees leaf;
  leaf.vote_numbers[0] = 7;
  leaf.expect_refused();
}

TEST(Forest, RefusesListsOfDifferentLengths) {
  Trees missing;
  missing.values.pop_back();
  missing.expect_refused();
  Trees weights;
  weights.vote_weights.clear();
  weights.expect_refused();
  Trees mode;
  mode.modes[0] = "BRANCH_MAYBE";
  mode.expect_refused();
  Trees feature;
  feature.features[0] = -1;
  feature.expect_refused();
}

TEST(Forest, ChecksTheWidthOfRows) {
  const auto result = Trees().node().run({tensor<float>(Shape({1, 1}), {9})});
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
}

TEST(Forest, ManyTargetsDoNotTakeMemoryForNothing) {
  Trees wide;
  wide.targets = int64_t{1} << 60;
  const auto result = wide.node().run({tensor<float>(Shape({1, 2}), {9, 9})});
  EXPECT_FALSE(result.ok());
}

// As deep as there are nodes: neither the check nor the walk may recurse.
TEST(Forest, TakesDeepTrees) {
  constexpr int64_t kDepth = 100'000;
  Trees deep;
  deep.trees.assign(kDepth + 1, 0);
  deep.numbers.resize(kDepth + 1);
  std::iota(deep.numbers.begin(), deep.numbers.end(), 0);
  deep.features.assign(kDepth + 1, 0);
  deep.modes.assign(kDepth + 1, "BRANCH_LT");
  deep.modes.back() = "LEAF";
  deep.values.assign(kDepth + 1, 0);
  deep.if_true = deep.numbers;
  for (int64_t& number : deep.if_true) ++number;
  deep.if_false = deep.if_true;
  deep.vote_trees = {0};
  deep.vote_numbers = {kDepth};
  deep.vote_ids = {0};
  deep.vote_weights = {3};
  const auto result = deep.node().run({tensor<float>(Shape({1, 1}), {1})}).value();
  EXPECT_THAT(elements<float>(result[0]), ElementsAre(3));
}

// The expected numbers are ONNX Runtime's (1.31.1): one score for two classes.
TEST(TreeEnsembleClassifier, OneScoreStandsForTwoClasses) {
  const Trees trees;
  TestNode node("ai.onnx.ml", "TreeEnsembleClassifier", 3, 1, 2);
  node.set("nodes_treeids", trees.trees)
      .set("nodes_nodeids", trees.numbers)
      .set("nodes_featureids", trees.features)
      .set("nodes_modes", trees.modes)
      .set("nodes_values", trees.values)
      .set("nodes_truenodeids", trees.if_true)
      .set("nodes_falsenodeids", trees.if_false)
      .set("class_treeids", trees.vote_trees)
      .set("class_nodeids", trees.vote_numbers)
      .set("class_ids", trees.vote_ids)
      .set("class_weights", Floats{0.25f, 0.75f})
      .set("classlabels_strings", Texts{"no", "yes"});
  const Datum rows = tensor<float>(Shape({2, 2}), {9, 0.5f, 9, 0.6f});
  auto result = node.run({rows}).value();
  EXPECT_THAT(elements<std::string>(result[0]), ElementsAre("no", "yes"));
  EXPECT_THAT(elements<float>(result[1]), ElementsAre(0.75f, 0.25f, 0.25f, 0.75f));
  node.set("base_values", Floats{1, 2, 3});
  EXPECT_EQ(node.create_status().code(), StatusCode::kInvalidArgument);
}

graph::ConstantPtr constant(DType dtype, std::vector<uint8_t> bytes, int64_t count) {
  auto owner = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  auto made = std::make_shared<graph::Constant>();
  made->dtype = dtype;
  made->shape = Shape({count});
  made->bytes = std::as_bytes(std::span(*owner));
  made->owner = owner;
  return made;
}

graph::ConstantPtr floats(const Floats& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return constant(DType::kFloat, std::move(bytes), static_cast<int64_t>(values.size()));
}

// One node of mode BRANCH_MEMBER with two leaves.
TestNode member_node(int64_t child, int64_t target, const Floats& members) {
  TestNode node("ai.onnx.ml", "TreeEnsemble", 5, 1);
  node.set("nodes_featureids", Ints{0})
      .set("nodes_modes", constant(DType::kUint8, {6}, 1))
      .set("nodes_splits", floats({0}))
      .set("nodes_truenodeids", Ints{0})
      .set("nodes_trueleafs", Ints{1})
      .set("nodes_falsenodeids", Ints{child})
      .set("nodes_falseleafs", Ints{1})
      .set("leaf_targetids", Ints{0, target})
      .set("leaf_weights", floats({1, 2}))
      .set("tree_roots", Ints{0})
      .set("n_targets", 1)
      .set("membership_values", floats(members));
  return node;
}

TEST(TreeEnsemble, AsksForMembers) {
  const float nan = std::nanf("");
  const auto result =
      member_node(1, 0, {3, 0, 2, nan}).run({tensor<float>(Shape({3, 1}), {0, 1, 2})}).value();
  EXPECT_THAT(elements<float>(result[0]), ElementsAre(1, 2, 1));
}

TEST(TreeEnsemble, RefusesWhatIsOutOfRange) {
  const float nan = std::nanf("");
  EXPECT_FALSE(member_node(2, 0, {3, nan}).create_status().ok());
  EXPECT_FALSE(member_node(-1, 0, {3, nan}).create_status().ok());
  EXPECT_FALSE(member_node(1, 1, {3, nan}).create_status().ok());
  EXPECT_FALSE(member_node(1, 0, {}).create_status().ok());
}

}  // namespace
}  // namespace escuta::ops
