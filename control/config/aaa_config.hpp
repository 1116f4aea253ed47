// `aaa-server`: who else verifies passwords and hears about sessions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/secret.hpp"
#include "dataplane/packet/address.hpp"

namespace culvert::control {

struct AaaHostConfig {
  std::string interface {};  // "(inside)" as written, or empty; see docs: the kernel routes
  dp::IpAddress address{};
  std::string key{};  // the shared secret
  uint16_t authentication_port = 1812;
  uint16_t accounting_port = 1813;
  unsigned timeout_s = 10;                      // for all tries together
  unsigned retry_interval_s = 10;               // between two tries
  bool message_authenticator_required = false;  // else: once the server has sent one

  // Questions and accounts have copies, since the configuration may change meanwhile.
  ~AaaHostConfig() { crypto::wipe({reinterpret_cast<uint8_t*>(key.data()), key.size()}); }
  friend bool operator==(const AaaHostConfig&, const AaaHostConfig&) = default;
};

struct AaaServerConfig {  // aaa-server NAME protocol radius
  std::string name{};
  std::vector<AaaHostConfig> hosts{};  // in the order in which they are asked
  unsigned max_failed_attempts = 3;
  unsigned dead_time_min = 10;
  bool interim_update = false;  // accounting when a session gets another tunnel
  unsigned interim_hours = 0;   // and so often; 0 = no

  friend bool operator==(const AaaServerConfig&, const AaaServerConfig&) = default;
};

}  // namespace culvert::control
