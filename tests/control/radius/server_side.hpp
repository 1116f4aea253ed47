// The other end of RADIUS for the tests: signs answers as RFC 2865 §3 and RFC 2869 §5.14 say.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "control/radius/packet.hpp"

namespace culvert::control::radius {

// Fills in the Response Authenticator of an answer that is complete but for it.
inline void sign(std::vector<uint8_t>& packet, std::span<const uint8_t> request,
                 std::string_view secret) {
  std::vector<uint8_t> input = packet;
  std::copy_n(request.begin() + 4, 16, input.begin() + 4);
  input.insert(input.end(), secret.begin(), secret.end());
  EVP_Digest(input.data(), input.size(), packet.data() + 4, nullptr, EVP_md5(), nullptr);
}

inline std::vector<uint8_t> answer_to(std::span<const uint8_t> request, Code code,
                                      std::string_view secret, const Attributes& attributes,
                                      bool message_authenticator) {
  std::vector<uint8_t> packet(request.begin(), request.begin() + 20);
  packet[0] = static_cast<uint8_t>(code);
  if (message_authenticator) {
    packet.resize(packet.size() + 18);
    packet[20] = 80;
    packet[21] = 18;
  }
  for (const Attribute& a : attributes.all()) {
    packet.push_back(static_cast<uint8_t>(a.type));
    packet.push_back(static_cast<uint8_t>(a.value.size() + 2));
    packet.insert(packet.end(), a.value.begin(), a.value.end());
  }
  packet[2] = static_cast<uint8_t>(packet.size() >> 8);
  packet[3] = static_cast<uint8_t>(packet.size());
  if (message_authenticator) {
    unsigned size = 0;
    uint8_t mac[16];
    HMAC(EVP_md5(), secret.data(), static_cast<int>(secret.size()), packet.data(), packet.size(),
         mac, &size);
    std::copy_n(mac, 16, packet.begin() + 22);
  }
  sign(packet, request, secret);
  return packet;
}

}  // namespace culvert::control::radius
