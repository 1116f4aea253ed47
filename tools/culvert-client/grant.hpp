// CONNECT: what the client says of itself, and what the headend grants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/culvert-client/adapter.hpp"
#include "tools/culvert-client/gateway.hpp"
#include "tools/culvert-client/options.hpp"
#include "tools/culvert-client/terms.hpp"
#include "tools/culvert-client/tls.hpp"

namespace culvert::client {

struct DtlsOffer : DtlsTerms {    // `suite` of a pre-shared key: all that are
  std::vector<uint8_t> secret{};  // pre-shared key, or master secret
};

struct Grant : TunnelTerms {
  Addresses addresses{};
  // "10.48.66.0/255.255.255.0", "fd00::/64"; of a family without any: everything.
  std::vector<std::string> routes{};
  std::optional<DtlsOffer> dtls{};

  // What an adapter gets: the DTLS MTU where there is one.
  [[nodiscard]] unsigned first_mtu() const noexcept {
    return dtls && dtls_mtu != 0 ? dtls_mtu : tls_mtu;
  }
  [[nodiscard]] unsigned larger_mtu() const noexcept {
    return dtls_mtu > tls_mtu ? dtls_mtu : tls_mtu;
  }
};

// Sends CONNECT on `tls` and reads the reply. `before` is asked for again on a reconnect. Throws
// Failure; with ExitStatus::refused when the headend does not know the cookie.
[[nodiscard]] Grant connect_tunnel(TlsStream& tls, const Gateway& gateway, const Options& options,
                                   std::string_view cookie, const Addresses& before,
                                   Signals& signals);

}  // namespace culvert::client
