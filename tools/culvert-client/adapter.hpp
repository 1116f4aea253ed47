// The virtual adapter: a tun device with its addresses, MTU and routes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "control/socket/descriptor.hpp"
#include "tools/culvert-client/route.hpp"

namespace culvert::client {

// The client's inner addresses; "" where it has none of that family.
struct Addresses {
  std::string v4{};
  std::string v6{};
};

class Adapter {
 public:
  // Makes the device (its name by the kernel if `name` is empty), gives it what it needs, and brings
  // it up. Routes of a family without an address are left out. It goes with this object. Throws
  // Failure.
  Adapter(const std::string& name, const Addresses& addresses, unsigned mtu,
          std::span<const Route> routes);

  // One IP packet that the kernel sends; 0 if there is none.
  [[nodiscard]] size_t read(std::span<uint8_t> room);
  // Hands a packet to the kernel; false if it did not take it.
  bool write(std::span<const uint8_t> packet);

  [[nodiscard]] int fd() const noexcept { return device_.get(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] unsigned mtu() const noexcept { return mtu_; }

 private:
  void set_up(const Addresses& addresses, std::span<const Route> routes);
  void add_address(int socket, const std::string& address);
  void add_address6(int socket, const std::string& address);
  void add_route(int socket, const Route& route);
  void add_route6(int socket, const Route& route);

  control::Descriptor device_;
  std::string name_;
  unsigned mtu_;
};

}  // namespace culvert::client
