// Addresses as command lines have them.
#pragma once

#include <string>
#include <vector>

#include "dataplane/packet/address.hpp"

namespace culvert {

inline constexpr uint32_t kMostAddresses = 65536;  // of a range

// From the first to the last, both included. Empty if they are of two families, in the wrong order, or more than
// kMostAddresses.
[[nodiscard]] std::vector<dp::IpAddress> addresses_between(const dp::IpAddress& first,
                                                           const dp::IpAddress& last);

// What `text` says that was given for `option`. Throw std::invalid_argument with a sentence that begins with the
// option.
[[nodiscard]] dp::IpAddress read_address(const char* option, const std::string& text);
// "198.51.100.10-198.51.100.250" or a single one.
[[nodiscard]] std::vector<dp::IpAddress> read_addresses(const char* option,
                                                        const std::string& text);

}  // namespace culvert
