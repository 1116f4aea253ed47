// What `debug webvpn anyconnect` says of a CONNECT: both MTUs, term by term.
#pragma once

#include <string>
#include <vector>

#include "control/anyconnect/connect_request.hpp"
#include "control/mtu/accounting.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {

// One line each. `dtls`: the suite of DTLS that the client is offered, or nullptr.
[[nodiscard]] std::vector<std::string> mtu_trace(const ConnectRequest& request,
                                                 const MtuInputs& inputs, const Mtus& mtus,
                                                 const crypto::Suite* dtls);

}  // namespace culvert::control
