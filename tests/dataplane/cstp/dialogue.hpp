// One client, one worker's CSTP stages and one control, played by a test: a real TCP endpoint on a
// scripted wire, real record protection, virtual time. Whatever a test does, at its end no buffer,
// message or slot may be held.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/suite.hpp"
#include "dataplane/cstp/control_packet.hpp"
#include "dataplane/cstp/input.hpp"
#include "dataplane/cstp/output.hpp"
#include "dataplane/cstp/setup.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::cstp::test {

inline std::string text(const std::vector<uint8_t>& b) {
  return {b.begin(), b.end()};
}

using crypto::record::ContentType;
using dp::DropReason;
using dp::MessageKind;

struct Heard {  // a record from the worker, opened by the client
  ContentType type{};
  std::string plaintext;
  [[nodiscard]] bool is(PacketType packet) const {
    return type == ContentType::application_data && plaintext.size() >= kHeaderSize &&
           plaintext[6] == static_cast<char>(packet);
  }
  [[nodiscard]] bool is_alert(uint8_t description) const {
    return type == ContentType::alert && plaintext.size() == 2 &&
           plaintext[1] == static_cast<char>(description);
  }
  [[nodiscard]] std::string payload() const { return plaintext.substr(kHeaderSize); }
};

struct Told {  // a message that reached control
  MessageKind kind{};
  EndReason reason{};
  uint8_t code = 0;
  ConnId conn;
  dp::Flow flow;
  uint16_t peer_mss = 0;
  const dp::TunnelCounters* counters = nullptr;
  dp::Totals totals;
  std::string data;
};

class Dialogue {
 public:
  explicit Dialogue(const crypto::Suite& suite = crypto::tls_suites().front(),
                    unsigned messages = 8, tcp::EndpointConfig config = {},
                    const tcp::test::Peer::Want& want = {});
  ~Dialogue();
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  // --- the client ---
  void queue(std::string_view bytes,
             size_t segment = 1400);  // in segments of this size; the worker has not looked yet
  void say(std::string_view bytes, size_t segment = 1400) {
    queue(bytes, segment);
    pump();
  }
  void fin(std::string_view last_bytes = {});
  void reset();
  [[nodiscard]] std::string seal(ContentType type, std::string_view plaintext);
  [[nodiscard]] std::string sealed_packet(PacketType type, std::string_view payload);
  [[nodiscard]] std::string hear();  // bytes that came since the last time, all acknowledged
  [[nodiscard]] std::vector<Heard> hear_records();
  // The records that are whole in what has come by now, one window at most: its acknowledgement is
  // the last thing that happens.
  [[nodiscard]] std::vector<Heard> hear_window();
  bool heard_fin = false, heard_reset = false;

  // --- control ---
  [[nodiscard]] std::optional<Told> told();
  // The next message, which has to be of this kind.
  Told expect(MessageKind kind);
  void tell(MessageKind kind, std::string_view data = {}, uint8_t code = 0);
  struct Timers {
    uint32_t dpd = 0, keepalive = 0;
  };
  // Keys and all; returns what control is told.
  Told promote() { return promote(Timers{}); }
  Told promote(const Timers& timers);
  void put_promote(const Timers& timers);  // without looking at the answer
  crypto::record::KeyMaterial client_material, server_material;
  // The next keys of the server, which nothing has been sealed with. hear_records() takes them up
  // at the KeyUpdate that announces them.
  const crypto::record::KeyMaterial& next_server_material();

  // --- the worker ---
  void pump();
  void pass(Time duration, Time step = 100'000);  // virtual time with timers
  void down(const std::vector<std::string>& packets);
  [[nodiscard]] Tunnel& tunnel() { return tunnels[conn.slot]; }
  [[nodiscard]] uint64_t dropped(DropReason reason) const { return drops.get(reason); }
  std::vector<std::string> up;  // packets that came up

  tcp::test::Wire wire;
  tcp::test::Peer peer;
  ConnId conn;
  dp::Doorbell control_bell, worker_bell;
  dp::Mailbox mailbox;
  crypto::MbManager mb;
  dp::DropCounters drops;
  TunnelTable tunnels{16};
  std::vector<uint8_t> large_record;
  Context context;
  uint32_t sent = 0;   // by the client
  uint32_t acked = 0;  // of what the worker sent

 private:
  void on_event(const tcp::Event& event, OpenBurst& burst);
  void collect();
  bool collect_once();
  [[nodiscard]] std::vector<Heard> open_heard();
  static void take_up(void* self, dp::Batch& packets);
  [[nodiscard]] dp::BatchSink sink() { return {take_up, this, &batch_}; }

  crypto::record::Keys client_tx_, client_rx_;
  std::deque<crypto::record::KeyMaterial> announced_;
  uint8_t generations_ = 0;
  crypto::record::Overhead overhead_;
  dp::Batch batch_;
  std::string heard_;
};

// Takes every buffer of the pool, but `leave`, until it ends.
class EmptyPool {
 public:
  explicit EmptyPool(unsigned leave = 0);
  ~EmptyPool() { release(); }
  void release();

 private:
  std::vector<rte_mbuf*> held_;
};

// Records in the order in which they are written down: a list is evaluated from left to right, a
// sum need not be.
[[nodiscard]] inline std::string join(std::initializer_list<std::string> parts) {
  std::string out;
  for (const auto& p : parts)
    out += p;
  return out;
}

// A packet of which nothing says that it is not of the same flow as all others: it has no IP version.
[[nodiscard]] inline std::string one_flow(size_t size, size_t from = 0) {
  std::string packet = tcp::test::pattern(size, from);
  packet[0] = 0;
  return packet;
}

[[nodiscard]] std::string framed(PacketType type, std::string_view payload);

}  // namespace culvert::cstp::test
