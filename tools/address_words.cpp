// Counting up from the first.
#include "tools/address_words.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace culvert {

std::vector<dp::IpAddress> addresses_between(const dp::IpAddress& first,
                                             const dp::IpAddress& last) {
  if (first.is_v4() != last.is_v4() || last < first) return {};
  std::vector<dp::IpAddress> addresses{first};
  while (addresses.back() != last) {
    if (addresses.size() == kMostAddresses) return {};
    const auto n = static_cast<uint32_t>(addresses.size());
    addresses.push_back(first.is_v4() ? dp::IpAddress::v4(first.v4_value() + n)
                                      : dp::plus6(first, n));
  }
  return addresses;
}

dp::IpAddress read_address(const char* option, const std::string& text) {
  const auto address = dp::IpAddress::parse(text);
  if (!address) throw std::invalid_argument(fmt::format("{}: '{}' is no address", option, text));
  return *address;
}

std::vector<dp::IpAddress> read_addresses(const char* option, const std::string& text) {
  const size_t dash = text.find('-');
  const dp::IpAddress first = read_address(option, text.substr(0, dash));
  const dp::IpAddress last =
      dash == std::string::npos ? first : read_address(option, text.substr(dash + 1));
  std::vector<dp::IpAddress> addresses = addresses_between(first, last);
  if (addresses.empty()) {
    throw std::invalid_argument(fmt::format("{}: {} is no range of 1 to {} addresses of one family",
                                            option, text, kMostAddresses));
  }
  return addresses;
}

}  // namespace culvert
