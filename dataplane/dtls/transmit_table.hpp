// The transmit sides of one worker: home to their sessions.
#pragma once

#include "dataplane/dtls/side_table.hpp"
#include "dataplane/dtls/udp_path.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dtls {

struct alignas(64) TransmitSide : SideBase {
  UdpPath path;  // to where the client was heard last
  dp::Time last_tx = 0;
  dp::Time keepalive_interval = 0;  // 0 = none
};

using TransmitTable = SideTable<TransmitSide>;

}  // namespace culvert::dtls
