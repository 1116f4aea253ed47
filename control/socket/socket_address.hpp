// An address and a port as the kernel wants them.
#pragma once

#include <sys/socket.h>

#include "dataplane/packet/address.hpp"

namespace culvert::control {

struct SocketAddress {
  SocketAddress(const dp::IpAddress& address, uint16_t port) noexcept;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }

  sockaddr_storage storage{};
  socklen_t size = 0;
};

}  // namespace culvert::control
