/**
 * The Node-API side: hands the variants that this processor can run to JavaScript. No state, so that any number of
 * threads may load it. The memory is the SharedHeap's: it grows but never moves, so any view of it gives its base.
 */
#include <node_api.h>

#include "../../codec/native/addon.h"
#include "descriptors.h"
#include "variant.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace {

bool runsHere(const Variant* variant) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (variant == &avx512) return __builtin_cpu_supports("avx512f");
  if (variant == &avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return variant == &portable;
}

/** The arguments of a call: a view of the memory, then COUNT numbers. */
template <size_t COUNT>
struct Call {
  const Variant* variant = nullptr;
  char* base = nullptr;
  uint32_t numbers[COUNT] = {};

  bool read(napi_env env, napi_callback_info info) {
    napi_value values[COUNT + 1];
    size_t count = COUNT + 1;
    void* data = nullptr;
    bool good = napi_get_cb_info(env, info, &count, values, nullptr, &data) == napi_ok && count == COUNT + 1;
    variant = static_cast<const Variant*>(data);
    void* bytes = nullptr;
    size_t offset = 0;
    good = good && napi_get_typedarray_info(env, values[0], nullptr, nullptr, &bytes, nullptr, &offset) == napi_ok;
    base = static_cast<char*>(bytes) - offset;
    for (size_t i = 0; good && i < COUNT; i++) {
      good = napi_get_value_uint32(env, values[i + 1], &numbers[i]) == napi_ok;
    }
    if (!good) napi_throw_type_error(env, nullptr, "expected a view of the memory and numbers");
    return good;
  }
};

napi_value advance(napi_env env, napi_callback_info info) {
  Call<9> call;
  if (!call.read(env, info)) return nullptr;
  const uint32_t* n = call.numbers;
  const auto precision = static_cast<Precision>(n[0]);
  call.variant->advance(call.base, precision, n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]);
  return nullptr;
}

napi_value advanceGeneral(napi_env env, napi_callback_info info) {
  Call<6> call;
  if (!call.read(env, info)) return nullptr;
  const uint32_t* n = call.numbers;
  call.variant->advanceGeneral(call.base, n[0], n[1], n[2], n[3], n[4], n[5]);
  return nullptr;
}

napi_value advanceShare(napi_env env, napi_callback_info info) {
  Call<13> call;
  if (!call.read(env, info)) return nullptr;
  const uint32_t* n = call.numbers;
  const auto precision = static_cast<Precision>(n[0]);
  const CrewCall crew = {n[8], n[9], n[10], n[11], n[12]};
  const size_t made = call.variant->advanceShare(call.base, precision, n[1], n[2], n[3], n[4], n[5], n[6], n[7], crew);
  napi_value result = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(made), &result);
  return result;
}

napi_value predict(napi_env env, napi_callback_info info) {
  Call<9> call;
  if (!call.read(env, info)) return nullptr;
  const uint32_t* n = call.numbers;
  const auto activation = static_cast<HeadActivation>(n[0]);
  call.variant->predict(call.base, activation, n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]);
  return nullptr;
}

/** The arguments of a call: COUNT Float32Arrays of one length, in whatever memory. */
template <size_t COUNT>
struct FloatsCall {
  const Variant* variant = nullptr;
  float* floats[COUNT] = {};
  size_t length = 0;

  bool read(napi_env env, napi_callback_info info) {
    napi_value values[COUNT];
    size_t count = COUNT;
    void* data = nullptr;
    bool good = napi_get_cb_info(env, info, &count, values, nullptr, &data) == napi_ok && count >= COUNT;
    variant = static_cast<const Variant*>(data);
    for (size_t i = 0; good && i < COUNT; i++) {
      napi_typedarray_type type = napi_int8_array;
      size_t own = 0;
      void* at = nullptr;
      good = napi_get_typedarray_info(env, values[i], &type, &own, &at, nullptr, nullptr) == napi_ok &&
             type == napi_float32_array && (i == 0 || own == length);
      floats[i] = static_cast<float*>(at);
      length = own;
    }
    if (!good) napi_throw_type_error(env, nullptr, "expected Float32Arrays of one length");
    return good;
  }
};

napi_value allFinite(napi_env env, napi_callback_info info) {
  FloatsCall<1> call;
  if (!call.read(env, info)) return nullptr;
  napi_value result = nullptr;
  napi_get_boolean(env, call.variant->allFinite(call.floats[0], call.length), &result);
  return result;
}

napi_value copyFinite(napi_env env, napi_callback_info info) {
  FloatsCall<2> call;
  if (!call.read(env, info)) return nullptr;
  napi_value result = nullptr;
  napi_get_boolean(env, call.variant->copyFinite(call.floats[0], call.floats[1], call.length), &result);
  return result;
}

template <void (*Variant::*FUNCTION)(char*, size_t, size_t, size_t)>
napi_value ofThree(napi_env env, napi_callback_info info) {
  Call<3> call;
  if (!call.read(env, info)) return nullptr;
  (call.variant->*FUNCTION)(call.base, call.numbers[0], call.numbers[1], call.numbers[2]);
  return nullptr;
}

#if defined(__SANITIZE_ADDRESS__)
/** guard(memory, address, bytes, 1): nothing may touch these bytes from now on; with 0 it may again. */
napi_value guard(napi_env env, napi_callback_info info) {
  Call<3> call;
  if (!call.read(env, info)) return nullptr;
  const char* const at = call.base + call.numbers[0];
  if (call.numbers[2] != 0) ASAN_POISON_MEMORY_REGION(at, call.numbers[1]);
  else ASAN_UNPOISON_MEMORY_REGION(at, call.numbers[1]);
  return nullptr;
}
#endif

napi_status describe(napi_env env, const Variant* variant, napi_value* object) {
  napi_value name;
  napi_value lanes;
  napi_status status = napi_create_object(env, object);
  if (status == napi_ok) status = napi_create_string_utf8(env, variant->name, NAPI_AUTO_LENGTH, &name);
  if (status == napi_ok) status = napi_create_uint32(env, variant->lanes, &lanes);
  if (status != napi_ok) return status;
  const auto field = [](const char* key, napi_value value) {
    return napi_property_descriptor{key, nullptr, nullptr, nullptr, nullptr, value, napi_enumerable, nullptr};
  };
  const auto method = [variant](const char* key, napi_callback function) {
    void* data = const_cast<Variant*>(variant);
    return napi_property_descriptor{key, nullptr, function, nullptr, nullptr, nullptr, napi_enumerable, data};
  };
  const napi_property_descriptor properties[] = {
      field("name", name),
      field("lanes", lanes),
      method("advance", advance),
      method("advanceGeneral", advanceGeneral),
      method("advanceShare", advanceShare),
      method("predict", predict),
      method("allFinite", allFinite),
      method("copyFinite", copyFinite),
      method("sigmoidOf", ofThree<&Variant::sigmoidOf>),
      method("tanhOf", ofThree<&Variant::tanhOf>),
      method("softmax", ofThree<&Variant::softmax>),
  };
  return napi_define_properties(env, *object, sizeof properties / sizeof properties[0], properties);
}

} // namespace

/** exports.variants: those that run here, the best one first; what descriptors.h and the codec add; exports.guard where the build has AddressSanitizer. */
NAPI_MODULE_INIT() {
  const Variant* const all[] = {
#if defined(__x86_64__)
      &avx512,
      &avx2,
#endif
      &portable,
  };
  napi_value variants;
  uint32_t count = 0;
  napi_status status = napi_create_array(env, &variants);
  for (const Variant* variant : all) {
    napi_value object;
    if (status != napi_ok || !runsHere(variant)) continue;
    status = describe(env, variant, &object);
    if (status == napi_ok) status = napi_set_element(env, variants, count++, object);
  }
  if (status == napi_ok) status = napi_set_named_property(env, exports, "variants", variants);
  if (status == napi_ok) status = addDescriptors(env, exports);
  if (status == napi_ok) status = addCodec(env, exports);
#if defined(__SANITIZE_ADDRESS__)
  napi_value function;
  if (status == napi_ok) status = napi_create_function(env, "guard", NAPI_AUTO_LENGTH, guard, nullptr, &function);
  if (status == napi_ok) status = napi_set_named_property(env, exports, "guard", function);
#endif
  if (status != napi_ok) napi_throw_error(env, nullptr, "the native kernel cannot describe itself");
  return exports;
}
