// TfIdfVectorizer: counts the n-grams of a pool in each row, where elements of an n-gram may be up
// to max_skip_count elements apart, and weighs the counts.
#include <unordered_map>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// The pool as a tree: from node 0 an n-gram leads to a node that knows its number.
class NgramTree {
 public:
  // `items`: the n-grams one after another, those of each length from where `starts` says.
  static Result<NgramTree> create(const std::vector<int64_t>& items, std::vector<int64_t> starts,
                                  int64_t shortest, int64_t longest) {
    NgramTree tree;
    starts.push_back(static_cast<int64_t>(items.size()));
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      const auto size = static_cast<int64_t>(i + 1);
      if (starts[i] < 0 || starts[i] > starts[i + 1] || starts[i + 1] > starts.back()) {
        return invalid_argument("ngram_counts: expected rising places in a pool of {}, found {}",
                                items.size(), starts[i]);
      }
      const int64_t ngrams = (starts[i + 1] - starts[i]) / size;
      for (int64_t n = 0; n < ngrams && size >= shortest && size <= longest; ++n) {
        tree.add({items.data() + starts[i] + n * size, static_cast<size_t>(size)}, tree.count_ + n);
      }
      tree.count_ += ngrams;
    }
    return tree;
  }

  int64_t count() const { return count_; }
  // The node that `item` leads to; -1: none.
  int32_t next(int32_t node, int64_t item) const {
    const auto& edges = nodes_[static_cast<size_t>(node)].edges;
    const auto found = edges.find(item);
    return found == edges.end() ? -1 : found->second;
  }
  // The n-gram that ends at the node; -1: none.
  int64_t ngram(int32_t node) const { return nodes_[static_cast<size_t>(node)].ngram; }

 private:
  struct Node {
    int64_t ngram = -1;
    std::unordered_map<int64_t, int32_t> edges;
  };

  void add(std::span<const int64_t> items, int64_t ngram) {
    int32_t at = 0;
    for (const int64_t item : items) {
      const int32_t fresh = static_cast<int32_t>(nodes_.size());
      const int32_t to = nodes_[static_cast<size_t>(at)].edges.emplace(item, fresh).first->second;
      if (to == fresh) nodes_.emplace_back();
      at = to;
    }
    nodes_[static_cast<size_t>(at)].ngram = ngram;
  }

  int64_t count_ = 0;
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

class TfIdfVectorizer final : public Kernel {
 public:
  explicit TfIdfVectorizer(const NodeInfo& node)
      : shortest_(node.integer("min_gram_length", 1)),
        longest_(node.integer("max_gram_length", 1)),
        skips_(node.integer("max_skip_count", 0)),
        indexes_(node.integers("ngram_indexes")),
        weights_(node.numbers("weights")) {
    const std::string mode = node.text("mode", "TF");
    if (mode != "TF" && mode != "IDF" && mode != "TFIDF") {
      node.fail(invalid_argument("mode: expected TF, IDF or TFIDF, found {}", mode));
    }
    counts_ = mode != "IDF";
    if (mode == "TF") weights_.clear();
    node.fail(prepare(node));
  }

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    if (shape.rank() > 2) {
      return invalid_argument("X: expected a tensor [C] or [N, C], found {}", shape.to_string());
    }
    const int64_t rows = shape.rank() == 2 ? shape[0] : 1;
    const int64_t length = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
    ASSIGN_OR_RETURN(const Shape result, shape.rank() == 2 ? Shape::create(std::array{rows, size_})
                                                           : Shape::create(std::array{size_}));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, result));
    std::fill_n(dst, result.count(), 0.0f);
    ASSIGN_OR_RETURN(int64_t * items, call.scratch_of<int64_t>(length));
    using AllTypes = Types<std::string, int32_t, int64_t>;
    return dispatch(AllTypes{}, call.dtype(0), [&](auto tag) -> Status {
      const auto* src = call.input(0).as<decltype(tag)>().data();
      for (int64_t row = 0; row < rows && size_ > 0; ++row) {
        for (int64_t i = 0; i < length; ++i) items[i] = item_of(src[row * length + i]);
        RETURN_IF_ERROR(count_row(call, items, length, dst + row * size_));
        weigh(dst + row * size_);
      }
      return {};
    });
  }

 private:
  Status prepare(const NodeInfo& node) {
    const std::vector<int64_t> ints = node.integers("pool_int64s");
    const std::vector<std::string> texts = node.texts("pool_strings");
    if (shortest_ < 1 || longest_ < shortest_ || skips_ < 0) {
      return invalid_argument(
          "expected 1 <= min_gram_length <= max_gram_length and max_skip_count "
          ">= 0, found {}, {}, {}",
          shortest_, longest_, skips_);
    }
    std::vector<int64_t> items;
    for (const int64_t value : ints) {
      items.push_back(int_items_.emplace(value, int_items_.size()).first->second);
    }
    for (size_t i = 0; ints.empty() && i < texts.size(); ++i) {
      items.push_back(text_items_.emplace(texts[i], text_items_.size()).first->second);
    }
    ASSIGN_OR_RETURN(tree_,
                     NgramTree::create(items, node.integers("ngram_counts"), shortest_, longest_));
    if (static_cast<int64_t>(indexes_.size()) < tree_.count()) {
      return invalid_argument("ngram_indexes: expected {}, one per n-gram, found {}", tree_.count(),
                              indexes_.size());
    }
    for (const int64_t index : indexes_) {
      if (index < 0 || index >= (int64_t{1} << 40)) {
        return invalid_argument("ngram_indexes: expected places in the output, found {}", index);
      }
      size_ = std::max(size_, index + 1);
    }
    if (!weights_.empty() && static_cast<int64_t>(weights_.size()) < size_) {
      return invalid_argument("weights: expected {}, found {}", size_, weights_.size());
    }
    return {};
  }

  int64_t item_of(int64_t value) const {
    const auto found = int_items_.find(value);
    return found == int_items_.end() ? -1 : found->second;
  }
  int64_t item_of(const std::string& value) const {
    const auto found = text_items_.find(value);
    return found == text_items_.end() ? -1 : found->second;
  }

  Status count_row(Call& call, const int64_t* items, int64_t length, float* dst) const {
    int64_t shortest = shortest_;
    for (int64_t distance = 1; distance - 1 <= skips_ && distance <= length; ++distance) {
      RETURN_IF_ERROR(call.check_cancelled());
      for (int64_t first = 0; first < length; ++first) {
        int32_t node = 0;
        int64_t size = 0;
        for (int64_t at = first; at < length && size < longest_; at += distance) {
          node = tree_.next(node, items[at]);
          if (node < 0) break;
          ++size;
          const int64_t ngram = tree_.ngram(node);
          if (ngram >= 0 && size >= shortest) ++dst[indexes_[static_cast<size_t>(ngram)]];
        }
      }
      // A single element has no distance, so it counts once only.
      if (shortest == 1 && ++shortest > longest_) break;
    }
    return {};
  }

  void weigh(float* row) const {
    for (int64_t i = 0; i < size_; ++i) {
      if (!counts_) row[i] = row[i] > 0 ? 1.0f : 0.0f;
      if (!weights_.empty()) row[i] *= weights_[static_cast<size_t>(i)];
    }
  }

  int64_t shortest_, longest_, skips_;
  std::vector<int64_t> indexes_;  // places of n-grams in a row of the output
  std::vector<float> weights_;    // by place; empty: 1
  bool counts_ = true;            // or whether there is one
  int64_t size_ = 0;              // of a row of the output
  std::unordered_map<int64_t, int64_t> int_items_;
  std::unordered_map<std::string, int64_t> text_items_;
  NgramTree tree_;
};

void infer(Inference& node) {
  int64_t size = 0;
  for (const int64_t index : node.integers("ngram_indexes")) {
    if (index < 0 || index >= (int64_t{1} << 40)) return node.set(0, DType::kFloat, {});
    size = std::max(size, index + 1);
  }
  const auto& shape = node.shape(0);
  if (!shape) return node.set(0, DType::kFloat, std::nullopt);
  Dims dims{Dim(size)};
  if (shape->size() == 2) dims.insert(dims.begin(), shape->front());
  node.set(0, DType::kFloat, std::move(dims));
}

}  // namespace

extern const Operator kTfIdfVectorizer = {.domain = "",
                                          .name = "TfIdfVectorizer",
                                          .versions = {9},
                                          .inputs = {1, 1},
                                          .infer = infer,
                                          .create = make<TfIdfVectorizer>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
