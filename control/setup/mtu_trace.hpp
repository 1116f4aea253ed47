// What `debug webvpn anyconnect` says of a CONNECT: both MTUs, term by term.
#pragma once

#include <string>
#include <vector>

#include "control/anyconnect/connect_request.hpp"
#include "control/mtu/accounting.hpp"

namespace culvert::control {

// One line each. `dtls`: whether the client is offered DTLS.
[[nodiscard]] std::vector<std::string> mtu_trace(const ConnectRequest& request,
                                                 const MtuInputs& inputs, const Mtus& mtus,
                                                 bool dtls);

}  // namespace culvert::control
