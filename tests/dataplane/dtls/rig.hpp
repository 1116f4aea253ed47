// DTLS stages of several workers, their control and their clients, played by a test: real records,
// the mesh as a queue, virtual time. Whatever a test does, at its end no buffer, message or slot may
// be held.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/cstp/frame.hpp"
#include "dataplane/dtls/input.hpp"
#include "dataplane/dtls/messages.hpp"
#include "dataplane/dtls/output.hpp"
#include "dataplane/dtls/roaming.hpp"
#include "dataplane/dtls/timers.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dtls::test {

using crypto::record::ContentType;
using cstp::PacketType;
using dp::DropReason;
using dp::DtlsSide;
using dp::MessageKind;

inline constexpr uint64_t kFirst = 0x0001'0000'0000'0100;  // of the gateway's records
inline constexpr uint16_t kPort = 443;

struct Told {  // a message that reached control
  MessageKind kind{};
  DtlsSide side{};
  EndReason reason{};
  uint8_t code = 0, landed = 0;
  ConnId conn;
  dp::Flow flow;
  const dp::TunnelCounters* counters = nullptr;
  dp::Totals totals;
  std::string data;
  uint16_t path_mtu = 0, largest_probe = 0;
};

struct Heard {    // a record that reached a client
  dp::Flow flow;  // as the gateway sees it
  ContentType type{};
  uint64_t sequence = 0;
  std::string plaintext;
};

// One client with both ends of its keys.
struct Client {
  dp::Flow flow;  // as the gateway sees it
  uint8_t worker = 0, home = 0;
  ConnId rx, tx;
  crypto::record::KeyMaterial up, down;
  crypto::record::Keys sealing, opening;
  dp::IpAddress inner;
};

struct Timers {
  uint32_t dpd = 0, keepalive = 0;
};

class Rig {
 public:
  explicit Rig(unsigned workers = 1, uint32_t slots = 8, unsigned messages = 32,
               uint32_t buffers = 2047);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // --- control ---
  // A client in `slot` of both tables, not installed yet.
  std::unique_ptr<Client> client(uint32_t slot, uint8_t worker = 0, uint8_t home = 0,
                                 const crypto::Suite* suite = nullptr,
                                 bool encrypt_then_mac = false);
  void install(Client& client, const Timers& timers = {});
  void install_side(Client& client, DtlsSide side, const Timers& timers = {});
  void remove(const Client& client);  // and looks at the answers
  void tell(unsigned worker, MessageKind kind, auto&& fill) {
    dp::Message* m = mailboxes[worker]->allocate_for_worker();
    ASSERT_NE(m, nullptr);
    m->kind = kind;
    fill(*m);
    mailboxes[worker]->to_worker(m);
    pump();
  }
  std::optional<Told> told(unsigned worker = 0);
  Told expect(MessageKind kind, unsigned worker = 0);

  // --- clients ---
  [[nodiscard]] static std::string record(Client& client, ContentType type,
                                          std::string_view plaintext);
  [[nodiscard]] static std::string packet(Client& client, PacketType type,
                                          std::string_view payload = {});
  // A datagram lands on a worker, and is dealt with.
  void land(unsigned worker, const dp::Flow& flow, std::string_view payload,
            Steering steering = Steering::by_port);
  void land(const Client& client, std::string_view payload) {
    land(client.worker, client.flow, payload);
  }
  // Several in one burst.
  void land_burst(unsigned worker, const dp::Flow& flow, const std::vector<std::string>& payloads);
  // What has been sent to this client since the last time, opened.
  [[nodiscard]] std::vector<Heard> hear(Client& client);

  // --- workers ---
  void pump();  // messages, the mesh, debts
  void pass(Time duration, Time step = 50'000);
  void down(const Client& client, const std::vector<std::string>& packets);
  [[nodiscard]] uint64_t dropped(DropReason reason) const;
  [[nodiscard]] dp::test::Bytes udp_packet(const dp::Flow& flow, std::string_view payload) const;

  static constexpr unsigned kMaxWorkers = 4;
  dp::test::Pool pool;
  Time now = 1000 * dp::kSecond;
  unsigned workers;
  struct Worker;
  std::vector<std::unique_ptr<dp::Mailbox>> mailboxes;
  std::vector<std::unique_ptr<Worker>> w;
  std::vector<std::string> up;              // packets that came up, in their order
  std::vector<dp::InnerAddresses> up_from;  // whose
  std::array<const TransmitTable*, kMaxWorkers> homes{};
  uint64_t handed_over = 0;
  bool lose_handoffs = false;  // as if the rings were full
};

struct Rig::Worker {
  Worker(Rig& rig, uint8_t index, uint32_t slots);
  Rig& rig;
  uint8_t index;
  crypto::MbManager mb;
  dp::DropCounters drops;
  ReceiveTable receive;
  TransmitTable transmit;
  std::vector<uint8_t> scratch;
  dp::Batch up, replies, handoff, out;
  std::deque<rte_mbuf*> mesh;  // from the others
  std::deque<rte_mbuf*> sent;
  Context context;
};

[[nodiscard]] dp::Flow flow_from(uint32_t address, uint16_t port);

}  // namespace culvert::dtls::test
