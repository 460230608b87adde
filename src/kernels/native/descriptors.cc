#include "descriptors.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

napi_value failed(napi_env env, int error) {
  napi_throw_error(env, nullptr, strerror(error));
  return nullptr;
}

bool readNumber(napi_env env, napi_callback_info info, int32_t* fd) {
  napi_value value;
  size_t count = 1;
  const bool good = napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) == napi_ok && count == 1 &&
                    napi_get_value_int32(env, value, fd) == napi_ok;
  if (!good) napi_throw_type_error(env, nullptr, "expected a descriptor");
  return good;
}

napi_value duplicate(napi_env env, napi_callback_info info) {
  int32_t fd;
  if (!readNumber(env, info, &fd)) return nullptr;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return failed(env, errno);
  napi_value result = nullptr;
  if (napi_create_int32(env, copy, &result) != napi_ok) ::close(copy);
  return result;
}

napi_value closeDescriptor(napi_env env, napi_callback_info info) {
  int32_t fd;
  if (readNumber(env, info, &fd)) ::close(fd);
  return nullptr;
}

napi_value pair(napi_env env, napi_callback_info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return failed(env, errno);
  napi_value result = nullptr;
  napi_status status = napi_create_array_with_length(env, 2, &result);
  for (uint32_t i = 0; i < 2; i++) {
    napi_value end;
    fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    if (status == napi_ok) status = napi_create_int32(env, ends[i], &end);
    if (status == napi_ok) status = napi_set_element(env, result, i, end);
  }
  if (status == napi_ok) return result;
  for (const int end : ends) ::close(end);
  return nullptr;
}

} // namespace

napi_status addDescriptors(napi_env env, napi_value exports) {
  const auto method = [](const char* key, napi_callback function) {
    return napi_property_descriptor{key, nullptr, function, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
  };
  const napi_property_descriptor properties[] = {
      method("duplicate", duplicate),
      method("pair", pair),
      method("close", closeDescriptor),
  };
  return napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties);
}
