#pragma once

#include <node_api.h>

/** exports.codec, where this processor has the operations for it; native.ts says what is in it. */
napi_status addCodec(napi_env env, napi_value exports);
