/**
 * Descriptors of the process, for threads that hand connections to each other: Node has no way to give a socket to
 * another thread, but a descriptor is the same in all of them.
 */
#pragma once

#include <node_api.h>

/** exports.duplicate(fd), exports.pair() and exports.close(fd); binary.ts says what they do. */
napi_status addDescriptors(napi_env env, napi_value exports);
