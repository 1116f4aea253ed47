// IP addresses as text (RFC 4291 §2.2, RFC 5952).
#include "dataplane/packet/address.hpp"

#include <arpa/inet.h>

namespace culvert::dp {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);  // inet_pton wants a terminator
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  in_addr four{};
  if (inet_pton(AF_INET, terminated.c_str(), &four) == 1) return v4(ntohl(four.s_addr));
  std::array<uint8_t, 16> six{};
  if (inet_pton(AF_INET6, terminated.c_str(), six.data()) == 1) return v6(six);
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + 12, out.data(), out.size());
  } else {
    inet_ntop(AF_INET6, bytes_.data(), out.data(), out.size());
  }
  return out.data();
}

}  // namespace culvert::dp
