/** The Node-API side of the codec. No state, so that any number of threads may use it. */
#include "addon.h"

#if defined(__x86_64__)

#include "codec.h"

namespace {

/** The arguments of a call: ARRAYS typed arrays, then COUNT numbers. */
template <size_t ARRAYS, size_t COUNT>
struct Call {
  char* arrays[ARRAYS] = {};
  /** Of the elements of each. */
  size_t lengths[ARRAYS] = {};
  uint32_t numbers[COUNT] = {};

  bool read(napi_env env, napi_callback_info info) {
    napi_value values[ARRAYS + COUNT];
    size_t count = ARRAYS + COUNT;
    bool good = napi_get_cb_info(env, info, &count, values, nullptr, nullptr) == napi_ok && count == ARRAYS + COUNT;
    for (size_t i = 0; good && i < ARRAYS; i++) {
      void* memory = nullptr;
      good = napi_get_typedarray_info(env, values[i], nullptr, &lengths[i], &memory, nullptr, nullptr) == napi_ok;
      arrays[i] = static_cast<char*>(memory);
    }
    for (size_t i = 0; good && i < COUNT; i++) {
      good = napi_get_value_uint32(env, values[ARRAYS + i], &numbers[i]) == napi_ok;
    }
    if (!good) napi_throw_type_error(env, nullptr, "expected typed arrays and numbers");
    return good;
  }
};

napi_value number(napi_env env, int64_t value) {
  napi_value result = nullptr;
  napi_create_int64(env, value, &result);
  return result;
}

/** readNested(tables, document, state, out, at, maxDepth, from): behind what was read, or -1 */
napi_value readNested(napi_env env, napi_callback_info info) {
  Call<4, 3> call;
  if (!call.read(env, info)) return nullptr;
  const auto& tables = *reinterpret_cast<const Tables*>(call.arrays[0]);
  const char* const begin = call.arrays[1];
  auto& state = *reinterpret_cast<NestedState*>(call.arrays[2]);
  const auto [at, maxDepth, from] = call.numbers;
  float* const out = reinterpret_cast<float*>(call.arrays[3]) + from;
  const char* const behind =
      ::readNested(tables, begin, begin + at, begin + call.lengths[1], maxDepth, out, call.lengths[3] - from, state);
  return number(env, behind == nullptr ? -1 : behind - begin);
}

/** writeNested(tables, values, layout, target, offset, index, count, at): behind what was written, or -1 */
napi_value writeNested(napi_env env, napi_callback_info info) {
  Call<4, 4> call;
  if (!call.read(env, info)) return nullptr;
  const auto& tables = *reinterpret_cast<const Tables*>(call.arrays[0]);
  const auto& layout = *reinterpret_cast<const Layout*>(call.arrays[2]);
  const auto [offset, index, count, at] = call.numbers;
  const float* const values = reinterpret_cast<const float*>(call.arrays[1]) + offset;
  char* const target = call.arrays[3];
  const char* const behind = ::writeNested(tables, values, layout, index, count, target + at);
  return number(env, behind == nullptr ? -1 : behind - target);
}

/** decodeBase64(text, out, at, length, from): the faults */
napi_value decodeBase64(napi_env env, napi_callback_info info) {
  Call<2, 3> call;
  if (!call.read(env, info)) return nullptr;
  const auto [at, length, from] = call.numbers;
  return number(env, ::decodeBase64(call.arrays[0] + at, length, reinterpret_cast<float*>(call.arrays[1]) + from));
}

/** encodeBase64(values, target, at): whether all of them are finite */
napi_value encodeBase64(napi_env env, napi_callback_info info) {
  Call<2, 1> call;
  if (!call.read(env, info)) return nullptr;
  const bool finite =
      ::encodeBase64(reinterpret_cast<const float*>(call.arrays[0]), call.lengths[0], call.arrays[1] + call.numbers[0]);
  napi_value result = nullptr;
  napi_get_boolean(env, finite, &result);
  return result;
}

bool runsHere() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("avx512ifma");
}

} // namespace

napi_status addCodec(napi_env env, napi_value exports) {
  if (!runsHere()) return napi_ok;
  const auto method = [](const char* key, napi_callback function) {
    return napi_property_descriptor{key, nullptr, function, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
  };
  const napi_property_descriptor properties[] = {
      method("readNested", readNested),
      method("writeNested", writeNested),
      method("decodeBase64", decodeBase64),
      method("encodeBase64", encodeBase64),
  };
  napi_value codec;
  napi_status status = napi_create_object(env, &codec);
  if (status == napi_ok) status = napi_define_properties(env, codec, sizeof properties / sizeof properties[0], properties);
  if (status == napi_ok) status = napi_set_named_property(env, exports, "codec", codec);
  return status;
}

#else

napi_status addCodec(napi_env, napi_value) { return napi_ok; }

#endif
