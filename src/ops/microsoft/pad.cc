// Pad (com.microsoft 1): the standard one, whose pads may be of shape [1, 2 * rank] as well.
#include "ops/microsoft/standard.h"

namespace escuta::ops {

extern const Operator kPad;

namespace {

// The call with pads as a vector.
class FlatPads final : public Call {
 public:
  explicit FlatPads(Call& call) : call_(call) {
    if (call.input(1).is_tensor()) pads_ = call.input(1).reshaped({call.input(1).count()});
    for (size_t i = 0; i < 3; ++i) inputs_data_[i] = call.has(i) ? &call.input(i) : nullptr;
    if (call.has(1)) inputs_data_[1] = &pads_;
    inputs_ = inputs_data_;
  }
  Result<std::byte*> allocate(size_t i, DType dtype, const Shape& shape) override {
    return call_.allocate(i, dtype, shape);
  }
  Result<std::byte*> scratch(size_t bytes) override { return call_.scratch(bytes); }
  Status run_body(int index, std::span<const Datum> inputs, std::span<Datum> outputs) override {
    return call_.run_body(index, inputs, outputs);
  }
  Status check_cancelled() const override { return call_.check_cancelled(); }
  int threads() const override { return call_.threads(); }
  std::mt19937_64& random() override { return call_.random(); }

 private:
  Call& call_;
  Datum pads_;
  std::array<const Datum*, 3> inputs_data_{};
};

class Pad final : public Kernel {
 public:
  explicit Pad(const NodeInfo& node) {
    Result<KernelPtr> created = create_as<kPad, 13>(node);
    if (created.ok()) {
      standard_ = std::move(created).value();
    } else {
      node.fail(created.status());
    }
  }

  Status run(Call& call) const override {
    FlatPads flat(call);
    return standard_->run(flat);
  }

 private:
  KernelPtr standard_;
};

}  // namespace

extern const Operator kMsPad = {.domain = "com.microsoft",
                                .name = "Pad",
                                .versions = {1},
                                .inputs = {2, 3},
                                .infer = infer_as<kPad, 13>,
                                .create = make<Pad>};

}  // namespace escuta::ops
