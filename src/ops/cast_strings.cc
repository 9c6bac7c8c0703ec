#include "ops/cast_strings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/printable.h"

namespace escuta::ops {
namespace {

// The whole of `text` as a number.
template <typename T>
bool parse(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  // from_chars takes no plus sign.
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

Status cast_one(std::string_view text, DType to, std::byte* dst, int64_t at,
                const Narrowing& narrowing) {
  text = trimmed(text);
  if (is_integer(to)) {
    int64_t integer = 0;
    if (text == "True" || text == "False") {
      integer = text == "True";
      return store_elements(&integer, 1, to, dst, at, narrowing);
    }
    if (parse(text, &integer)) return store_elements(&integer, 1, to, dst, at, narrowing);
    uint64_t large = 0;
    if (parse(text, &large)) return store_elements(&large, 1, to, dst, at, narrowing);
  }
  if (to == DType::kFloat) {
    // By itself, so that it is rounded once.
    float number = 0;
    if (parse(text, &number)) return store_elements(&number, 1, to, dst, at, narrowing);
  }
  double number = 0;
  if (!parse(text, &number)) {
    return invalid_argument("expected a number to cast to {}, found `{}`", dtype_name(to),
                            printable(text));
  }
  return store_elements(&number, 1, to, dst, at, narrowing);
}

// Beyond these, numbers are written with an exponent.
constexpr double kLeastPlain = 1e-4, kMostPlain = 1e16;

template <typename T>
std::string to_text(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[64];
  const double magnitude = std::fabs(static_cast<double>(value));
  const bool plain = magnitude == 0 || (magnitude >= kLeastPlain && magnitude < kMostPlain);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value, format);
  std::string result(text, error == std::errc() ? end : text);
  if (plain && result.find('.') == std::string::npos) result += ".0";
  return result;
}

// A value of a type narrower than float: the fewest digits that give the same element.
std::string to_text(DType dtype, float value) {
  constexpr int kMostDigits = 9;
  for (int digits = 1; digits < kMostDigits && std::isfinite(value); ++digits) {
    char text[32];
    const auto written =
        std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, digits - 1);
    float guess = 0, back = 0;
    std::from_chars(text, written.ptr, guess);
    std::byte element[2];
    if (!store_elements(&guess, 1, dtype, element, 0).ok()) break;
    if (!load_elements(dtype, element, 0, 1, &back).ok()) break;
    if (back == value) return to_text(guess);
  }
  return to_text(value);
}

}  // namespace

Status cast_from_strings(std::span<const std::string> src, DType to, std::byte* dst,
                         const Narrowing& narrowing) {
  if (to == DType::kString) {
    std::copy(src.begin(), src.end(), reinterpret_cast<std::string*>(dst));
    return {};
  }
  const int bits = dtype_bits(to);
  const int64_t count = static_cast<int64_t>(src.size());
  if (bits >= 8) {
    for (int64_t i = 0; i < count; ++i) {
      RETURN_IF_ERROR(cast_one(src[static_cast<size_t>(i)], to, dst, i, narrowing));
    }
    return {};
  }
  // Elements that share a byte are stored together.
  const int64_t per_byte = 8 / bits;
  for (int64_t i = 0; i < count; i += per_byte) {
    std::byte together{0};
    for (int64_t j = 0; j < per_byte && i + j < count; ++j) {
      std::byte element{0};
      RETURN_IF_ERROR(cast_one(src[static_cast<size_t>(i + j)], to, &element, 0, narrowing));
      together |= element << (j * bits);
    }
    dst[i / per_byte] = together;
  }
  return {};
}

Status cast_to_strings(const Datum& src, std::string* dst) {
  const DType dtype = src.dtype();
  for (int64_t i = 0; i < src.count(); ++i) {
    if (dtype == DType::kUint64) {
      dst[i] = std::to_string(src.as<uint64_t>()[static_cast<size_t>(i)]);
    } else if (is_integer(dtype)) {
      int64_t value = 0;
      RETURN_IF_ERROR(load_elements(dtype, src.bytes(), i, 1, &value));
      dst[i] = dtype != DType::kBool ? std::to_string(value) : value != 0 ? "True" : "False";
    } else if (dtype == DType::kDouble) {
      dst[i] = to_text(src.as<double>()[static_cast<size_t>(i)]);
    } else {
      float value = 0;
      RETURN_IF_ERROR(load_elements(dtype, src.bytes(), i, 1, &value));
      dst[i] = dtype == DType::kFloat ? to_text(value) : to_text(dtype, value);
    }
  }
  return {};
}

}  // namespace escuta::ops
