// What CONNECT grants.
#pragma once

#include <optional>

#include "crypto/secret.hpp"
#include "dataplane/packet/address.hpp"
#include "tools/culvert-client/terms.hpp"

namespace culvert::crowd {

struct DtlsOffer : client::DtlsTerms {
  crypto::Secret<48> secret{};  // the pre-shared key, or the master secret
};

struct Grant : client::TunnelTerms {
  dp::InnerAddresses inner{};
  std::optional<DtlsOffer> dtls{};
};

}  // namespace culvert::crowd
