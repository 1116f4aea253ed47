// Networks that take the place of other networks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::replay {

enum class Side : uint8_t { source = 1, destination = 2, both = 3 };

// The bits of a prefix are exchanged, those behind it stay.
struct PrefixRule {
  Side side = Side::both;
  bool v4 = true;
  uint8_t length = 0;  // bits, within the family
  dp::IpAddress from, to;
};

// "10.0.0.0/8=172.16.0.0/8", "2001:db8::/32=fd00::/32"; without a length one address. Throws
// std::invalid_argument with what is wrong with it.
[[nodiscard]] PrefixRule parse_prefix_rule(std::string_view text, Side side);

class AddressMap {
 public:
  void add(const PrefixRule& rule) { rules_.push_back(rule); }
  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }
  // Changes 4 or 16 bytes of an address in place by the first rule that fits. Whether one did.
  bool apply(std::span<uint8_t> address, Side side) const noexcept;

 private:
  std::vector<PrefixRule> rules_;
};

struct MacRule {
  dp::MacAddress from{}, to{};
};
// "02:00:00:00:00:01". Throws std::invalid_argument.
[[nodiscard]] dp::MacAddress parse_mac(std::string_view text);
// "02:00:00:00:00:01=02:00:00:00:00:02"
[[nodiscard]] MacRule parse_mac_rule(std::string_view text);

}  // namespace culvert::replay
