// An address and a port as the kernel wants them. Link-local addresses of IPv6 have no scope here.
#pragma once

#include <sys/socket.h>

#include "dataplane/packet/address.hpp"

namespace culvert::control {

class SocketAddress {
 public:
  // The port in the host's byte order.
  SocketAddress(const dp::IpAddress& address, uint16_t port) noexcept;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t size() const noexcept { return size_; }
  [[nodiscard]] int family() const noexcept { return storage_.ss_family; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace culvert::control
