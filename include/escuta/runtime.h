// escuta for programs that embed it: load an ONNX model, run it. C++20; nothing but this header and
// the library (CMake target escuta::runtime). docs/embedding.md tells how.
//
// Threads: every const function of every class here may be called from any number of threads at
// once; that is all of Runtime but moving and destroying it. Nothing throws, except the standard
// library's containers in the caller's own hands; what can fail returns a Status or a Result.
#pragma once

#include <atomic>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace escuta::api {

// --- Errors -------------------------------------------------------------------------------------

// gRPC's codes and numbers.
enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Success, or a code and a message: what was expected, what was found.
class [[nodiscard]] Status {
 public:
  Status() = default;  // success
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  std::string to_string() const;  // "INVALID_ARGUMENT: message", or "OK"

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

namespace detail {
// Ends the program: a value was taken of a Result that has none.
[[noreturn]] void no_value(const Status& status);
struct Access;  // the library's way into the classes below
struct Datum;
}  // namespace detail

// A T, or the Status that says why there is none. Taking the value of a failed one ends the program
// with its message: ask ok() first.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design
  Result(T value) : value_(std::move(value)) {}          // NOLINT
  Result(Code code, std::string message) : status_(code, std::move(message)) {}

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return check(), *value_; }
  const T& value() const& { return check(), *value_; }
  T&& value() && { return check(), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check() const {
    if (!value_.has_value()) detail::no_value(status_);
  }
  Status status_;
  std::optional<T> value_;
};

// --- Values -------------------------------------------------------------------------------------

// Element types, by ONNX's numbers (TensorProto.DataType).
enum class DType : uint8_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUint4 = 21,
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
  kUint2 = 25,
  kInt2 = 26,
};
std::string_view dtype_name(DType dtype);  // "float", "int64"

// IEEE binary16 and bfloat16, for programs whose compiler has no such types.
struct Float16 {
  uint16_t bits = 0;
  static Float16 from(float value);  // to nearest, ties to even
  float value() const;
};
struct BFloat16 {
  uint16_t bits = 0;
  static BFloat16 from(float value);
  float value() const;
};

// The DType of a C++ element type; kUndefined for any other type.
template <typename T>
constexpr DType dtype_of() {
  using std::is_same_v;
  if constexpr (is_same_v<T, float>) return DType::kFloat;
  if constexpr (is_same_v<T, double>) return DType::kDouble;
  if constexpr (is_same_v<T, Float16>) return DType::kFloat16;
  if constexpr (is_same_v<T, BFloat16>) return DType::kBfloat16;
  if constexpr (is_same_v<T, int8_t>) return DType::kInt8;
  if constexpr (is_same_v<T, int16_t>) return DType::kInt16;
  if constexpr (is_same_v<T, int32_t>) return DType::kInt32;
  if constexpr (is_same_v<T, int64_t>) return DType::kInt64;
  if constexpr (is_same_v<T, uint8_t>) return DType::kUint8;
  if constexpr (is_same_v<T, uint16_t>) return DType::kUint16;
  if constexpr (is_same_v<T, uint32_t>) return DType::kUint32;
  if constexpr (is_same_v<T, uint64_t>) return DType::kUint64;
  if constexpr (is_same_v<T, bool>) return DType::kBool;
  if constexpr (is_same_v<T, std::string>) return DType::kString;
  if constexpr (is_same_v<T, std::complex<float>>) return DType::kComplex64;
  if constexpr (is_same_v<T, std::complex<double>>) return DType::kComplex128;
  return DType::kUndefined;
}

using Dims = std::vector<int64_t>;

class Value;

// Elements in memory, dense and row-major. A cheap handle: copies share the elements, which never
// change. An empty Tensor has type kUndefined.
class Tensor {
 public:
  Tensor() = default;

  // A copy of `values`; InvalidArgument unless there is one for each element of `shape`.
  template <typename T>
  static Result<Tensor> of(const Dims& shape, std::span<const T> values) {
    static_assert(dtype_of<T>() != DType::kUndefined, "not an element type");
    return copy(dtype_of<T>(), shape, values.data(), values.size());
  }
  template <typename T>
  static Result<Tensor> of(const Dims& shape, std::initializer_list<T> values) {
    return of<T>(shape, std::span<const T>(values.begin(), values.size()));
  }
  // The caller's own memory, without a copy: it stays as it is until the last handle is gone and
  // every run that was given one has ended. What a run gives back never points into it.
  template <typename T>
  static Result<Tensor> borrow(const Dims& shape, std::span<const T> values) {
    static_assert(dtype_of<T>() != DType::kUndefined && !std::is_same_v<T, std::string>,
                  "not an element type that can be borrowed");
    return borrow_bytes(dtype_of<T>(), shape, std::as_bytes(values));
  }
  // The same for every type but kString, by its bytes: little-endian; elements of less than a byte
  // packed, lowest bits first. InvalidArgument where bytes are too few or too many.
  static Result<Tensor> of_bytes(DType dtype, const Dims& shape, std::span<const std::byte> bytes);
  // Memory that is not aligned to the element size is copied.
  static Result<Tensor> borrow_bytes(DType dtype, const Dims& shape,
                                     std::span<const std::byte> bytes);

  explicit operator bool() const { return datum_ != nullptr; }
  DType dtype() const;
  std::span<const int64_t> shape() const;  // as long as a handle to this tensor lives
  int64_t count() const;                   // elements
  // The elements, as long as a handle to this tensor lives; InvalidArgument where T is not what
  // dtype() says.
  template <typename T>
  Result<std::span<const T>> values() const {
    static_assert(dtype_of<T>() != DType::kUndefined, "not an element type");
    const Status status = check_type(dtype_of<T>());
    if (!status.ok()) return status;
    return std::span<const T>(static_cast<const T*>(data()), static_cast<size_t>(count()));
  }
  std::span<const std::byte> bytes() const;  // empty for strings

 private:
  friend struct detail::Access;
  friend class Value;
  static Result<Tensor> copy(DType dtype, const Dims& shape, const void* data, size_t count);
  Status check_type(DType wanted) const;
  const void* data() const;
  std::shared_ptr<const detail::Datum> datum_;
};

// What goes into and comes out of a model: a tensor, nearly always. A cheap handle, as Tensor.
class Value {
 public:
  enum class Kind { kNone, kTensor, kSequence, kMap };

  Value() = default;     // nothing: an optional input that is left out
  Value(Tensor tensor);  // NOLINT: implicit by design
  // A sequence of tensors of one type, or of none. Borrowed ones are copied.
  static Result<Value> sequence(DType dtype, std::span<const Tensor> items);

  Kind kind() const;
  Tensor tensor() const;             // empty where this is not a tensor
  std::vector<Value> items() const;  // of a sequence, else none
  Tensor keys() const;               // of a map: [N] integers or strings, else empty
  Tensor map_values() const;         // of a map: [N], in the order of keys()

 private:
  friend struct detail::Access;
  std::shared_ptr<const detail::Datum> datum_;
};

// The inputs of one run, by name, {{"x", a}, {"y", b}}, or in the model's order, {a, b}. An input
// with a default or of an optional type may be left out, or be Value().
class Inputs {
 public:
  Inputs() = default;
  Inputs(std::initializer_list<Value> by_position) : Inputs(std::vector<Value>(by_position)) {}
  Inputs(std::vector<Value> by_position) : by_position_(std::move(by_position)) {}  // NOLINT
  Inputs(std::initializer_list<std::pair<std::string, Value>> by_name) : by_name_(by_name) {}
  Inputs(std::vector<std::pair<std::string, Value>> by_name)  // NOLINT
      : by_name_(std::move(by_name)) {}

 private:
  friend struct detail::Access;
  std::vector<Value> by_position_;
  std::vector<std::pair<std::string, Value>> by_name_;
};

// What a run gave: the outputs that were wanted, in the order they were asked for.
class Outputs {
 public:
  size_t size() const { return values_.size(); }
  const std::string& name(size_t i) const { return names_[i]; }  // i < size()
  const Value& operator[](size_t i) const { return values_[i]; }
  // NotFound names what there is; OutOfRange; InvalidArgument where it is not a tensor.
  Result<Value> value(std::string_view name) const;
  Result<Tensor> tensor(std::string_view name) const;
  Result<Tensor> tensor(size_t i = 0) const;

 private:
  friend struct detail::Access;
  std::vector<std::string> names_;
  std::vector<Value> values_;
};

// --- Running ------------------------------------------------------------------------------------

// Tells runs to give up. Copies are the same switch, which stays on.
class Cancellation {
 public:
  Cancellation();
  void cancel() const;
  bool cancelled() const;

 private:
  friend struct detail::Access;
  std::shared_ptr<std::atomic<bool>> flag_;
};

using Deadline = std::chrono::steady_clock::time_point;

struct RunOptions {
  std::vector<std::string> outputs;  // the names wanted, each once; empty: all
  // Looked at between operators and between the turns of loops; an operator that has begun ends.
  // With ort: before it begins. The error is Cancelled or DeadlineExceeded.
  std::optional<Cancellation> cancellation;
  std::optional<Deadline> deadline;
};

// How run_batch may run several inputs as one, their rows joined along the first axis.
enum class Batching {
  // Where the model says that its first axis is a batch: every input and output has the same name
  // there, "batch", "batch_size", "N" or one that begins or ends with "batch".
  kAuto,
  // Wherever the first axis has no fixed size. The caller knows that rows do not mix: with a model
  // whose rows do (a mean over the first axis), results are wrong.
  kRows,
  kSeparate,  // never
};

struct Options {
  // "auto", or names, walked in order; one name is strict: an error where it cannot run the model.
  std::vector<std::string> providers = {"auto"};
  int threads = 0;                      // inside one operator; 0: the cores this process may use
  std::vector<std::string> passes_off;  // graph passes not to run, by name; "all": none runs
  bool fast_kernels = true;             // false: only the plain loops that define each operator
  std::map<std::string, std::string> provider_options;  // the provider's own keys
  std::vector<std::string> plugins;  // NAME=PATH: libraries for ONNX Runtime, as ort:NAME
  int async_workers = 2;             // threads for run_async, made at its first call; at least 1
  size_t async_queue = 256;          // runs that may wait for one of them
};

// --- What there is ------------------------------------------------------------------------------

// An input or output. A dimension is -1 where it is not fixed; symbols has its name then, or "".
struct Port {
  std::string name;
  DType dtype = DType::kUndefined;  // kUndefined: not a tensor, see type
  Dims dims;
  std::vector<std::string> symbols;
  bool ranked = true;     // whether the number of dimensions is known
  bool optional = false;  // may be left out
  std::string type;       // for people: "float [batch, 80, 3000]", "sequence of float"
};

struct Metadata {
  std::string producer_name, producer_version, domain, graph_name, doc;
  int64_t ir_version = 0, model_version = 0;
  std::map<std::string, int64_t> opsets;  // domain -> version; "" is ai.onnx
  std::vector<Port> inputs, outputs;      // inputs that may be left out come last
  std::map<std::string, std::string> custom;
};

// How many of the model's nodes a provider runs, and why not all.
struct Placement {
  std::string provider;
  int nodes = 0;
  std::string reason;
};

struct ProviderInfo {
  std::string name;  // "cpu", "ort", "ort:openvino"
  bool available = false;
  std::string reason;  // where it is not: what is missing and how to get it
  std::string version, device;
};

struct DeviceInfo {
  std::string cpu;
  int cores_online = 0, cores_available = 0;        // of the machine; that this process may use
  std::vector<std::string> isas;                    // "avx2", "avx512f", ...
  uint64_t memory_total = 0, memory_available = 0;  // bytes; of the container, where there is one
};
DeviceInfo device_info();

// What this library can run models on here, best first. InvalidArgument: a malformed plugin.
Result<std::vector<ProviderInfo>> list_providers(const std::vector<std::string>& plugins = {});

// --- The model ----------------------------------------------------------------------------------

// A loaded model. Any number of threads may use one at once, and results do not depend on it.
class Runtime {
 public:
  // NotFound, InvalidArgument, DataLoss: the model's file. Unavailable, Unimplemented: no provider
  // of the list runs it; the message has each one's reason.
  static Result<Runtime> load(const std::filesystem::path& model, const Options& options = {});
  Runtime(Runtime&&) noexcept;
  Runtime& operator=(Runtime&&) noexcept;
  ~Runtime();  // close()

  // InvalidArgument: names, types and shapes that are not the model's; says what was expected and
  // found. FailedPrecondition: closed.
  Result<Outputs> run(const Inputs& inputs, const RunOptions& options = {}) const;

  // result[i] is what run(items[i]) gives, or its error, up to the rounding of joined rows.
  // cancellation and deadline are for the batch as a whole.
  std::vector<Result<Outputs>> run_batch(std::span<const Inputs> items,
                                         const RunOptions& options = {},
                                         Batching batching = Batching::kAuto) const;

  // Runs on a worker. `done` is called once, there, with the result; it must not throw, and may use
  // this Runtime. ResourceExhausted, and no call of `done`: the queue is full.
  Status run_async(Inputs inputs, RunOptions options,
                   std::function<void(Result<Outputs>)> done) const;
  std::future<Result<Outputs>> run_async(Inputs inputs, RunOptions options = {}) const;

  // Loads the model again for other providers. Runs under way end on the old ones; after an error
  // all stay on the old ones.
  Status set_providers(const std::vector<std::string>& providers) const;

  Metadata metadata() const;
  std::vector<Placement> placements() const;

  // Lets go of the model: later runs fail, those that wait in the queue get Cancelled, those under
  // way end first where their thread is not this one. A second call does nothing.
  void close() const;

 private:
  struct State;
  explicit Runtime(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace escuta::api
