// The interface table: what control may put in.
#include "dataplane/port/interface.hpp"

#include <algorithm>
#include <stdexcept>

namespace culvert::dp {

uint8_t InterfaceTable::add(Interface interface) {
  if (size_ == kMaxInterfaces || interface.port >= by_port_.size()) {
    throw std::runtime_error("Too many interfaces: at most " + std::to_string(kMaxInterfaces) +
                             " are possible.");
  }
  if (by_port_[interface.port] != kNoInterface) {
    throw std::runtime_error("The port of interface " + interface.nameif + " is used already.");
  }
  if (interface.prefix > 32) throw std::runtime_error("An IPv4 prefix has at most 32 bits.");
  interface.index = size_;
  interface.ipv4_mask = interface.prefix == 0 ? 0 : ~uint32_t{0} << (32 - interface.prefix);
  if (interface.ipv4 != 0) {
    const uint8_t first = static_cast<uint8_t>(interface.ipv4 >> 24);
    const bool network_or_broadcast =
        interface.prefix < 31 && (interface.ipv4 == interface.ipv4_network() ||
                                  interface.ipv4 == interface.ipv4_broadcast());
    if (first == 0 || first == 127 || first >= 224 || network_or_broadcast) {
      throw std::runtime_error("No host may have the address " + interface.address().to_string() +
                               "/" + std::to_string(interface.prefix) + " of interface " +
                               interface.nameif + ".");
    }
    for (const Interface& other : *this) {
      const uint32_t mask = std::min(other.ipv4_mask, interface.ipv4_mask);
      if (other.ipv4 != 0 && ((other.ipv4 ^ interface.ipv4) & mask) == 0) {
        throw std::runtime_error("The networks of interfaces " + other.nameif + " and " +
                                 interface.nameif + " overlap.");
      }
    }
  }
  by_port_[interface.port] = interface.index;
  interfaces_[size_] = std::move(interface);
  return size_++;
}

}  // namespace culvert::dp
