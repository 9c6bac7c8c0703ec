#include "tensor/npy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/files.h"

namespace escuta {
namespace {

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// A version 1 file as numpy.save writes it, header given.
std::string npy(std::string header, const std::string& elements) {
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + elements;
}

TEST(Npy, ReadsWhatNumPyWrites) {
  const std::string file = npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 1), }",
                               {7, 0, 0, 0, -1, -1, -1, -1});
  Tensor tensor = parse_npy(as_bytes(file)).value();
  EXPECT_EQ(tensor.shape(), (Shape{2, 1}));
  EXPECT_EQ(tensor.as<int32_t>()[0], 7);
  EXPECT_EQ(tensor.as<int32_t>()[1], -1);
  const std::string scalar =
      npy("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", std::string(1, '\x01'));
  EXPECT_EQ(parse_npy(as_bytes(scalar)).value().shape().rank(), 0);
}

TEST(Npy, WritesWhatItReads) {
  std::string folder = (std::filesystem::temp_directory_path() / "escuta-npy-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto path = std::filesystem::path(folder) / "a.npy";
  const float values[] = {1.5f, -2.0f, 0.25f};
  ASSERT_TRUE(write_npy(path, Tensor::of<float>({3}, values).value().view()).ok());
  Tensor back = read_npy(path).value();
  EXPECT_EQ(back.shape(), (Shape{3}));
  EXPECT_EQ(back.as<float>()[1], -2.0f);
  // The elements are aligned, as NumPy has them.
  EXPECT_EQ(std::filesystem::file_size(path), 128u + sizeof(values));
  EXPECT_EQ(write_npy(path, Tensor::create(DType::kBfloat16, {1}).value().view()).code(),
            StatusCode::kUnimplemented);
  std::filesystem::remove_all(folder);
}

TEST(Npy, RefusesWhatItCannotHold) {
  const auto refuse = [](const std::string& header, const std::string& elements) {
    return std::string(parse_npy(as_bytes(npy(header, elements))).status().message());
  };
  EXPECT_EQ(refuse("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", "abcd"),
            "expected little-endian elements, found `>i4`");
  EXPECT_EQ(refuse("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "abcd"),
            "expected numbers or booleans, found elements of type `|O`");
  EXPECT_EQ(refuse("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 1), }", "abcd"),
            "expected C order, found Fortran order; save numpy.ascontiguousarray()");
  EXPECT_EQ(refuse("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", "abcd"),
            "expected 8 bytes of elements for int32 [2], found 4");
  // A claim of 2^62 elements takes no memory.
  EXPECT_FALSE(
      refuse("{'descr': '<i4', 'fortran_order': False, 'shape': (4611686018427387904,), }", "abcd")
          .empty());
}

TEST(Npy, RefusesBrokenHeaders) {
  for (const char* header :
       {"", "{", "{'descr'", "{'descr': '<i4'", "{'shape': (1,,)}", "{'shape': (",
        "{'fortran_order': Maybe}", "{'descr': '<i4', 'descr': '<i4', 'x': 1}",
        "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (-1,)}"}) {
    EXPECT_FALSE(parse_npy(as_bytes(npy(header, "abcd"))).ok()) << header;
  }
  const std::string whole =
      npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", "abcd");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_npy(as_bytes(whole.substr(0, size))).ok()) << size;
  }
}

}  // namespace
}  // namespace escuta
