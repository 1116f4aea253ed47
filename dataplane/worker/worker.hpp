// Everything one worker owns, and its stages.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <poll.h>

#include "crypto/isa.hpp"
#include "dataplane/cstp/input.hpp"
#include "dataplane/cstp/record_room.hpp"
#include "dataplane/cstp/tunnel.hpp"
#include "dataplane/dtls/context.hpp"
#include "dataplane/inner/down.hpp"
#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/icmp.hpp"
#include "dataplane/ip/output.hpp"
#include "dataplane/ip/reassembly.hpp"
#include "dataplane/neighbour/announce.hpp"
#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/cache.hpp"
#include "dataplane/neighbour/link.hpp"
#include "dataplane/neighbour/nd.hpp"
#include "dataplane/port/transmit.hpp"
#include "dataplane/worker/clock.hpp"
#include "dataplane/worker/counters.hpp"
#include "dataplane/worker/dataplane.hpp"
#include "dataplane/worker/neighbour_snapshot.hpp"

namespace culvert::dp {

struct alignas(64) Worker {
  // Allocates all that the worker will ever need. Throws std::runtime_error.
  Worker(uint8_t index, Dataplane& shared, const DataplaneSpec& spec);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs until `stop` is set.
  void run() noexcept;
  std::atomic<bool> stop{false};

  const uint8_t index;
  const uint8_t workers;
  Dataplane& shared;
  DropCounters drops;
  WorkerCounters counters;
  std::array<std::atomic<uint64_t>, kMaxInterfaces>
      dropped_on{};  // in classification, by interface

  // --- stages, in loop order; the first three return whether they found work ---
  bool receive() noexcept;       // ports → classify → the box itself, or `down`
  bool take_over() noexcept;     // packets from other workers
  bool obey() noexcept;          // messages from control
  bool tunnels_up() noexcept;    // TCP streams → inner packets → routes; true: there is more
  bool tunnels_down() noexcept;  // `down` → records in TCP's queues; true: there is more
  void transmit() noexcept;      // timers, TCP output, ports, doorbells
  void idle() noexcept;          // dozes or sleeps, if that is allowed

  Clock clock;
  crypto::MbManager mb;
  NeighbourCache neighbours;
  std::vector<std::unique_ptr<PortTx>> tx;
  std::vector<uint64_t> handed_to_owner;  // by port: frames of which its queue's worker was told
  LinkContext link;
  NeighbourSnapshot neighbour_snapshot;
  ArpState arp;
  NdState nd;
  Announcer announcer;                       // worker 0's is the one that speaks
  std::atomic<uint32_t> announce_wanted{0};  // interfaces, a bit each: set by control
  TokenBucket shared_neighbours{1000, 200};  // ARP copies to other workers
  Reassembly reassembly;
  IcmpState icmp;
  OutputContext output;
  tcp::Endpoint tcp;
  cstp::TunnelTable tunnels;
  cstp::RecordRoom large_record;
  cstp::Context cstp;
  dtls::ReceiveTable dtls_receive;
  dtls::TransmitTable dtls_transmit;
  dtls::Context dtls;
  OversizedReports oversized;
  DownContext down_context;

  ClassifyEdges edges;
  Batch received;
  Batch discovery;             // messages of IPv6 neighbour discovery
  Batch path_reports;          // what routers say about packets of ours that were too large
  Batch arrived;               // from other workers
  Batch up;                    // opened, not yet validated
  Batch out;                   // IP packets that leave by a port
  Batch down;                  // for clients
  Batch seal;                  // for TLS tunnels of this worker
  Batch seal_dtls;             // for DTLS tunnels of this worker
  Batch dtls_replies;          // likewise, with their type byte
  Batch made_here;             // ICMP that this worker wrote, to whomever
  Batch to_hand_over;          // meta says to whom
  std::vector<Batch> handoff;  // by worker
  uint32_t guarded = 0;        // WorkerSettings: what was so once
  // What counts as the port of a packet that came out of a tunnel: an inside one, whose address a
  // client can be answered from without meeting the headend's public one inside the tunnel.
  uint16_t tunnel_port = 0;
  Time now = 0;  // of this loop
  Time last_sweep = 0;
  Time last_snapshot = 0;
  Time last_pressure = 0;
  // idle(): see there.
  std::vector<pollfd> wakers;  // the bell and the ports' sockets; empty if a port has none
  unsigned idle_loops = 0;
  uint64_t packets_at_sleep = 0;
  Time slept_at = 0;
  bool woken = false;
  const bool sleep_when_idle;

  // Where stages push when one batch may not do; each flushes into the stage it is named after.
  [[nodiscard]] BatchSink up_sink() noexcept;
  [[nodiscard]] BatchSink out_sink() noexcept;
  [[nodiscard]] BatchSink down_sink() noexcept;
  [[nodiscard]] BatchSink seal_sink() noexcept;
  [[nodiscard]] BatchSink seal_dtls_sink() noexcept;
  [[nodiscard]] BatchSink dtls_reply_sink() noexcept;
  [[nodiscard]] BatchSink made_here_sink() noexcept;
  [[nodiscard]] BatchSink handoff_sink() noexcept;

 private:
  void box_edges(tcp::Inflow inflow, bool hardware_steered) noexcept;
  void take_settings(const WorkerSettings& settings) noexcept;
  void share_neighbours(Batch& messages) noexcept;
  void announce() noexcept;
  void transit_edge(bool is_guarded) noexcept;
  void drop_forged(Batch& in) noexcept;
  void steer_tcp(tcp::Inflow inflow, bool hardware_steered) noexcept;
  void connection_event(const tcp::Event& event, cstp::OpenBurst& burst) noexcept;
  void route_up(Batch& packets) noexcept;
  void route_made_here() noexcept;
  void answer_echoes() noexcept;   // and puts path_reports aside
  void answer_echoes6() noexcept;  // likewise, and neighbour discovery
  void take_path_reports() noexcept;
  bool ask_next_worker(rte_mbuf* report) noexcept;
  void to_own_address(rte_mbuf* m) noexcept;
  void run_down() noexcept;
  void hand_over(rte_mbuf* m, uint8_t to) noexcept;
  void flush_handoff(uint8_t to) noexcept;
  void prepare_idle() noexcept;
  [[nodiscard]] bool has_leftovers() const noexcept;
  void doze(Time length) noexcept;
  void sleep(Time length) noexcept;
};

}  // namespace culvert::dp
