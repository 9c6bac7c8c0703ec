#include "onnx/reader.h"

#include <fmt/core.h>

#include <new>
#include <protozero/exception.hpp>
#include <stdexcept>
#include <system_error>

#include "onnx/parser.h"
#include "onnx/sniff.h"

namespace escuta::onnx {
namespace {

namespace fs = std::filesystem;

std::string_view damage(const protozero::exception& e) {
  if (dynamic_cast<const protozero::varint_too_long_exception*>(&e)) return "a number too long";
  if (dynamic_cast<const protozero::unknown_pbf_wire_type_exception*>(&e)) {
    return "a field of a type that protobuf does not have";
  }
  if (dynamic_cast<const protozero::invalid_tag_exception*>(&e))
    return "a field number that is none";
  if (dynamic_cast<const protozero::invalid_length_exception*>(&e)) {
    return "a list whose length is no multiple of its elements'";
  }
  return "a field longer than what holds it";
}

// The wall for what protozero and the standard library throw.
Status parse_guarded(Parser& parser, size_t size, Model& out) {
  try {
    return parser.parse(out);
  } catch (const protozero::end_of_buffer_exception&) {
    if (parser.at_top_level() && out.ir_version > 0) {
      return data_loss(
          "the file is cut off: it ends at byte {}, within the field that begins at byte {}", size,
          parser.position());
    }
    return invalid_argument("damaged at byte {}: a field longer than what holds it",
                            parser.position());
  } catch (const protozero::exception& e) {
    return invalid_argument("damaged at byte {}: found {}", parser.position(), damage(e));
  } catch (const std::bad_alloc&) {
    return resource_exhausted("no memory for a model of {} bytes", size);
  } catch (const std::length_error&) {
    return resource_exhausted("no memory for a model of {} bytes", size);
  }
}

Result<Model> parse(std::span<const std::byte> bytes, std::vector<fs::path> folders,
                    std::shared_ptr<const void> owner, const ReadOptions& options) {
  Parser parser(bytes, ExternalFiles(std::move(folders)), options);
  Model model;
  const Status status = parse_guarded(parser, bytes.size(), model);
  if (!status.ok()) {
    // A foreign file is not a damaged model: say what it is, not where it stops
    // making sense.
    const std::string foreign =
        parser.at_top_level() || model.ir_version <= 0 ? describe_foreign(bytes) : std::string();
    if (!foreign.empty()) return invalid_argument("expected an ONNX model, found {}", foreign);
    return status;
  }
  if (owner != nullptr) model.keep_alive.push_back(std::move(owner));
  return model;
}

}  // namespace

Result<Model> parse_model(std::span<const std::byte> bytes, const fs::path& folder,
                          std::shared_ptr<const void> owner, const ReadOptions& options) {
  std::vector<fs::path> folders;
  if (!folder.empty()) folders.push_back(folder);
  return parse(bytes, std::move(folders), std::move(owner), options);
}

Result<Model> read_model(const fs::path& path, const ReadOptions& options) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  const auto folder_of = [](const fs::path& p) {
    return p.has_parent_path() ? p.parent_path() : fs::path(".");
  };
  std::vector<fs::path> folders = {folder_of(path)};
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (!error) folders.push_back(folder_of(target));
  auto model = parse(file->bytes(), std::move(folders), file, options);
  if (!model.ok()) return model.status().with_context(path.string());
  return model;
}

}  // namespace escuta::onnx
