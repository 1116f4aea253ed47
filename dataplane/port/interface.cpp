// The interface table: what control may put in.
#include "dataplane/port/interface.hpp"

#include <algorithm>
#include <stdexcept>

namespace culvert::dp {

IpAddress link_local_of(const MacAddress& mac) noexcept {
  return IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(mac[0] ^ 2), mac[1],
                        mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]});
}

bool Interface::owns(const IpAddress& six) const noexcept {
  if (!has_ipv6()) return false;
  const auto own = ipv6_prefixes();
  return six == link_local ||
         std::any_of(own.begin(), own.end(), [&](const Ipv6Prefix& p) { return p.address == six; });
}

bool Interface::listens_to(const IpAddress& group) const noexcept {
  if (!has_ipv6()) return false;
  if (group == kAllNodes || group == solicited_node(link_local)) return true;
  const auto own = ipv6_prefixes();
  return std::any_of(own.begin(), own.end(),
                     [&](const Ipv6Prefix& p) { return group == solicited_node(p.address); });
}

bool Interface::on_link6(const IpAddress& six) const noexcept {
  if (!has_ipv6()) return false;
  const auto own = ipv6_prefixes();
  return is_link_local6(six) ||
         std::any_of(own.begin(), own.end(), [&](const Ipv6Prefix& p) { return p.contains(six); });
}

const IpAddress& Interface::speaks_to(const IpAddress& six) const noexcept {
  if (is_link_local6(six) || ipv6_count == 0) return link_local;
  for (const Ipv6Prefix& own : ipv6_prefixes()) {
    if (own.contains(six)) return own.address;
  }
  return ipv6[0].address;
}

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
  check_ipv6(interface);
  by_port_[interface.port] = interface.index;
  interfaces_[size_] = std::move(interface);
  return size_++;
}

void InterfaceTable::check_ipv6(const Interface& interface) const {
  for (const Ipv6Prefix& own : interface.ipv6_prefixes()) {
    const IpAddress& a = own.address;
    if (!interface.has_ipv6() || own.length == 0 || own.length > 128 || a.is_v4() ||
        a.is_unspecified() || is_multicast6(a) || is_loopback6(a) || is_link_local6(a)) {
      throw std::runtime_error("No interface may have the address " + a.to_string() + "/" +
                               std::to_string(own.length) + " of interface " + interface.nameif +
                               ".");
    }
    for (const Interface& other : *this) {
      for (const Ipv6Prefix& theirs : other.ipv6_prefixes()) {
        if (theirs.contains(a) || own.contains(theirs.address)) {
          throw std::runtime_error("The IPv6 networks of interfaces " + other.nameif + " and " +
                                   interface.nameif + " overlap.");
        }
      }
    }
  }
}

}  // namespace culvert::dp
