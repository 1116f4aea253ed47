// A wire between an endpoint and a peer that a test writes by hand: raw segments in, parsed
// segments out, virtual time.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "dataplane/packet/headers.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp::test {

using dp::DropReason;
using dp::TcpHeader;

inline constexpr uint8_t kFin = TcpHeader::kFin, kSyn = TcpHeader::kSyn, kRst = TcpHeader::kRst,
                         kPsh = TcpHeader::kPsh, kAck = TcpHeader::kAck;
inline constexpr Time kMs = 1000;
inline constexpr Time kSecond = 1'000'000;

inline std::span<const uint8_t> bytes(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

// One pool for all tests; large enough that only tests that want to run out do.
rte_mempool* test_pool();

struct Sent {  // a segment that left the endpoint
  Seq seq, ack;
  uint8_t flags = 0;
  uint16_t window = 0;
  Options options;
  std::string data;
  Time at = 0;
  bool dont_fragment = false;
  uint16_t ip_id = 0;  // IPv4
  dp::Flow flow;       // from the endpoint's view
};

struct Given {  // a segment for the endpoint
  Seq seq{}, ack{};
  uint8_t flags = kAck;
  uint16_t window = 65535;
  std::string_view data{};
  std::vector<uint8_t> options{};
};

class Wire {
 public:
  explicit Wire(EndpointConfig config = {}, Offload offload = {});
  ~Wire();  // checks that no packet buffer is left behind, unless a test holds some on purpose
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void give(const Given& segment);  // delivered and polled at once
  void give(const Given& segment, const dp::Flow& flow);
  rte_mbuf* packet(const Given& segment, const dp::Flow& flow) const;
  void input(rte_mbuf* m);
  // As read from a router's message.
  DropReason report(const dp::Flow& flow, Seq seq, uint16_t mtu, bool below_floor = false);
  void poll();
  void run(Time duration);  // polls at each deadline
  Sent take();              // the next segment that left; fails if there is none
  bool quiet() const { return out.empty(); }
  void forget() { out.clear(); }
  Event event() { return endpoint->next_event(); }
  uint64_t dropped(DropReason reason) const { return drops.get(reason); }
  std::string read(dp::ConnId conn);  // all that is readable, consumed

  static dp::Flow default_flow(uint16_t port = 40000);

  Time now = 10 * kSecond;
  dp::DropCounters drops;
  std::deque<Sent> out;
  std::unique_ptr<Endpoint> endpoint;
  bool check_leaks = true;

 private:
  static void flush(void* self, dp::Batch& batch);
  void collect(rte_mbuf* m);
  unsigned available_at_start_;
};

std::vector<uint8_t> option_bytes(const OptionWriter& writer);

// A backlog of one, and what fills it: each SYN after that gets a cookie.
EndpointConfig backlog_of_one();
void fill_backlog(Wire& wire);

// Brings a connection up and keeps both ends' numbers. Everything is relative to the two initial
// numbers.
class Peer {
 public:
  struct Want {
    uint16_t mss = 1460;
    bool timestamps = false;
    bool sack = false;
    int scale = -1;  // -1: no window scaling
    Seq isn{1000};
    uint16_t window = 65535;
    uint16_t port = 40000;
  };
  explicit Peer(Wire& on) : Peer(on, Want{}) {}
  Peer(Wire& on, const Want& want);

  // `data` from our stream offset `at`, acknowledging `acked` bytes of theirs.
  Given segment(uint32_t at, std::string_view data, uint32_t acked, uint8_t flags = kAck);
  void give(uint32_t at, std::string_view data, uint32_t acked, uint8_t flags = kAck);
  void give(const Given& g) { wire.give(g, flow); }
  void ack(uint32_t acked, uint16_t win) {
    Given g = segment(sent, {}, acked);
    g.window = win;
    wire.give(g, flow);
  }
  uint32_t offset_of(const Sent& s) const { return s.seq - (iss + 1); }  // of their data
  uint32_t acked_by(const Sent& s) const { return s.ack - (isn + 1); }   // of our data
  std::vector<uint8_t> stamp();

  Wire& wire;
  dp::Flow flow;
  Seq isn, iss;
  uint32_t sent = 0;  // our stream offset for bare ACKs
  bool timestamps;
  uint32_t ts_now = 5000;
  uint32_t ts_echo = 0;
  uint16_t window;
  Sent syn_ack;
  dp::ConnId conn;
};

// Bytes that differ by position, so that a misplaced byte is noticed.
std::string pattern(size_t size, size_t from = 0);

}  // namespace culvert::tcp::test
