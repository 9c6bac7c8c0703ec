// A shared object that passes for an ONNX Runtime of long ago; library_test.cc opens it.
namespace {

struct ApiBase {
  const void* (*get_api)(unsigned version);
  const char* (*get_version)();
};

const void* no_api(unsigned) { return nullptr; }
const char* old_version() { return "1.10.0"; }

constexpr ApiBase kBase = {&no_api, &old_version};

}  // namespace

extern "C" const ApiBase* OrtGetApiBase() { return &kBase; }
