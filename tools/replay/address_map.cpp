// Reading and applying rules for addresses.
#include "tools/replay/address_map.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

namespace culvert::replay {

namespace {

constexpr size_t kMapped = 12;  // bytes before an IPv4 address in an IpAddress

struct Prefix {
  dp::IpAddress address;
  std::optional<uint8_t> length;
};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument("'" + std::string(text) + "' " + why);
}

Prefix parse_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = dp::IpAddress::parse(text.substr(0, slash));
  if (!address) refuse(text, "is no address or network such as 10.0.0.0/8");
  if (slash == std::string_view::npos) return {*address, std::nullopt};
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const unsigned most = address->is_v4() ? 32 : 128;
  if (error != std::errc() || end != digits.data() + digits.size() || length > most) {
    refuse(text, "has no prefix length of 0 to " + std::to_string(most));
  }
  return {*address, static_cast<uint8_t>(length)};
}

std::pair<std::string_view, std::string_view> halves(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) refuse(text, "is not of the form FROM=TO");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

uint8_t mask(unsigned length, size_t byte) noexcept {
  const unsigned bits = length > 8 * byte ? length - 8 * static_cast<unsigned>(byte) : 0;
  return static_cast<uint8_t>(bits >= 8 ? 0xff : 0xff00u >> bits);
}

}  // namespace

PrefixRule parse_prefix_rule(std::string_view text, Side side) {
  const auto [left, right] = halves(text);
  const Prefix from = parse_prefix(left), to = parse_prefix(right);
  if (from.address.is_v4() != to.address.is_v4()) refuse(text, "mixes IPv4 and IPv6");
  const bool v4 = from.address.is_v4();
  const uint8_t whole = v4 ? 32 : 128;
  const uint8_t length = from.length.value_or(to.length.value_or(whole));
  if (from.length.value_or(length) != to.length.value_or(length)) {
    refuse(text, "has prefixes of different lengths");
  }
  return {side, v4, length, from.address, to.address};
}

bool AddressMap::apply(std::span<uint8_t> address, Side side) const noexcept {
  const bool v4 = address.size() == 4;
  for (const PrefixRule& rule : rules_) {
    if (rule.v4 != v4 || (static_cast<uint8_t>(rule.side) & static_cast<uint8_t>(side)) == 0) {
      continue;
    }
    const uint8_t* from = rule.from.bytes().data() + (v4 ? kMapped : 0);
    const uint8_t* to = rule.to.bytes().data() + (v4 ? kMapped : 0);
    bool fits = true;
    for (size_t i = 0; fits && i < address.size(); ++i)
      fits = ((address[i] ^ from[i]) & mask(rule.length, i)) == 0;
    if (!fits) continue;
    for (size_t i = 0; i < address.size(); ++i) {
      const uint8_t m = mask(rule.length, i);
      address[i] = static_cast<uint8_t>((address[i] & ~m) | (to[i] & m));
    }
    return true;
  }
  return false;
}

dp::MacAddress parse_mac(std::string_view text) {
  dp::MacAddress mac{};
  bool good = text.size() == 17;
  for (size_t i = 0; good && i < mac.size(); ++i) {
    const char* digits = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, mac[i], 16);
    good = error == std::errc() && end == digits + 2 && (i + 1 == mac.size() || digits[2] == ':');
  }
  if (!good) refuse(text, "is no MAC address such as 02:00:00:00:00:01");
  return mac;
}

MacRule parse_mac_rule(std::string_view text) {
  const auto [from, to] = halves(text);
  return {parse_mac(from), parse_mac(to)};
}

}  // namespace culvert::replay
