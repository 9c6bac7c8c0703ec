#include "ops/evaluate.h"

namespace escuta::ops {
namespace {

class HeapCall final : public Call {
 public:
  HeapCall(std::span<const Datum> inputs, const std::vector<bool>& wanted, size_t limit)
      : results_(wanted.size()), left_(limit) {
    for (const Datum& input : inputs) input_list_.push_back(input.is_none() ? nullptr : &input);
    for (size_t i = 0; i < wanted.size(); ++i) {
      output_list_.push_back(wanted[i] ? &results_[i] : nullptr);
    }
    inputs_ = input_list_;
    outputs_ = output_list_;
  }

  Result<std::byte*> allocate(size_t i, DType dtype, const Shape& shape) override {
    if (dtype != DType::kString) {
      ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(dtype, shape.count()));
      RETURN_IF_ERROR(spend(bytes));
    } else {
      RETURN_IF_ERROR(spend(static_cast<size_t>(shape.count()) * sizeof(std::string)));
    }
    ASSIGN_OR_RETURN(Datum datum, Datum::create(dtype, shape));
    std::byte* data = datum.mutable_bytes();
    if (wants(i)) {
      set(i, std::move(datum));
    } else {
      unwanted_.push_back(std::move(datum));
    }
    return data;
  }

  Result<std::byte*> scratch(size_t bytes) override {
    RETURN_IF_ERROR(spend(bytes));
    ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(bytes));
    scratch_.push_back(buffer);
    return buffer.data();
  }

  Status run_body(int, std::span<const Datum>, std::span<Datum>) override {
    return unimplemented("a node with a body cannot be evaluated by itself");
  }

  std::mt19937_64& random() override { return random_; }

  std::vector<Datum> take_results() { return std::move(results_); }

 private:
  Status spend(size_t bytes) {
    if (bytes > left_) {
      return resource_exhausted("evaluating a node takes more memory than the limit allows");
    }
    left_ -= bytes;
    return {};
  }

  std::vector<const Datum*> input_list_;
  std::vector<Datum*> output_list_;
  std::vector<Datum> results_;
  std::vector<Datum> unwanted_;
  std::vector<Buffer> scratch_;
  size_t left_;
  std::mt19937_64 random_{0};
};

}  // namespace

Result<std::vector<Datum>> evaluate(const Kernel& kernel, std::span<const Datum> inputs,
                                    const std::vector<bool>& wanted, size_t limit) {
  HeapCall call(inputs, wanted, limit);
  RETURN_IF_ERROR(kernel.run(call));
  std::vector<Datum> results = call.take_results();
  // What views an input must outlive it.
  for (Datum& result : results) {
    ASSIGN_OR_RETURN(result, result.to_owned());
  }
  return results;
}

}  // namespace escuta::ops
