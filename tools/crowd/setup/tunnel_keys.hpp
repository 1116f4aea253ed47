// What a member's tunnel is sealed and opened with once its set-up is over.
#pragma once

#include "crypto/record/protection.hpp"
#include "crypto/secret.hpp"

namespace culvert::crowd {

struct TunnelKeys {
  crypto::record::KeyMaterial transmit{}, receive{};
  crypto::Secret<48> transmit_secret{}, receive_secret{};  // TLS 1.3's, for KeyUpdates
};

}  // namespace culvert::crowd
