// UDP datagrams to inner packets.
#pragma once

#include "dataplane/dtls/context.hpp"

namespace culvert::dtls {

// Whether a flow's datagrams come to the worker that owns it.
enum class Steering : uint8_t {
  by_port,   // the port has spread flows: whoever gets a datagram owns its flow
  by_owner,  // owner_of(flow) does, unless this worker's table says otherwise
};

// In: UDP packets to the box as classify() leaves them, from a port, or from another worker as
// meta.handoff says (datagram, dtls_seek). Empties the batch; packets go to c.edges. Drops:
// ip_protocol, dtls_short, dtls_malformed, dtls_unknown, dtls_epoch, dtls_replay, dtls_bad_tag,
// dtls_punt_limit, svc_unknown_type, svc_compressed, svc_deleting, no_buffer.
void input(Context& c, dp::Batch& datagrams, Steering steering, Time now) noexcept;

}  // namespace culvert::dtls
