// Operators on strings, and those of ai.onnx.ml.
#include <algorithm>

#include "draws.h"

namespace escuta::fuzz {
namespace {

using Floats = std::vector<float>;

Floats reals(Builder& b, int64_t count, double low = -1, double high = 1) {
  Floats all;
  for (int64_t i = 0; i < count; ++i) all.push_back(static_cast<float>(b.real(low, high)));
  return all;
}

}  // namespace

bool string_concat(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  return emit(b, e, {x.name, b.fresh(DType::kString, x.dims()).name});
}

bool string_split(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 0, 2);
  Attributes attributes;
  const auto all = x.value.as<std::string>();
  const bool empty = std::any_of(all.begin(), all.end(), [](auto& s) { return s.empty(); });
  // ONNX Runtime finds no piece in an empty string, Python's split, which defines it, an empty one.
  const bool cuts = !(empty && b.for_ort()) && b.coin();
  if (cuts) attributes.push_back(attr("delimiter", b.one_of<std::string>({",", " ", "b"})));
  if (b.coin()) attributes.push_back(attr("maxsplit", 1 + b.pick(2)));
  return emit(b, e, {x.name}, attributes, 2);
}

bool regex_match(Builder& b, const Entry& e) {
  return emit(
      b, e, {b.operand(e.types).name},
      {attr("pattern", b.one_of<std::string>({"[a-z]+", ".*b.*", "\\d+\\.\\d", "(a|b)?"}))});
}

bool string_normalizer(Builder& b, const Entry& e) {
  const Made x = b.fresh(DType::kString, b.coin() ? Dims{1 + b.pick(4)} : Dims{1, 1 + b.pick(4)});
  Attributes attributes = {
      attr("case_change_action", b.one_of<std::string>({"NONE", "LOWER", "UPPER"})),
      attr("is_case_sensitive", 1), attr("locale", "C")};
  if (b.coin()) attributes.push_back(attr("stopwords", std::vector<std::string>{"a", "one two"}));
  return emit(b, e, {x.name}, attributes);
}

bool tfidf(Builder& b, const Entry& e) {
  const Made x = b.fresh(b.one_of({DType::kInt64, DType::kInt32}),
                         b.coin() ? Dims{1 + b.pick(8)} : Dims{2, 1 + b.pick(6)}, {0, 4});
  return emit(b, e, {x.name},
              {attr("mode", b.one_of<std::string>({"TF", "IDF", "TFIDF"})),
               attr("min_gram_length", 1), attr("max_gram_length", 2),
               attr("max_skip_count", b.pick(2)), attr("ngram_counts", std::vector<int64_t>{0, 3}),
               attr("ngram_indexes", std::vector<int64_t>{0, 1, 2, 3, 4}),
               attr("pool_int64s", std::vector<int64_t>{1, 2, 3, 1, 2, 3, 4}),
               attr("weights", reals(b, 5, 0.5, 2))});
}

bool label_encoder(Builder& b, const Entry& e) {
  if (b.coin()) {
    const Made x = b.fresh(DType::kInt64, b.some_dims(1, 2), {0, 5});
    return emit(
        b, e, {x.name},
        {attr("keys_int64s", std::vector<int64_t>{0, 1, 2, 3}),
         attr("values_floats", Floats{0.5f, 1.5f, -1.0f, 2.0f}), attr("default_float", -7.0)});
  }
  const Made x = b.fresh(DType::kString, b.some_dims(1, 2));
  return emit(b, e, {x.name},
              {attr("keys_strings", std::vector<std::string>{"a", "b", "1.5"}),
               attr("values_int64s", std::vector<int64_t>{3, 1, 4}), attr("default_int64", -1)});
}

bool one_hot_encoder(Builder& b, const Entry& e) {
  const Made x = b.fresh(DType::kInt64, b.some_dims(1, 2), {0, 3});
  return emit(b, e, {x.name},
              {attr("cats_int64s", std::vector<int64_t>{0, 1, 2, 3}), attr("zeros", 1)});
}

bool scaler(Builder& b, const Entry& e) {
  const int64_t width = 1 + b.pick(5), count = b.coin() ? 1 : width;
  const Made x = b.like(b.one_of(e.types), {1 + b.pick(3), width});
  return emit(b, e, {x.name},
              {attr("offset", reals(b, count)), attr("scale", reals(b, count, 0.5, 2))});
}

bool normalizer(Builder& b, const Entry& e) {
  const Made x = b.like(b.one_of(e.types), {1 + b.pick(3), 1 + b.pick(5)}, {0.5, 2});
  return emit(b, e, {x.name}, {attr("norm", b.one_of<std::string>({"MAX", "L1", "L2"}))});
}

bool binarizer(Builder& b, const Entry& e) {
  return emit(b, e, {b.operand(e.types, 1, 2).name}, {attr("threshold", b.real(-1, 1))});
}

bool imputer(Builder& b, const Entry& e) {
  const int64_t width = 1 + b.pick(4);
  const Made x = b.like(DType::kFloat, {1 + b.pick(3), width}, {-1, 1});
  return emit(b, e, {x.name},
              {attr("imputed_value_floats", reals(b, b.coin() ? 1 : width)),
               attr("replaced_value_float", 0.0)});
}

bool array_feature(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 2, 2);
  const auto width = static_cast<double>(x.dims()[1]);
  const Made at = b.constant(b.random_datum(DType::kInt64, {1, 1 + b.pick(4)}, {0, width - 1}));
  return emit(b, e, {x.name, at.name});
}

bool linear_regressor(Builder& b, const Entry& e) {
  const int64_t width = 1 + b.pick(5), targets = 1 + b.pick(3);
  const Made x = b.like(DType::kFloat, {1 + b.pick(3), width});
  Attributes attributes = {attr("coefficients", reals(b, targets * width)),
                           attr("targets", targets)};
  if (b.coin()) attributes.push_back(attr("intercepts", reals(b, targets)));
  return emit(b, e, {x.name}, attributes);
}

bool linear_classifier(Builder& b, const Entry& e) {
  const int64_t width = 1 + b.pick(5);
  const Made x = b.fresh(DType::kFloat, {1 + b.pick(3), width});
  return emit(b, e, {x.name},
              {attr("coefficients", reals(b, 3 * width)), attr("intercepts", reals(b, 3)),
               attr("classlabels_ints", std::vector<int64_t>{4, 7, 9}),
               attr("post_transform", b.one_of<std::string>({"NONE", "SOFTMAX", "LOGISTIC"}))},
              2);
}

// Trees of three splits. Three classes: of two, ONNX Runtime gives 0 or 1 in place of the labels.
bool tree_regressor(Builder& b, const Entry& e) {
  const Made x = b.fresh(DType::kFloat, {1 + b.pick(4), 3});
  const int64_t trees = 1 + b.pick(3);
  const bool classes = e.op == "TreeEnsembleClassifier";
  std::vector<int64_t> tree, id, feature, yes, no, leaf_tree, leaf_id, leaf_target;
  Floats value, weight;
  std::vector<std::string> mode;
  const std::string kind = b.one_of<std::string>({"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT"});
  for (int64_t t = 0; t < trees; ++t) {
    for (int64_t n = 0; n < 7; ++n) {
      const bool leaf = n >= 3;
      tree.push_back(t);
      id.push_back(n);
      feature.push_back(leaf ? 0 : b.pick(3));
      value.push_back(leaf ? 0 : static_cast<float>(b.real(-1, 1)));
      mode.push_back(leaf ? "LEAF" : kind);
      yes.push_back(leaf ? 0 : 2 * n + 1);
      no.push_back(leaf ? 0 : 2 * n + 2);
      if (!leaf) continue;
      leaf_tree.push_back(t);
      leaf_id.push_back(n);
      leaf_target.push_back(b.pick(classes ? 3 : 2));
      weight.push_back(static_cast<float>(b.real(-1, 1)));
    }
  }
  const std::string what = classes ? "class" : "target";
  Attributes attributes = {attr("nodes_treeids", tree),       attr("nodes_nodeids", id),
                           attr("nodes_featureids", feature), attr("nodes_values", value),
                           attr("nodes_modes", mode),         attr("nodes_truenodeids", yes),
                           attr("nodes_falsenodeids", no),    attr(what + "_treeids", leaf_tree),
                           attr(what + "_nodeids", leaf_id),  attr(what + "_ids", leaf_target),
                           attr(what + "_weights", weight)};
  if (classes) {
    attributes.push_back(attr("classlabels_int64s", std::vector<int64_t>{3, 5, 8}));
    attributes.push_back(attr("post_transform", b.coin() ? "NONE" : "SOFTMAX"));
    return emit(b, e, {x.name}, attributes, 2);
  }
  attributes.push_back(attr("n_targets", 2));
  attributes.push_back(
      attr("aggregate_function", b.one_of<std::string>({"SUM", "AVERAGE", "MIN", "MAX"})));
  return emit(b, e, {x.name}, attributes);
}

bool svm_regressor(Builder& b, const Entry& e) {
  const int64_t width = 1 + b.pick(4), vectors = 1 + b.pick(4);
  const Made x = b.like(DType::kFloat, {1 + b.pick(3), width});
  return emit(b, e, {x.name},
              {attr("kernel_type", b.one_of<std::string>({"LINEAR", "RBF", "POLY", "SIGMOID"})),
               attr("kernel_params", Floats{0.5f, 0.2f, 2.0f}), attr("n_supports", vectors),
               attr("support_vectors", reals(b, vectors * width)),
               attr("coefficients", reals(b, vectors)), attr("rho", Floats{0.3f})});
}

bool feature_vectorizer(Builder& b, const Entry& e) {
  const int64_t rows = 1 + b.pick(3), first = 1 + b.pick(3), second = 1 + b.pick(3);
  const Made x = b.like(DType::kFloat, {rows, first}), y = b.like(DType::kFloat, {rows, second});
  return emit(b, e, {x.name, y.name},
              {attr("inputdimensions", std::vector<int64_t>{first, second})});
}

}  // namespace escuta::fuzz
