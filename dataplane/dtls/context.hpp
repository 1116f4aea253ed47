// What the DTLS stages of one worker work with.
#pragma once

#include <atomic>
#include <limits>

#include "crypto/isa.hpp"
#include "dataplane/dtls/listeners.hpp"
#include "dataplane/dtls/receive_table.hpp"
#include "dataplane/dtls/transmit_table.hpp"
#include "dataplane/ip/token_bucket.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/counter.hpp"
#include "dataplane/packet/drop.hpp"

namespace culvert::dtls {

// Written by the worker, read by control (relaxed).
struct Counters {
  std::atomic<uint64_t> records_opened{0};
  std::atomic<uint64_t> records_sealed{0};
  std::atomic<uint64_t> punted{0};  // handshake datagrams passed to control
  std::atomic<uint64_t> moves{0};   // clients found again under another address or port
  std::atomic<uint64_t> trials{0};  // records opened to find whose they are
};

// Where packets go from here.
struct Edges {
  dp::BatchSink up;       // inner packets, IP header first; meta.conn and meta.inner_source set
  dp::BatchSink replies;  // CDTP packets, type byte first, for transmit sides of this worker
  dp::BatchSink handoff;  // for another worker: meta.handoff, meta.conn
  dp::BatchSink out;      // IP packets that leave by a port
};

struct Context {
  uint8_t worker;
  uint8_t workers;
  ReceiveTable& receive;
  TransmitTable& transmit;
  dp::Mailbox& mailbox;
  const crypto::MbManager& mb;
  dp::DropCounters& drops;
  rte_mempool* pool;
  uint8_t* scratch;  // room for one record of any size, and for a block of CBC before it
  // The transmit sides of each worker, for their counters alone.
  const TransmitTable* const* homes;
  Edges edges;
  Listeners listeners{};
  Counters counters{};
  // 16-byte blocks that a key of any cipher may seal, if that is less than its cipher allows:
  // WorkerSettings::sealing_limit.
  uint64_t sealing_limit = std::numeric_limits<uint64_t>::max();

  // Handshake datagrams to control. A client needs four, of which two say hello; hellos are counted apart, so
  // that those of a flood keep nobody from the end of a handshake. TCP's set-up must find messages too,
  // so that half of them stay for it (`message_reserve`).
  dp::TokenBucket hellos{4000, 512};
  dp::TokenBucket punts{4000, 512};
  unsigned message_reserve = 0;
  // Opening records of unknown flows, to see whether a client has moved: at most 1 or 2 % of a core.
  dp::TokenBucket trials{20'000, 256};
  // Passing such datagrams round the other workers.
  dp::TokenBucket seeks{50'000, 1024};
};

[[nodiscard]] inline ConnId conn_of(const Context& c, const ReceiveSide& s) noexcept {
  return {c.worker, c.receive.slot_of(s), s.generation};
}
[[nodiscard]] inline ConnId conn_of(const Context& c, const TransmitSide& s) noexcept {
  return {c.worker, c.transmit.slot_of(s), s.generation};
}

}  // namespace culvert::dtls
