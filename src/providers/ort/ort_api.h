// ONNX Runtime's C API, as much of it as we call, declared by us.
//
// The library gives out one table of function pointers (OrtApi). Each function has a fixed slot in
// it; ort_functions.inc lists those that we use. Names and meanings are those of ONNX Runtime's
// own documentation of its C API.
#pragma once

#include <cstddef>
#include <cstdint>

namespace escuta::ort {

// Opaque to us: only pointers pass.
struct OrtStatus;
struct OrtEnv;
struct OrtSession;
struct OrtSessionOptions;
struct OrtRunOptions;
struct OrtValue;
struct OrtTypeInfo;
struct OrtTensorTypeAndShapeInfo;
struct OrtMemoryInfo;
struct OrtAllocator;
struct OrtIoBinding;
struct OrtKeyValuePairs;
struct OrtEpDevice;
struct OrtHardwareDevice;
struct OrtSyncStream;
struct OrtEpAssignedSubgraph;
struct OrtEpAssignedNode;
struct OrtPrepackedWeightsContainer;

using OrtLoggingFunction = void (*)(void* param, int32_t severity, const char* category,
                                    const char* id, const char* location, const char* message);

// What OrtGetApiBase, the one symbol of the library, returns.
struct OrtApiBase {
  const void* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

// The newest API version whose table we know, and the oldest that has all we cannot do without.
inline constexpr uint32_t kNewestApi = 31;
inline constexpr uint32_t kOldestApi = 17;

// OrtLoggingLevel
inline constexpr int32_t kLogInfo = 1, kLogWarning = 2, kLogFatal = 4;
// OrtErrorCode
inline constexpr int32_t kErrorInvalidArgument = 2, kErrorNoSuchFile = 3, kErrorNoModel = 4,
                         kErrorInvalidProtobuf = 7, kErrorNotImplemented = 9,
                         kErrorInvalidGraph = 10;
// OrtAllocatorType, OrtMemType, OrtMemoryInfoDeviceType
inline constexpr int32_t kDeviceAllocator = 0, kMemoryDefault = 0, kDeviceCpu = 0;
// GraphOptimizationLevel
inline constexpr int32_t kOptimizeNone = 0, kOptimizeBasic = 1, kOptimizeExtended = 2,
                         kOptimizeAll = 99;
// ExecutionMode
inline constexpr int32_t kModeSequential = 0, kModeParallel = 1;
// OrtHardwareDeviceType
inline constexpr int32_t kHardwareCpu = 0, kHardwareGpu = 1, kHardwareNpu = 2;

// The functions that we call, bound to one library. One that is newer than the library's API is
// null; only those of version kOldestApi are certain.
struct OrtFunctions {
#define ORT_FUNCTION(slot, since, name, result, parameters) result(*name) parameters = nullptr;
#include "providers/ort/ort_functions.inc"
#undef ORT_FUNCTION

  // Takes the functions that API `version` has out of its table.
  static OrtFunctions bind(const void* table, uint32_t version);
};

}  // namespace escuta::ort
