#include "tools/crowd/stages.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include <rte_random.h>
#include <unistd.h>

#include "dataplane/cstp/control_packet.hpp"
#include "dataplane/cstp/output.hpp"
#include "dataplane/cstp/setup.hpp"
#include "dataplane/dtls/messages.hpp"
#include "dataplane/dtls/output.hpp"
#include "dataplane/dtls/timers.hpp"
#include "dataplane/port/tcp_offload.hpp"

namespace culvert::crowd {

namespace {

constexpr unsigned kMessages = 256;
constexpr Time kStageSweepInterval = 10 * dp::kMillisecond;

// Names of rings are the process's, and it may have several crowds.
unsigned next_name() {
  static std::atomic<unsigned> next{100};
  return next.fetch_add(1);
}

tcp::EndpointConfig endpoint_config(const CrowdConfig& config, rte_mempool* pool) {
  tcp::EndpointConfig out;
  out.max_connections = connections_of(config);
  out.interface_mtu = config.mtu;
  out.tcpmss_max = 0;
  out.pacing = config.pacing;
  // A tester opens more connections than its ports last for if each stays for a minute. SourcePorts takes the one that
  // was used longest ago.
  out.time_wait = 2 * dp::kSecond;
  if (getentropy(out.isn_key, sizeof out.isn_key) != 0)
    throw std::runtime_error("the system gives no random numbers for TCP's secrets");
  out.pool = pool;
  return out;
}

tcp::Offload offload_of(const dp::Port& port) {
  tcp::Offload o = dp::kMostOffload;
  dp::limit_to(o, port.capabilities());
  return o;
}

}  // namespace

uint32_t connections_of(const CrowdConfig& config) {
  return 2 * (config.members + config.strangers) + 256;
}

Stages::Stages(const CrowdConfig& wanted, const dp::Port& port, rte_mempool* pool,
               dp::DropCounters& drops, const Sinks& sinks)
    : config(wanted),
      mb(config.isa),
      mailbox(next_name(), kMessages, crowd_bell, stages_bell),
      tcp(endpoint_config(config, pool), offload_of(port), drops, sinks.segments),
      tunnels(connections_of(config), 64),
      cstp{0, tcp, tunnels, mailbox, mb, drops, pool, large_record.record()},
      dtls_receive(config.members, {rte_rand(), rte_rand()}),
      dtls_transmit(config.members),
      dtls_home(&dtls_transmit),
      dtls{.worker = 0,
           .workers = 1,
           .receive = dtls_receive,
           .transmit = dtls_transmit,
           .mailbox = mailbox,
           .mb = mb,
           .drops = drops,
           .pool = pool,
           .scratch = large_record.record(),
           .homes = &dtls_home,
           .edges = {sinks.dtls_up,
                     {[](void* self, dp::Batch& packets) {
                        auto& s = *static_cast<Stages*>(self);
                        dtls::output(s.dtls, packets.span(), dtls::Framing::cdtp_packet, s.now);
                        packets.clear();
                      },
                      this, &dtls_replies},
                     // There is no other worker: nothing is ever handed over.
                     sinks.out,
                     sinks.out}},
      tls_up(sinks.tls_up) {}

Stages::~Stages() {
  rte_pktmbuf_free_bulk(dtls_replies.data(), dtls_replies.size());
}

void Stages::settle() noexcept {
  if (!dtls_replies.empty()) {
    dtls::output(dtls, dtls_replies.span(), dtls::Framing::cdtp_packet, now);
    dtls_replies.clear();
  }
  if (const Time elapsed = now - last_sweep; elapsed >= kStageSweepInterval) {
    last_sweep = now;
    cstp::sweep_timers(cstp, now, elapsed);
    dtls::sweep_timers(dtls, now, elapsed);
  }
  if (now - last_share >= dp::kMillisecond) {
    tcp.share_buffers();
    last_share = now;
  }
  cstp::settle(cstp);
  dtls::settle(dtls);
}

}  // namespace culvert::crowd
