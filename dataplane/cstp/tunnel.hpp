// One client's TLS connection on its worker, from the first byte of the set-up to the last of the
// tunnel.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <rte_mempool.h>

#include "crypto/isa.hpp"
#include "crypto/record/protection.hpp"
#include "dataplane/cstp/backlog.hpp"
#include "dataplane/ip/token_bucket.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/counter.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/session/mailbox.hpp"
#include "dataplane/tcp/endpoint.hpp"

namespace culvert::cstp {

using dp::ConnId;
using dp::EndReason;
using tcp::Time;

enum class Phase : uint8_t {
  unused,
  setup,   // OpenSSL in control speaks; the worker frames records for it
  tunnel,  // the worker opens and seals
  ended,   // told control, or about to; waits for `forget`
};

// Messages that control has to get, and work that had to wait. Bits of Tunnel::owed.
namespace owed {
inline constexpr uint8_t kOpened = 1;
inline constexpr uint8_t kRecord =
    2;  // the record that control wants is whole, but no message was free
inline constexpr uint8_t kPromoted = 4;
inline constexpr uint8_t kEnded = 8;
inline constexpr uint8_t kRead =
    16;  // records wait in the stream because no packet buffer was free
inline constexpr uint8_t kKeyUpdate = 32;  // Tunnel::wanted_keys
}  // namespace owed

struct Tunnel {
  Phase phase = Phase::unused;
  uint8_t owed = 0;
  bool listed = false;       // in TunnelTable::owing
  bool peer_closed = false;  // the peer's FIN was reached; what is still readable comes first
  bool close_notify_sent = false;
  bool ready = false;                // in Backlog::ready
  bool wants_record = false;         // control does, and has not got it yet
  bool large_hello = false;          // one of TunnelTable::large_hellos
  bool awaits_receive_keys = false;  // a KeyUpdate came: what follows it waits in the stream
  bool awaits_transmit_keys = false;
  uint8_t wanted_keys = 0;  // dp::wanted_keys, not yet told
  EndReason end_reason = EndReason::none;
  uint8_t end_code = 0;
  uint8_t end_text_size = 0;
  crypto::Version version = crypto::Version::tls12;
  crypto::record::Overhead overhead{};
  crypto::Cipher cipher{};  // of the keys
  uint32_t generation = 0;
  uint32_t active_index = 0;  // in TunnelTable::active
  uint32_t burst_bytes = 0;   // of records being sealed for it in the present burst
  // What TCP answered when the burst began: bytes that it wants, and bytes that it takes.
  uint32_t burst_wanted = 0, burst_room = 0;
  uint16_t queue = Backlog::kNoQueue;  // of packets that wait for TCP
  uint64_t setup_bytes = 0;            // of the stream, passed to control
  uint32_t gathered = 0;     // bytes at the front of the stream that the present OpenBurst covers
  dp::InnerAddresses inner;  // the session's addresses: the only sources that may come up
  Time last_rx = 0;          // any record
  Time last_tx = 0;
  Time last_dpd = 0;      // request sent
  Time dpd_interval = 0;  // 0 = none; likewise below
  Time keepalive_interval = 0;
  Time setup_deadline = 0;
  uint64_t sealed_blocks = 0;  // under the present key: crypto/record/sealing_limit.hpp
  uint64_t sealing_limit = 0;  // of its cipher
  // Handshake records: no client has a reason for more.
  dp::TokenBucket key_updates{1, 32};
  std::array<char, 64> end_text{};
};

// All tunnels of one worker, by TCP slot. Nothing is allocated after construction.
class TunnelTable {
 public:
  // `waiting`: packets of all tunnels that may wait for their TCP. Throws std::runtime_error if the
  // memory is not there.
  explicit TunnelTable(uint32_t slots, uint32_t waiting = 4096);
  ~TunnelTable();
  TunnelTable(const TunnelTable&) = delete;
  TunnelTable& operator=(const TunnelTable&) = delete;

  struct Keys {
    crypto::record::Keys rx, tx;
  };

  [[nodiscard]] Tunnel& operator[](uint32_t slot) noexcept { return tunnels_[slot]; }
  [[nodiscard]] Keys& keys(uint32_t slot) noexcept { return keys_[slot]; }
  [[nodiscard]] dp::TunnelCounters& counters(uint32_t slot) noexcept { return counters_[slot]; }
  [[nodiscard]] uint32_t slots() const noexcept { return static_cast<uint32_t>(tunnels_.size()); }
  // The tunnel that `conn` names, or nullptr if the slot serves another connection now.
  [[nodiscard]] Tunnel* find(const ConnId& conn) noexcept {
    if (conn.slot >= tunnels_.size()) return nullptr;
    Tunnel& t = tunnels_[conn.slot];
    return t.phase != Phase::unused && t.generation == conn.generation ? &t : nullptr;
  }
  [[nodiscard]] uint32_t slot_of(const Tunnel& t) const noexcept {
    return static_cast<uint32_t>(&t - tunnels_.data());
  }

  // Fetches what every packet of a tunnel looks at, but for the expanded keys (key_prefetch.hpp).
  void prefetch(uint32_t slot) const noexcept {
    if (slot >= slots()) return;
    const auto* lines = reinterpret_cast<const char*>(&tunnels_[slot]);
    for (size_t at = 0; at < kHotBytes; at += 64)
      __builtin_prefetch(lines + at);
    __builtin_prefetch(&counters_[slot]);
  }

  // Begins a slot's life with a connection, and ends it.
  Tunnel& open(const ConnId& conn) noexcept;
  void close(Tunnel& t) noexcept;

  // Inner packets for which TCP has no use yet.
  Backlog backlog;

  // Connections in set-up whose first record has got more room than others (setup.hpp).
  uint32_t large_hellos = 0;

  // Slots in use, dense, for the timer sweep; `cursor` goes round.
  std::vector<uint32_t> active;
  uint32_t cursor = 0;
  // Records of all tunnels that there have been. Written by the worker, read by control (relaxed).
  std::atomic<uint64_t> records_opened{0};
  std::atomic<uint64_t> records_sealed{0};

  // One of the tunnel's waiting packets, of which nothing will come; nullptr: there is none left.
  [[nodiscard]] rte_mbuf* take_waiting(Tunnel& t) noexcept;

  // Slots with owed != 0.
  std::vector<uint32_t> owing;
  void owe(Tunnel& t, uint8_t bits) noexcept;

 private:
  static constexpr size_t kHotBytes = sizeof(Tunnel) - sizeof(Tunnel::end_text);
  struct FreeKeys {
    void operator()(Keys* k) const noexcept;
  };
  std::vector<Tunnel> tunnels_;
  std::unique_ptr<Keys[], FreeKeys> keys_;  // in DPDK memory: huge pages where there are any
  std::vector<dp::TunnelCounters> counters_;
};

// What the CSTP stages of one worker work with.
struct Context {
  uint8_t worker;
  tcp::Endpoint& tcp;
  TunnelTable& tunnels;
  dp::Mailbox& mailbox;
  const crypto::MbManager& mb;
  dp::DropCounters& drops;
  rte_mempool* pool;
  uint8_t*
      large_record;  // room for one record of any size: the rare ones that exceed a packet buffer
  // 16-byte blocks that a key of any cipher may seal, if that is less than its cipher allows:
  // WorkerSettings::sealing_limit.
  uint64_t sealing_limit = std::numeric_limits<uint64_t>::max();
};

// Of every send queue, for the records that must not wait behind data: a KeyUpdate, an alert, a
// TERMINATE.
inline constexpr uint32_t kReservedRoom = 512;

// Bytes of records with data that the connection takes now.
[[nodiscard]] inline uint32_t data_room(const Context& c, const ConnId& conn) noexcept {
  const uint32_t room = c.tcp.send_room(conn);
  return room > kReservedRoom ? room - kReservedRoom : 0;
}

[[nodiscard]] inline ConnId conn_of(const Context& c, const Tunnel& t) noexcept {
  return {c.worker, c.tunnels.slot_of(t), t.generation};
}

}  // namespace culvert::cstp
