// Whole packets through a worker's stages: datapath/{dtls,cstp}/SUITE/{up,down}/SIZE/SESSIONS.
//
// SIZE is the inner packet, IP header included. Down: frames from inside become datagrams or TCP
// segments outside. Up: records that the clients have just sealed become frames inside. A burst is 32
// packets, of sessions in random order, and goes through the whole loop before the next one comes;
// four are made at a time, so that the worker finds its own code in the caches, not the client's.
//
// With DTLS each packet is of another session. With CSTP the packets come in pairs of one session,
// because clients acknowledge every second segment (RFC 5681 §4.2), and while a segment is not
// acknowledged its buffer is kept: in pairs, packet buffers in use stay below 1 MiB however many
// sessions there are. Down, these acknowledgements are part of what is measured, as are up those that
// the worker sends.
//
// Measured is the time in the stages; what clients and server do is not, but stands in the columns
// Time and CPU, which are to be ignored. Tags, replay windows, sequence numbers and addresses are
// checked by the worker as ever. A packet that is dropped, or does not come out, fails the row. One of
// each four bursts is compared with what went in.
//
// raw_cycles_per_packet is bench/crypto's `raw`, taken in turns with the stages: the same suite, number
// of sessions, payload (the packet and its framing) and direction. raw_share is raw over all.
#include "bench/datapath/datapath_bench.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>
#include <rte_cycles.h>

#include "bench/crypto/rig.hpp"
#include "bench/datapath/traffic.hpp"

namespace culvert::bench {
namespace {

using crypto::Suite;
using crypto::Version;

constexpr uint32_t kBurst = 32;
constexpr uint32_t kBursts = 4;
constexpr uint32_t kPerTurn = kBursts * kBurst;
constexpr uint32_t kPerIteration = 8 * kPerTurn;

enum class Channel : uint8_t { dtls, cstp };

struct Row {
  Channel channel;
  const Suite* suite;
  crypto::Isa isa;
  size_t sessions;
  uint32_t size;
  bool up;
};

// The installed sessions, kept from row to row as long as they are the same.
class Rig {
 public:
  explicit Rig(const Row& row)
      : headend(row.sessions, row.isa),
        traffic(row.channel == Channel::dtls ? make_dtls(headend, *row.suite, row.sessions)
                                             : make_cstp(headend, *row.suite, row.sessions)),
        channel_(row.channel),
        order_(row.sessions) {
    std::iota(order_.begin(), order_.end(), 0u);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
  }

  [[nodiscard]] bool serves(const Row& row) const noexcept {
    return channel_ == row.channel && &traffic->suite() == row.suite &&
           order_.size() == row.sessions;
  }

  // Makes some bursts and sends them through; returns how many packets have come out.
  uint32_t turn() {
    std::array<uint32_t, kPerTurn> sessions;
    for (uint32_t i = 0; i < kPerTurn; i += traffic->train()) {
      std::fill_n(sessions.begin() + i, traffic->train(), order_[next_]);
      next_ = next_ + 1 == order_.size() ? 0 : next_ + 1;
    }
    traffic->send(sessions);
    return pass(kBursts);
  }
  uint32_t pass(unsigned rounds) {
    headend.pass(rounds);
    headend.listen([](const dp::Message&) {});
    const uint32_t came = traffic->collect();
    if (auto reason = headend.news_of_drops()) {
      throw std::runtime_error("packets were dropped: " + *reason);
    }
    return came;
  }
  // Until every session has had packets, every window is open, and nothing is under way.
  void warm_up() {
    const uint64_t wanted = std::max<uint64_t>(2 * order_.size(), 8192);
    (void)pass(kBursts);  // acknowledgements that the row before has left
    for (uint64_t sent = 0; sent < wanted; sent += kPerTurn) {
      uint32_t came = turn();
      for (unsigned i = 0; came < kPerTurn; ++i) {
        if (i == 1000) throw std::runtime_error("packets were lost without a trace");
        came += pass(kBursts);
      }
    }
  }

  Headend headend;
  std::unique_ptr<Traffic> traffic;

 private:
  Channel channel_;
  std::vector<uint32_t> order_;
  size_t next_ = 0;
};

Rig& rig_for(const Row& row) {
  [[maybe_unused]] static const bool started = (Headend::start_dpdk(), true);
  static std::unique_ptr<Rig> rig;  // made after DPDK: gone before it
  if (rig == nullptr || !rig->serves(row)) {
    rig.reset();
    rig = std::make_unique<Rig>(row);
  }
  return *rig;
}

// IPsec-MB alone, on as many key blocks.
class Raw {
 public:
  Raw(const Row& row, uint32_t payload)
      : rig_(*row.suite, payload, row.sessions, row.isa),
        subject_(crypto::record::bench::make_raw(rig_, row.up)) {
    (void)subject_->pass();
  }
  void catch_up(uint64_t packets) {
    while (packets_ < packets) {
      const uint64_t begin = rte_rdtsc();
      (void)subject_->pass();
      cycles_ += rte_rdtsc() - begin;
      packets_ += rig_.per_pass();
    }
  }
  [[nodiscard]] double cycles_per_packet() const noexcept {
    return static_cast<double>(cycles_) / static_cast<double>(packets_);
  }

 private:
  crypto::record::bench::Rig rig_;
  std::unique_ptr<crypto::record::bench::Subject> subject_;
  uint64_t cycles_ = 0, packets_ = 0;
};

void measure(benchmark::State& state, const Row& row) {
  Rig& rig = rig_for(row);
  rig.traffic->shape(row.up, row.size);
  Raw raw(row, row.size + rig.traffic->framing());
  rig.warm_up();
  // By turns of so many packets that neither spends its time on what the other has put into the caches.
  const uint64_t exchange = std::max<uint64_t>(4096, 4 * row.sessions);
  const StageCycles before = rig.headend.cycles();
  uint64_t packets = 0, raw_due = exchange;
  for (auto _ : state) {
    for (uint32_t sent = 0; sent < kPerIteration; sent += kPerTurn) {
      const uint32_t came = rig.turn();
      if (came != kPerTurn) {
        throw std::runtime_error(std::to_string(came) + " of " + std::to_string(kPerTurn) +
                                 " packets came out");
      }
    }
    packets += kPerIteration;
    if (packets >= raw_due) {
      raw.catch_up(packets);
      raw_due = packets + exchange;
    }
  }
  raw.catch_up(packets);

  const StageCycles& after = rig.headend.cycles();
  const auto n = static_cast<double>(packets);
  const double cycles = static_cast<double>(after.all() - before.all()) / n;
  const double seconds = cycles / static_cast<double>(rte_get_tsc_hz());
  state.counters["cycles_per_packet"] = cycles;
  state.counters["cycles_per_byte"] = cycles / row.size;
  state.counters["packets_per_second"] = 1 / seconds;
  state.counters["bytes_per_second"] = row.size / seconds;
  state.counters["receive_cycles"] = static_cast<double>(after.receive - before.receive) / n;
  state.counters["up_cycles"] = static_cast<double>(after.up - before.up) / n;
  state.counters["down_cycles"] = static_cast<double>(after.down - before.down) / n;
  state.counters["transmit_cycles"] = static_cast<double>(after.transmit - before.transmit) / n;
  state.counters["raw_cycles_per_packet"] = raw.cycles_per_packet();
  state.counters["raw_share"] = raw.cycles_per_packet() / cycles;
  if (row.channel == Channel::cstp)
    state.counters["bytes_per_connection"] = rig.headend.bytes_per_connection();
}

void run(benchmark::State& state, const Row& row) {
  try {
    measure(state, row);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

void register_suite(const Rows& rows, Channel channel, Version version, const char* name) {
  const Suite* suite = crypto::find_suite(version, name);
  if (suite == nullptr) return;  // not every build carries every suite
  for (const size_t sessions : {1u, 100u, 1000u, 10000u, 100000u}) {
    for (const uint32_t size : {64u, 256u, 576u, 1024u, 1400u}) {
      for (const bool up : {true, false}) {
        const std::string title =
            std::string("datapath/") + (channel == Channel::dtls ? "dtls/" : "cstp/") + name +
            (up ? "/up/" : "/down/") + std::to_string(size) + "/" + std::to_string(sessions);
        const Row row{channel, suite, rows.isa(), sessions, size, up};
        rows.add(title, [row](benchmark::State& state) { run(state, row); });
      }
    }
  }
}

}  // namespace

void register_datapath_rows(const Rows& rows) {
  // One of each version, cipher and MAC, as in crypto/: key exchanges make no difference here.
  for (const char* name : {"PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384",
                           "PSK-CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA"}) {
    register_suite(rows, Channel::dtls, Version::dtls12, name);
  }
  for (const char* name :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    register_suite(rows, Channel::cstp, Version::tls13, name);
  }
  for (const char* name :
       {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA256", "AES256-SHA256",
        "ECDHE-RSA-AES256-SHA384"}) {
    register_suite(rows, Channel::cstp, Version::tls12, name);
  }
}

}  // namespace culvert::bench
