#include "engine/rows.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace escuta::engine {
namespace {

// Where the bytes of a row are: so many blocks, so far apart.
struct RowLayout {
  size_t blocks = 1, block_bytes = 0, block_step = 0;
  size_t row_step() const { return blocks * block_step; }

  void copy(const std::byte* src, std::byte* dst) const {
    for (size_t i = 0; i < blocks; ++i) {
      std::memcpy(dst + i * block_step, src + i * block_step, block_bytes);
    }
  }
};

RowLayout layout_of(const Datum& datum) {
  const Shape& shape = datum.shape();
  const auto rows = static_cast<size_t>(std::max<int64_t>(shape[0], 1));
  RowLayout layout;
  if (datum.is_dense()) {
    layout.block_bytes = layout.block_step = datum.byte_size() / rows;
    return layout;
  }
  const int rank = shape.rank();
  const auto bits = static_cast<size_t>(dtype_bits(datum.dtype()));
  const size_t line_bytes = static_cast<size_t>(shape[rank - 1]) * bits / 8;
  layout.blocks = 1;
  for (int axis = 1; axis < rank - 2; ++axis) layout.blocks *= static_cast<size_t>(shape[axis]);
  layout.block_bytes = static_cast<size_t>(shape[rank - 2]) * line_bytes;
  layout.block_step = static_cast<size_t>(datum.row_capacity()) * line_bytes;
  return layout;
}

bool stays(std::span<const int64_t> rows, int64_t count) {
  if (static_cast<int64_t>(rows.size()) != count) return false;
  for (int64_t i = 0; i < count; ++i) {
    if (rows[static_cast<size_t>(i)] != i) return false;
  }
  return true;
}

Result<Shape> with_rows(const Shape& shape, size_t rows) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[0] = static_cast<int64_t>(rows);
  return Shape::create(dims);
}

// Row i becomes what row rows[i] was, for all i at once: a row is written when nobody needs any
// more what was in it, and one of each ring that remains waits beside.
class MoveInPlace {
 public:
  MoveInPlace(std::span<const int64_t> rows, int64_t count, std::byte* data,
              const RowLayout& layout)
      : rows_(rows), data_(data), layout_(layout), readers_(static_cast<size_t>(count)) {}

  Status run() {
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (source(i) != i) ++readers_[source(i)];
    }
    std::vector<bool> done(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) {
      for (size_t at = i; at < rows_.size() && !done[at] && readers_[at] == 0;) {
        done[at] = true;
        if (source(at) == at) break;
        move(source(at), at);
        --readers_[source(at)];
        at = source(at);
      }
    }
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (done[i] || source(i) == i) continue;
      RETURN_IF_ERROR(turn_ring(i, done));
    }
    return Status();
  }

 private:
  size_t source(size_t i) const { return static_cast<size_t>(rows_[i]); }
  std::byte* row(size_t i) const { return data_ + i * layout_.row_step(); }
  void move(size_t from, size_t to) const { layout_.copy(row(from), row(to)); }

  Status turn_ring(size_t first, std::vector<bool>& done) const {
    ASSIGN_OR_RETURN(const Buffer aside, Buffer::allocate(layout_.row_step()));
    layout_.copy(row(first), aside.data());
    size_t at = first;
    for (; source(at) != first; at = source(at)) {
      done[at] = true;
      move(source(at), at);
    }
    done[at] = true;
    layout_.copy(aside.data(), row(at));
    return Status();
  }

  std::span<const int64_t> rows_;
  std::byte* data_;
  const RowLayout& layout_;
  std::vector<int> readers_;  // per row: others that still want what is in it
};

Result<Value> copied(const Datum& datum, const Shape& shape, std::span<const int64_t> rows) {
  const RowLayout layout = layout_of(datum);
  ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(layout.row_step() * rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    layout.copy(datum.bytes() + static_cast<size_t>(rows[i]) * layout.row_step(),
                buffer.data() + i * layout.row_step());
  }
  if (datum.is_dense()) return Value::of(Datum::of(datum.dtype(), shape, std::move(buffer)));
  ESCUTA_CHECK(buffer.claim(0, shape[shape.rank() - 2]));
  return Value::of(Datum::with_room(datum.dtype(), shape, datum.row_capacity(), std::move(buffer)));
}

}  // namespace

Result<Value> take_rows(Value value, std::span<const int64_t> rows) {
  if (value.storage() != nullptr && !value.on_host()) {
    ASSIGN_OR_RETURN(Tensor host, value.to_host());
    value = Value::of(std::move(host));
  }
  ASSIGN_OR_RETURN(Datum datum, value.to_datum());
  if (!datum.is_tensor() || datum.dtype() == DType::kString || datum.shape().rank() == 0 ||
      dtype_bits(datum.dtype()) < 8) {
    return invalid_argument("expected a tensor of numbers to take rows of, found {} {}",
                            dtype_name(datum.dtype()), datum.shape().to_string());
  }
  const int64_t count = datum.shape()[0];
  for (const int64_t row : rows) {
    if (row < 0 || row >= count) {
      return invalid_argument("expected rows of {}, found row {}", count, row);
    }
  }
  if (stays(rows, count)) return value;
  ASSIGN_OR_RETURN(const Shape shape, with_rows(datum.shape(), rows.size()));
  const bool provider_owned = value.storage() != nullptr;
  value = Value();
  const bool alone = !provider_owned && datum.buffer().unique() &&
                     datum.buffer().data() == datum.bytes() &&
                     static_cast<int64_t>(rows.size()) <= count;
  if (!alone) return copied(datum, shape, rows);
  const RowLayout layout = layout_of(datum);
  RETURN_IF_ERROR(MoveInPlace(rows, count, datum.mutable_bytes(), layout).run());
  if (datum.is_dense()) return Value::of(Datum::of(datum.dtype(), shape, datum.buffer()));
  return Value::of(Datum::with_room(datum.dtype(), shape, datum.row_capacity(), datum.buffer()));
}

Result<Value> join_rows(std::span<const Value> values) {
  if (values.empty()) return invalid_argument("expected values to put together, found none");
  if (values.size() == 1) return values[0];
  std::vector<Tensor> copies;  // of what is on a device
  std::vector<TensorView> views;
  copies.reserve(values.size());
  int64_t rows = 0;
  for (const Value& value : values) {
    if (value.on_host()) {
      ASSIGN_OR_RETURN(const TensorView view, value.view());
      views.push_back(view);
    } else {
      ASSIGN_OR_RETURN(Tensor copy, value.to_host());
      copies.push_back(std::move(copy));
      views.push_back(copies.back().view());
    }
    const TensorView& first = views.front();
    const Shape& shape = views.back().shape;
    const bool fits = shape.rank() > 0 && shape.rank() == first.shape.rank() &&
                      views.back().dtype == first.dtype &&
                      std::ranges::equal(shape.dims().subspan(1), first.shape.dims().subspan(1));
    if (!fits) {
      return invalid_argument("expected rows as those of {} {}, found {} {}",
                              dtype_name(first.dtype), first.shape.to_string(),
                              dtype_name(views.back().dtype), shape.to_string());
    }
    rows += shape[0];
  }
  ASSIGN_OR_RETURN(const Shape shape, with_rows(views.front().shape, static_cast<size_t>(rows)));
  ASSIGN_OR_RETURN(Tensor joined, Tensor::create(views.front().dtype, shape));
  std::byte* dst = joined.bytes().data();
  for (const TensorView& view : views) {
    dst = std::copy(view.bytes.begin(), view.bytes.end(), dst);
  }
  return Value::of(std::move(joined));
}

std::vector<int64_t> shared_items(std::span<const int64_t> rows, int64_t group) {
  std::vector<int64_t> items;
  size_t shortest = rows.size(), longest = 0;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    while (end < rows.size() && rows[end] / group == rows[i] / group) ++end;
    items.push_back(rows[i] / group);
    shortest = std::min(shortest, end - i);
    longest = std::max(longest, end - i);
    i = end;
  }
  if (shortest == longest) return items;
  items.clear();
  for (const int64_t row : rows) items.push_back(row / group);
  return items;
}

}  // namespace escuta::engine
