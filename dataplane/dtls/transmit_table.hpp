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
  uint64_t sealed_blocks = 0;       // crypto/record/sealing_limit.hpp
  uint64_t sealing_limit = 0;       // of its cipher
};

using TransmitTable = SideTable<TransmitSide>;

}  // namespace culvert::dtls
