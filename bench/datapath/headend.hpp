// A headend of one worker between two in-memory ports, whose stages the benchmark's own thread runs
// one after the other, as dataplane/worker/loop.cpp does. Everything else is the real thing: tables,
// messages, drops.
//
// The ports are loops (DPDK's net_ring): what is put into one is received by the worker's next pass, and
// what the worker sends is taken out before the one after it. Like a card they have verified the
// checksums of what is received and would fill those of what is sent. The worker's clock advances
// only while it works, so that its timers take the share of time that they take in production.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <rte_mbuf.h>

#include "dataplane/eal.hpp"
#include "dataplane/worker/dataplane.hpp"
#include "dataplane/worker/worker.hpp"

namespace culvert::bench {

inline constexpr uint32_t kOutsideIp = 0xc6336401;    // 198.51.100.1, of the headend
inline constexpr uint32_t kRouterIp = 0xc63364fe;     // the way to all clients
inline constexpr uint32_t kFirstClient = 0xc6120000;  // 198.18.0.0
inline constexpr uint32_t kInsideIp = 0x0a304201;     // 10.48.66.1, of the headend
inline constexpr uint32_t kServerIp = 0x0a30420a;     // 10.48.66.10
inline constexpr uint32_t kFirstInner = 0x0a400001;   // 10.64.0.1
inline constexpr uint16_t kPort = 443;

enum class Side : uint8_t { outside, inside };

// TSC cycles.
struct StageCycles {
  uint64_t receive = 0;   // ports, classification; TCP's input; DTLS records are opened here
  uint64_t up = 0;        // TLS records are opened here; inner packets are validated and routed
  uint64_t down = 0;      // session, MSS, MTU; records are sealed
  uint64_t transmit = 0;  // timers, TCP's output, routes, Ethernet, ports
  [[nodiscard]] uint64_t all() const noexcept { return receive + up + down + transmit; }
};

class Headend {
 public:
  // Starts DPDK, which starts once a process and has to outlive every headend. Throws
  // std::runtime_error.
  static void start_dpdk();
  // Reserves huge pages for so many sessions. One headend at a time. Throws std::runtime_error.
  Headend(size_t sessions, crypto::Isa isa);
  ~Headend();
  Headend(const Headend&) = delete;
  Headend& operator=(const Headend&) = delete;

  // An empty buffer from the worker's pool.
  [[nodiscard]] rte_mbuf* buffer();
  // Takes a frame for the coming passes. `m` begins with an IPv4 header; the Ethernet header is put in
  // front.
  void give(Side side, rte_mbuf* m);
  // One of the frames that the worker has sent, with IPv4 in it, without its Ethernet header; nullptr
  // if there is none (any more).
  [[nodiscard]] rte_mbuf* take(Side side);
  // Several rounds through the loop, with equal parts of the frames that were given.
  void pass(unsigned rounds = 1);
  [[nodiscard]] const StageCycles& cycles() const noexcept { return cycles_; }
  [[nodiscard]] uint32_t bytes_per_connection() const noexcept;

  // --- control ---
  [[nodiscard]] dp::Dataplane& dataplane() noexcept { return *dataplane_; }
  [[nodiscard]] const crypto::MbManager& mb() noexcept { return worker_->mb; }
  // Fills a message to the worker in; passes are made when there is no free one.
  template <typename Fill>
  void tell(dp::MessageKind kind, Fill&& fill) {
    dp::Mailbox& mailbox = dataplane_->mailbox(0);
    dp::Message* m = mailbox.allocate_for_worker();
    for (; m == nullptr; m = mailbox.allocate_for_worker())
      pass();
    m->kind = kind;
    fill(*m);
    mailbox.to_worker(m);
  }
  // Shows each message from the worker to `hear`.
  template <typename Hear>
  void listen(Hear&& hear) {
    dp::Mailbox& mailbox = dataplane_->mailbox(0);
    while (dp::Message* m = mailbox.from_worker()) {
      hear(*m);
      mailbox.free(m);
    }
  }

  // The name of a reason for which the worker has dropped a packet since this was last asked.
  [[nodiscard]] std::optional<std::string> news_of_drops();
  // In milliseconds, the worker's clock.
  [[nodiscard]] uint32_t milliseconds() const noexcept;

 private:
  void learn_neighbours();
  void feed(Side side, unsigned rounds);
  void round() noexcept;
  void drain(Side side);

  std::unique_ptr<dp::Dataplane> dataplane_;
  dp::Worker* worker_ = nullptr;
  std::array<rte_ring*, 2> rings_{};
  std::array<std::deque<rte_mbuf*>, 2> given_, sent_;
  StageCycles cycles_;
  uint64_t start_ = 0;
  std::array<uint64_t, dp::kDropReasons> dropped_{};
};

}  // namespace culvert::bench
