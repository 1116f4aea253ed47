// The dataplane as control sees it: ports, workers, sessions, mailboxes and counters.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "crypto/isa.hpp"
#include "dataplane/dtls/context.hpp"
#include "dataplane/eal.hpp"
#include "dataplane/inner/down.hpp"
#include "dataplane/ip/route.hpp"
#include "dataplane/ip/route6.hpp"
#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/nd.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/drop_tap.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/port/interface.hpp"
#include "dataplane/port/port.hpp"
#include "dataplane/port/transmit.hpp"
#include "dataplane/session/mailbox.hpp"
#include "dataplane/session/table.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/worker/counters.hpp"
#include "dataplane/worker/handoff.hpp"

namespace culvert::dp {

struct InterfaceSpec {
  std::string nameif;
  IpAddress address;
  unsigned prefix = 0;
  unsigned mtu = 1500;
  bool up = true;
  bool ipv6 = false;  // has a link-local address, and those below
  std::vector<Ipv6Prefix> ipv6_addresses{};
};

struct RouteSpec {
  uint32_t network = 0;  // host order
  unsigned prefix = 0;
  uint32_t gateway = 0;
  std::string nameif;
  unsigned metric = 1;
};

struct RouteSpec6 {
  Ipv6Prefix destination;
  IpAddress gateway;
  std::string nameif;
  unsigned metric = 1;
};

struct DataplaneSpec {
  std::vector<InterfaceSpec> interfaces;  // in the order of the EAL's devices
  std::vector<RouteSpec> routes;
  std::vector<RouteSpec6> routes6;
  PoolRanges pools;
  unsigned workers = 1;
  unsigned buffers = 16384;
  unsigned max_sessions = 1000;
  crypto::Isa isa = crypto::Isa::sse;
  bool sleep_when_idle = true;
  // As if every port filled checksums: none are made in software. For a benchmark, which plays a card
  // that does so with rings that nobody reads checksums from.
  bool ports_do_checksums = false;
  uint32_t unreachable_rate = 1, unreachable_burst = 1;  // ICMP errors about IPv4 packets a second
  WorkerSettings settings;                               // at the start
};

struct Worker;

class Dataplane {
 public:
  // Configures the ports and builds the workers. Throws std::runtime_error with a sentence.
  Dataplane(const Eal& eal, const DataplaneSpec& spec);
  ~Dataplane();  // stops
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  void start();
  // The same without a thread: whoever calls this runs the stages of the first worker himself, with
  // times of his own (benchmarks do).
  [[nodiscard]] Worker& start_by_hand();
  // Workers finish their loop and stand still; what they hold is given back.
  void stop() noexcept;

  // Tells the link anew which addresses are an interface's, as at start. From any thread.
  void announce(uint8_t interface) noexcept;

  [[nodiscard]] unsigned workers() const noexcept { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] Mailbox& mailbox(unsigned worker) noexcept { return *mailboxes_[worker]; }
  [[nodiscard]] Doorbell& control_bell() noexcept { return control_bell_; }
  [[nodiscard]] SessionTable& sessions() noexcept { return *sessions_; }
  [[nodiscard]] uint8_t home_of(const IpAddress& inner) const noexcept;
  [[nodiscard]] const InterfaceTable& interfaces() const noexcept { return interfaces_; }
  [[nodiscard]] const Port& port(unsigned index) const noexcept { return *ports_[index]; }
  [[nodiscard]] size_t ports() const noexcept { return ports_.size(); }

  [[nodiscard]] uint64_t drops(DropReason reason) const noexcept;  // all workers
  // From now on workers copy what they drop, if it is wanted, into these rings: one each, the same every time.
  [[nodiscard]] std::vector<DropTap*> attach_drop_taps();
  void detach_drop_taps() noexcept;
  [[nodiscard]] Time now() const noexcept;  // as the workers count it
  [[nodiscard]] const WorkerCounters& worker_counters(unsigned worker) const noexcept;
  [[nodiscard]] const tcp::EndpointCounters& tcp_counters(unsigned worker) const noexcept;
  [[nodiscard]] const TransmitCounters& transmit_counters(unsigned worker,
                                                          size_t port) const noexcept;
  [[nodiscard]] const ArpCounters& arp_counters(unsigned worker) const noexcept;
  [[nodiscard]] const NdCounters& nd_counters(unsigned worker) const noexcept;
  // Records that a worker opened and sealed in TLS tunnels.
  struct Records {
    uint64_t opened = 0, sealed = 0;
  };
  [[nodiscard]] Records records(unsigned worker) const noexcept;
  [[nodiscard]] const dtls::Counters& dtls_counters(unsigned worker) const noexcept;
  // Frames that came in by an interface and went no further than classification.
  [[nodiscard]] uint64_t dropped_on(uint8_t interface) const noexcept;
  // What the workers knew of their neighbours a second ago at most.
  [[nodiscard]] std::vector<NeighbourRow> neighbours() const;
  [[nodiscard]] const UnreachableLimit& unreachable() const noexcept { return unreachable_; }
  // `icmp unreachable rate-limit`, from now on. From any thread; throws as UnreachableLimit does.
  void set_unreachable_rate(uint32_t per_second, uint32_t burst) {
    unreachable_.set_rate(per_second, burst);
  }
  [[nodiscard]] const UnreachableLimit& unreachable6() const noexcept { return unreachable6_; }

  struct BufferUse {
    unsigned packet_total = 0, packet_in_use = 0, packet_bytes = 0;
    unsigned messages_total = 0, messages_in_use = 0, handoff_entries = 0;
    unsigned connections = 0, tcp_buffers = 0, sessions = 0, sessions_in_grace = 0;
  };
  [[nodiscard]] BufferUse buffers() const noexcept;

 private:
  friend struct Worker;
  void open_ports(const Eal& eal, const DataplaneSpec& spec);
  void make_routes(const DataplaneSpec& spec);

  // In the order in which they must be built; destroyed the other way round.
  const uint64_t start_tsc_;
  Doorbell control_bell_;
  UnreachableLimit unreachable_;
  // The ASA's `ipv6 icmp error-interval`: one in 100 ms, and a bucket of ten.
  UnreachableLimit unreachable6_{10, 10};
  PacketPool pool_;
  std::vector<std::unique_ptr<Port>> ports_;
  InterfaceTable interfaces_;
  std::unique_ptr<RouteTable> routes_;
  std::unique_ptr<RouteTable6> routes6_;
  PoolRanges pools_;
  std::vector<ReplySource> reply_from_;  // by DPDK port: source of ICMP errors
  std::unique_ptr<SessionTable> sessions_;
  std::unique_ptr<HandoffMesh> mesh_;
  std::vector<std::unique_ptr<Doorbell>> bells_;
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;
  std::vector<std::unique_ptr<DropTap>> taps_;  // empty before the first capture
  std::vector<std::unique_ptr<Worker>> workers_;
  std::array<const dtls::TransmitTable*, kMaxWorkers> dtls_homes_{};  // by worker
  bool running_ = false;
};

}  // namespace culvert::dp
