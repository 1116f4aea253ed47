// The MTU that a client gives its adapter: neither of the two that it is told says which one.
#pragma once

#include <string_view>

namespace culvert::control {

// What is known of the tunnel that is being made.
struct AdapterInputs {
  std::string_view user_agent{};  // the client's, of its CONNECT
  unsigned tls_mtu = 0;           // bytes, as announced
  unsigned dtls_mtu = 0;          // bytes; 0: DTLS is not offered
  // The session's last tunnel is replaced, and no DTLS was up beside it.
  bool dtls_failed = false;
};

// Bytes of the largest inner packet that the adapter takes. openconnect: the larger one. AnyConnect
// (Cisco's note 116881): that of DTLS if it is offered, be it larger or not; but a minute after DTLS
// has come to nothing it connects anew for an adapter with that of TLS, and keeps that even if DTLS
// comes up. To the headend any other reconnect without DTLS looks the same. Whoever is neither is taken
// for AnyConnect.
[[nodiscard]] unsigned adapter_mtu(const AdapterInputs& inputs) noexcept;

}  // namespace culvert::control
