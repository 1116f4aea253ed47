// The virtual adapter: a tun device with one address, an MTU and routes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/culvert-client/descriptor.hpp"

namespace culvert::client {

// "10.48.66.0/24" or "10.48.66.0/255.255.255.0"
struct Route {
  uint32_t network = 0;  // host byte order
  uint32_t mask = 0;
  // Throws Failure.
  [[nodiscard]] static Route parse(const std::string& text);
};

class Adapter {
 public:
  // Makes the device (its name by the kernel if `name` is empty), gives it what it needs, and brings
  // it up. It goes with this object. Throws Failure.
  Adapter(const std::string& name, const std::string& address, unsigned mtu,
          std::span<const Route> routes);

  // One IP packet that the kernel sends; 0 if there is none.
  [[nodiscard]] size_t read(std::span<uint8_t> room);
  // Hands a packet to the kernel; false if it did not take it.
  bool write(std::span<const uint8_t> packet);

  [[nodiscard]] int fd() const noexcept { return device_.get(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] unsigned mtu() const noexcept { return mtu_; }

 private:
  Descriptor device_;
  std::string name_;
  unsigned mtu_;
};

}  // namespace culvert::client
