// The headend's own stages with the roles turned round: its TCP opens connections, its CSTP and DTLS stages seal what
// goes to a headend and open what comes from one. Neither a record nor a CSTP packet tells which side it came from;
// who is the client is only in the keys.
//
// Messages for "control" land in `mailbox`, whose other end is the crowd's own, in the same thread.
#pragma once

#include <string>

#include "crypto/isa.hpp"
#include "dataplane/cstp/record_room.hpp"
#include "dataplane/cstp/tunnel.hpp"
#include "dataplane/dtls/context.hpp"
#include "dataplane/port/port.hpp"
#include "dataplane/session/mailbox.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "tools/crowd/crowd_config.hpp"

namespace culvert::crowd {

// TCP connections that there may be at once: those of members and strangers, and as many that are closing.
[[nodiscard]] uint32_t connections_of(const CrowdConfig& config);

struct Stages {
  struct Sinks {
    tcp::SegmentSink segments;
    dp::BatchSink tls_up, dtls_up;  // inner packets
    dp::BatchSink out;              // IP packets
  };
  // Throws std::runtime_error.
  Stages(const CrowdConfig& config, const dp::Port& port, rte_mempool* pool,
         dp::DropCounters& drops, const Sinks& sinks);
  ~Stages();
  Stages(const Stages&) = delete;
  Stages& operator=(const Stages&) = delete;

  // Answers of receive sides, the tunnels' timers (a part of them at each call), messages to the crowd.
  void settle() noexcept;

  const CrowdConfig& config;
  crypto::MbManager mb;
  dp::Doorbell crowd_bell, stages_bell;
  dp::Mailbox mailbox;
  tcp::Endpoint tcp;
  cstp::TunnelTable tunnels;  // by TCP slot
  cstp::RecordRoom large_record;
  cstp::Context cstp;
  // By member: slot and member are the same number.
  dtls::ReceiveTable dtls_receive;
  dtls::TransmitTable dtls_transmit;
  const dtls::TransmitTable* dtls_home;
  dp::Batch dtls_replies;
  dtls::Context dtls;
  const dp::BatchSink tls_up;
  Time now = 0;  // of the present turn
  Time last_sweep = 0;
  Time last_share = 0;
};

}  // namespace culvert::crowd
