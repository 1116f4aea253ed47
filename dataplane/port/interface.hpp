// What the configuration makes of a port: a name, an address, a network.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

inline constexpr uint8_t kMaxInterfaces = 16;
inline constexpr uint8_t kNoInterface = 0xff;
inline constexpr uint8_t kMaxIpv6PerInterface = 4;
// That services can be bound to: one IPv4 address an interface, and the IPv6 ones.
inline constexpr unsigned kMaxLocalAddresses = kMaxInterfaces * (1 + kMaxIpv6PerInterface);

struct Interface {
  // Read for each packet:
  uint32_t ipv4 = 0;       // host order; 0 = none
  uint32_t ipv4_mask = 0;  // host order
  MacAddress mac{};
  uint16_t mtu = 1500;           // largest IP packet
  uint16_t port = 0;             // DPDK port
  uint8_t index = kNoInterface;  // in the InterfaceTable
  bool up = false;               // not `shutdown`
  // IPv6; link_local is unspecified where the interface has none of it.
  IpAddress link_local;
  std::array<Ipv6Prefix, kMaxIpv6PerInterface> ipv6{};
  uint8_t ipv6_count = 0;
  // Read by control:
  uint8_t prefix = 0;
  std::string nameif;

  [[nodiscard]] IpAddress address() const noexcept { return IpAddress::v4(ipv4); }
  [[nodiscard]] uint32_t ipv4_network() const noexcept { return ipv4 & ipv4_mask; }
  // The directed broadcast address; 0 if there is none (RFC 3021: a /31 or /32 has none).
  [[nodiscard]] uint32_t ipv4_broadcast() const noexcept {
    return prefix >= 31 ? 0 : (ipv4 | ~ipv4_mask);
  }
  [[nodiscard]] bool on_link(uint32_t other) const noexcept {
    return ipv4 != 0 && (other & ipv4_mask) == ipv4_network();
  }

  [[nodiscard]] bool has_ipv6() const noexcept { return !link_local.is_unspecified(); }
  [[nodiscard]] std::span<const Ipv6Prefix> ipv6_prefixes() const noexcept {
    return {ipv6.data(), ipv6_count};
  }
  [[nodiscard]] bool owns(const IpAddress& six) const noexcept;
  // Whether `group` is one that this interface's own addresses belong to (RFC 4291 §2.8).
  [[nodiscard]] bool listens_to(const IpAddress& group) const noexcept;
  // Whether `six` can be reached without a router.
  [[nodiscard]] bool on_link6(const IpAddress& six) const noexcept;
  // The address that speaks to `six`: one of the same network, else the first global one, else the
  // link-local one.
  [[nodiscard]] const IpAddress& speaks_to(const IpAddress& six) const noexcept;
};

// fe80::/64 and the MAC address as EUI-64 (RFC 4291 appendix A).
[[nodiscard]] IpAddress link_local_of(const MacAddress& mac) noexcept;

// A handful of interfaces, made by control before the workers start, then read-only. Index = order
// of add().
class InterfaceTable {
 public:
  InterfaceTable() noexcept { by_port_.fill(kNoInterface); }

  // Sets index and ipv4_mask (from prefix). Throws std::runtime_error: too many, port used twice,
  // two interfaces in one network, an address that no host may have. Where there are IPv6 addresses
  // there must be a link-local one.
  uint8_t add(Interface interface);

  [[nodiscard]] uint8_t size() const noexcept { return size_; }
  [[nodiscard]] const Interface& operator[](uint8_t index) const noexcept {
    return interfaces_[index];
  }
  // nullptr for a port that has no interface.
  [[nodiscard]] const Interface* by_port(uint16_t port) const noexcept {
    const uint8_t index = port < by_port_.size() ? by_port_[port] : kNoInterface;
    return index == kNoInterface ? nullptr : &interfaces_[index];
  }
  // The port of the first interface whose bit is not in `set`; if there is none, of the first one.
  [[nodiscard]] uint16_t port_outside(uint32_t set) const noexcept {
    const auto index = static_cast<uint8_t>(std::countr_one(set));
    return interfaces_[index < size_ ? index : 0].port;
  }
  // The interface that has this IPv4 address (host order), or nullptr.
  [[nodiscard]] const Interface* by_address(uint32_t ipv4) const noexcept {
    for (uint8_t i = 0; i < size_; ++i) {
      if (interfaces_[i].ipv4 == ipv4 && ipv4 != 0) return &interfaces_[i];
    }
    return nullptr;
  }
  // The interface that has this IPv6 address, other than a link-local one, or nullptr.
  [[nodiscard]] const Interface* by_address6(const IpAddress& six) const noexcept {
    for (const Interface& i : *this) {
      for (const Ipv6Prefix& own : i.ipv6_prefixes()) {
        if (own.address == six) return &i;
      }
    }
    return nullptr;
  }
  [[nodiscard]] const Interface* begin() const noexcept { return interfaces_.data(); }
  [[nodiscard]] const Interface* end() const noexcept { return interfaces_.data() + size_; }

 private:
  void check_ipv6(const Interface& interface) const;

  std::array<Interface, kMaxInterfaces> interfaces_;
  std::array<uint8_t, 64> by_port_;
  uint8_t size_ = 0;
};

}  // namespace culvert::dp
