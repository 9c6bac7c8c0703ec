// StringSplit (ai.onnx 20): pieces of each string, filled up with empty strings, and their number.
//
// Without a delimiter strings are cut at runs of white space (Unicode's White_Space), and there are
// no empty pieces; as Python's str.split() has it.
#include <algorithm>
#include <limits>

#include "ops/check_input.h"
#include "ops/elements.h"
#include "ops/operator.h"
#include "text/utf8.h"

namespace escuta::ops {
namespace {

// Cuts the next piece off the front of a text.
class Pieces {
 public:
  Pieces(std::string_view text, std::string_view delimiter, int64_t cuts)
      : rest_(text), delimiter_(delimiter), cuts_(cuts) {
    if (delimiter_.empty()) skip_space();
  }

  bool next(std::string_view* piece) {
    if (done_ || (delimiter_.empty() && rest_.empty())) return false;
    size_t end = std::string_view::npos;
    if (cuts_ > 0) end = delimiter_.empty() ? find_space() : rest_.find(delimiter_);
    --cuts_;
    *piece = rest_.substr(0, end);
    if (end == std::string_view::npos) {
      done_ = true;
      return true;
    }
    rest_.remove_prefix(end + delimiter_.size());
    if (delimiter_.empty()) skip_space();
    return true;
  }

 private:
  void skip_space() {
    while (!rest_.empty()) {
      const text::CodePoint point = text::decode_utf8(rest_);
      if (!text::is_white_space(point.value)) break;
      rest_.remove_prefix(point.length);
    }
  }
  size_t find_space() const {
    size_t at = 0;
    while (at < rest_.size()) {
      const text::CodePoint point = text::decode_utf8(rest_.substr(at));
      if (text::is_white_space(point.value)) return at;
      at += point.length;
    }
    return std::string_view::npos;
  }

  std::string_view rest_;
  std::string_view delimiter_;
  int64_t cuts_;
  bool done_ = false;
};

class StringSplit final : public Kernel {
 public:
  explicit StringSplit(const NodeInfo& node)
      : delimiter_(node.text("delimiter", "")),
        cuts_(node.integer("maxsplit", std::numeric_limits<int64_t>::max())) {
    if (cuts_ < 0) cuts_ = std::numeric_limits<int64_t>::max();
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_dtype(call, 0, DType::kString));
    const Shape& shape = call.shape(0);
    const auto src = call.input(0).as<std::string>();
    ASSIGN_OR_RETURN(int64_t * counts, call.output<int64_t>(1, shape));
    int64_t most = 0;
    std::string_view piece;
    for (size_t i = 0; i < src.size(); ++i) {
      RETURN_IF_ERROR(call.check_cancelled());
      counts[i] = 0;
      for (Pieces pieces(src[i], delimiter_, cuts_); pieces.next(&piece);) ++counts[i];
      most = std::max(most, counts[i]);
    }
    ASSIGN_OR_RETURN(const Shape split, insert_dim(shape, shape.rank(), most));
    ASSIGN_OR_RETURN(std::string * dst, call.output<std::string>(0, split));
    for (size_t i = 0; i < src.size(); ++i) {
      std::string* place = dst + static_cast<int64_t>(i) * most;
      for (Pieces pieces(src[i], delimiter_, cuts_); pieces.next(&piece);) *place++ = piece;
    }
    return {};
  }

 private:
  std::string delimiter_;
  int64_t cuts_;
};

void infer(Inference& node) {
  std::optional<Dims> shape = node.shape(0);
  node.set(1, DType::kInt64, shape);
  if (shape) shape->emplace_back();
  node.set(0, DType::kString, std::move(shape));
}

}  // namespace

extern const Operator kStringSplit = {.domain = "",
                                      .name = "StringSplit",
                                      .versions = {20},
                                      .inputs = {1, 1},
                                      .outputs = {1, 2},
                                      .infer = infer,
                                      .create = make<StringSplit>};

}  // namespace escuta::ops
