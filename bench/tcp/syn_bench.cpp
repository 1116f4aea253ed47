// What a SYN costs the TCP endpoint, in cycles: kept in the backlog, answered with a cookie, and what the
// answers to cookies cost, right and forged. Segments come in bursts of 64 from addresses at random; making them and
// giving the answers' buffers back is not measured, nor is a port. Checksums are the port's.
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include <rte_cycles.h>
#include <rte_ip.h>

#include "dataplane/eal.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/tcp/connection.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/options.hpp"

namespace {

using namespace culvert;

constexpr uint32_t kSlots = 1u << 16;
constexpr uint32_t kBacklog = kSlots / 4;
constexpr uint32_t kLocal = 0xc6336401;

struct Sender {
  uint32_t address = 0;
  uint16_t port = 0;
  uint32_t number = 0;
  uint32_t acknowledges = 0;  // 0: a SYN
};

class Bench {
 public:
  explicit Bench(rte_mempool* pool)
      : pool_(pool), endpoint_(config(pool), {true, true, true}, drops_, {&Bench::flush, this}) {
    (void)endpoint_.listen(dp::IpAddress::v4(kLocal), 443);
  }

  Sender anybody() {
    return {0x0b000000u | (static_cast<uint32_t>(random_()) & 0xffffff),
            static_cast<uint16_t>(1 + random_() % 65535), static_cast<uint32_t>(random_())};
  }

  // Cycles for the whole burst. The senders are told what they were answered.
  uint64_t give(std::span<Sender> burst) {
    std::array<rte_mbuf*, dp::kBurst> segments;
    for (size_t i = 0; i < burst.size(); ++i)
      segments[i] = packet(burst[i]);
    answers_.clear();
    const uint64_t begin = rte_rdtsc();
    endpoint_.input({segments.data(), burst.size()}, now_);
    endpoint_.poll(now_);
    const uint64_t cycles = rte_rdtsc() - begin;
    for (size_t i = 0; i < answers_.size(); ++i) {
      const auto* tcp =
          rte_pktmbuf_mtod_offset(answers_[i], const dp::TcpHeader*, sizeof(dp::Ipv4Header));
      if (answers_.size() == burst.size()) burst[i].acknowledges = tcp->seq + 1;
      rte_pktmbuf_free(answers_[i]);
    }
    return cycles;
  }

  tcp::Endpoint& endpoint() noexcept { return endpoint_; }
  void pass_time(tcp::Time by) noexcept { now_ += by; }

 private:
  static tcp::EndpointConfig config(rte_mempool* pool) {
    tcp::EndpointConfig c;
    c.max_connections = kSlots;
    c.syn_backlog = kBacklog;
    c.isn_key[0] = 0x1234;
    c.pool = pool;
    return c;
  }
  static void flush(void* self, dp::Batch& batch) {
    auto& answers = static_cast<Bench*>(self)->answers_;
    answers.insert(answers.end(), batch.begin(), batch.end());
    batch.clear();
  }
  rte_mbuf* packet(const Sender& s) {
    tcp::OptionWriter options;
    if (s.acknowledges == 0) {
      options.mss(1460);
      options.sack_permitted();
      options.timestamps(1, 0);
      options.window_scale(7);
    } else {
      options.timestamps(2, 0);
    }
    const auto header = static_cast<uint16_t>(sizeof(dp::TcpHeader) + options.size());
    rte_mbuf* m = rte_pktmbuf_alloc(pool_);
    if (m == nullptr) throw std::runtime_error("no packet buffers");
    auto* bytes = reinterpret_cast<uint8_t*>(
        rte_pktmbuf_append(m, static_cast<uint16_t>(sizeof(dp::Ipv4Header) + header)));
    auto* ip = reinterpret_cast<dp::Ipv4Header*>(bytes);
    *ip = {};
    ip->version_ihl = 0x45;
    ip->protocol = 6;
    ip->src = s.address;
    ip->dst = kLocal;
    auto* tcp = reinterpret_cast<dp::TcpHeader*>(bytes + sizeof(dp::Ipv4Header));
    *tcp = {};
    tcp->src_port = s.port;
    tcp->dst_port = uint16_t{443};
    tcp->seq = s.acknowledges == 0 ? s.number : s.number + 1;
    tcp->ack = s.acknowledges;
    tcp->offset_reserved = static_cast<uint8_t>((header / 4) << 4);
    tcp->flags = s.acknowledges == 0 ? dp::TcpHeader::kSyn : dp::TcpHeader::kAck;
    tcp->window = uint16_t{64240};
    std::copy(options.bytes().begin(), options.bytes().end(),
              bytes + sizeof(dp::Ipv4Header) + sizeof(dp::TcpHeader));
    m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    dp::meta(m) = {};
    dp::meta(m).family = 4;
    dp::meta(m).l3_size = sizeof(dp::Ipv4Header);
    return m;
  }

  rte_mempool* pool_;
  dp::DropCounters drops_;
  std::vector<rte_mbuf*> answers_;
  tcp::Endpoint endpoint_;
  std::mt19937 random_{1};
  tcp::Time now_ = 1'000'000;
};

// The median of the bursts, a segment.
double median(std::vector<uint64_t>& bursts) {
  const auto middle = bursts.begin() + static_cast<std::ptrdiff_t>(bursts.size() / 2);
  std::nth_element(bursts.begin(), middle, bursts.end());
  return static_cast<double>(*middle) / dp::kBurst;
}

void say(const char* what, std::vector<uint64_t>& bursts) {
  std::printf("%-36s %6.0f cycles\n", what, median(bursts));
}

void run() {
  dp::EalConfig config;
  config.memory_mb = 256;
  const dp::Eal eal(config);
  dp::register_packet_meta();
  const dp::PacketPool pool =
      dp::make_packet_pool("packets", 16383, 1500, dp::BufferLayout::side_by_side);
  Bench bench(pool.get());
  std::array<Sender, dp::kBurst> burst;
  const auto syns = [&] {
    for (Sender& s : burst)
      s = bench.anybody();
    return bench.give(burst);
  };
  std::vector<uint64_t> kept, cookies, right, forged;
  while (bench.endpoint().counters().cookies_sent == 0)
    kept.push_back(syns());
  kept.pop_back();
  for (uint32_t i = 0; i < 20'000; ++i)
    cookies.push_back(syns());
  const uint64_t before = bench.endpoint().counters().cookies_accepted;
  for (uint32_t i = 0; i < 512; ++i) {
    (void)syns();
    right.push_back(bench.give(burst));
    while (bench.endpoint().next_event().conn.generation != 0) {
    }
  }
  if (bench.endpoint().counters().cookies_accepted - before != 512 * dp::kBurst)
    throw std::runtime_error("cookies were refused");
  for (uint32_t i = 0; i < 20'000; ++i) {
    for (Sender& s : burst) {
      s = bench.anybody();
      s.acknowledges = s.number | 1;
    }
    forged.push_back(bench.give(burst));
  }
  say("SYN, kept in the backlog", kept);
  say("SYN, answered with a cookie", cookies);
  say("answer to a cookie, right", right);
  say("answer to a cookie, forged", forged);
  std::printf("%-36s %6zu bytes\n", "a connection", sizeof(tcp::Connection));
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "syn-bench: %s\n", e.what());
    return 1;
  }
  return 0;
}
