// What CONNECT grants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.hpp"
#include "dataplane/packet/address.hpp"

namespace culvert::crowd {

struct DtlsOffer {
  bool pre_shared = false;      // else a resumption
  std::vector<uint8_t> id{};    // session id of the ClientHello
  crypto::Secret<48> secret{};  // the pre-shared key, or the master secret
  std::string suite{};          // OpenSSL's name; empty with a pre-shared key
  uint16_t port = 0;
};

struct Grant {
  dp::InnerAddresses inner;
  uint16_t tls_mtu = 0, dtls_mtu = 0;
  uint32_t dpd_s = 0, keepalive_s = 0;
  std::optional<DtlsOffer> dtls{};
};

}  // namespace culvert::crowd
