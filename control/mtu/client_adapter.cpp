#include "control/mtu/client_adapter.hpp"

#include <algorithm>

namespace culvert::control {

namespace {

// "Open AnyConnect VPN Agent v9.01-3", and the names of its other versions and of its windows.
bool is_openconnect(std::string_view user_agent) noexcept {
  return user_agent.starts_with("Open AnyConnect") ||
         user_agent.find("OpenConnect") != std::string_view::npos;
}

}  // namespace

unsigned adapter_mtu(const AdapterInputs& inputs) noexcept {
  if (inputs.dtls_mtu == 0) return inputs.tls_mtu;
  if (is_openconnect(inputs.user_agent)) return std::max(inputs.tls_mtu, inputs.dtls_mtu);
  return inputs.dtls_failed ? inputs.tls_mtu : inputs.dtls_mtu;
}

}  // namespace culvert::control
