// The receive sides of one worker, and how a datagram finds its own: by its flow, and, when a client
// has moved to another port, by its address.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/record/replay_window.hpp"
#include "dataplane/dtls/side_table.hpp"
#include "dataplane/packet/time.hpp"
#include "dataplane/tcp/flow_table.hpp"

namespace culvert::dtls {

using dp::Time;

struct alignas(64) ReceiveSide : SideBase {
  bool mapped = false;      // its flow leads here; otherwise another side has taken the flow over
  bool heard = false;       // the client is, as far as DPD knows
  bool proven = false;      // it has been heard at least once
  bool told_heard = false;  // what control was told of that
  uint8_t landed = 0;       // the worker on which the datagrams land
  uint8_t end_text_size = 0;
  uint16_t epoch = 0;
  dp::Flow flow;  // on which the client was heard last
  // --- line 1 ---
  dp::InnerAddresses inner;    // the session's addresses: the only sources that may come up
  Time last_rx = 0;            // any authentic record
  bool probing = false;        // the client measures the path
  bool probed = false;         // it has, and largest_probe is what came of it
  uint16_t largest_probe = 0;  // bytes of an inner packet
  uint32_t flow_hash = 0;
  uint32_t address_hash = 0;
  // --- seldom ---
  ConnId transmit;      // the tunnel's other side
  Time last_dpd = 0;    // request sent
  Time round_trip = 0;  // of DPD, the longest lately; 0 = unknown
  Time waiting =
      0;           // since when data that went down has been without a sign of the client; 0 = not
  Time moved = 0;  // 0 = never
  Time dpd_interval = 0;  // 0 = none
  uint16_t path_mtu = 0;  // bytes, as routers say; 0: none has said anything
  Time path_until = 0;    // for how long that counts
  Time last_probe = 0;
  std::array<char, 64> end_text{};
  crypto::record::ReplayWindow window;
};

// A flow whose receive side is another worker's.
struct Route {
  dp::Flow flow;
  uint32_t hash = 0;
  ConnId side;  // generation 0: unused
};

// What a flow leads to: a receive side of this worker, another worker, or (neither) nothing.
struct Target {
  ReceiveSide* side = nullptr;
  const Route* route = nullptr;
};

class ReceiveTable : public SideTable<ReceiveSide> {
 public:
  // `key`: secret and random. Throws std::runtime_error.
  ReceiveTable(uint32_t slots, const tcp::SipKey& key);

  // To look a burst up: hash and prefetch all, then find each.
  [[nodiscard]] uint32_t hash(const dp::Flow& flow) const noexcept { return flows_.hash(flow); }
  void prefetch(uint32_t hash) const noexcept { flows_.prefetch(hash); }
  // The side that the flow leads to, in all likelihood: fetches what opening its record `number` needs.
  void prefetch_side(uint32_t hash, uint64_t number) noexcept;
  [[nodiscard]] Target find_flow(uint32_t hash, const dp::Flow& flow) noexcept;

  // Makes `flow` lead to the side, and no longer the flow that did, nor to whom it led before.
  void map(ReceiveSide& side, const dp::Flow& flow) noexcept;
  void unmap(ReceiveSide& side) noexcept;

  // Makes `flow` lead to another worker's side, or (generation 0) to nobody. When there are as many
  // routes as slots the oldest is forgotten. A flow that leads to a side of this worker stays.
  void route(const dp::Flow& flow, const ConnId& side) noexcept;

  // Calls `visit(side)` for open sides whose client has this address and our end of the flow, until
  // it returns true or kMaxCandidates have been seen. A large office behind one address may have more
  // clients than that: then a client that moves may have to make a new handshake.
  static constexpr uint32_t kMaxCandidates = 256;
  template <typename Visit>
  void visit_candidates(const dp::Flow& flow, Visit&& visit) noexcept {
    uint32_t seen = 0;
    (void)addresses_.find(hash_address(flow.remote), [&](uint32_t slot) {
      ReceiveSide& s = (*this)[slot];
      if (s.flow.remote != flow.remote) return false;
      if (++seen > kMaxCandidates) return true;
      return s.phase == Phase::open && s.flow.local == flow.local &&
             s.flow.local_port == flow.local_port && visit(s);
    });
  }

  void close(ReceiveSide& side) noexcept {
    unmap(side);
    SideTable::close(side);
  }

 private:
  [[nodiscard]] uint32_t hash_address(const dp::IpAddress& address) const noexcept;
  void forget(Route& route) noexcept;

  tcp::SipKey key_;
  tcp::FlowTable flows_;      // slots; routes_[i] is slots() + i
  tcp::FlowTable addresses_;  // slots, under the hash of the client's address
  std::vector<Route> routes_;
  uint32_t next_route_ = 0;
};

}  // namespace culvert::dtls
