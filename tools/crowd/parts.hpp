// What a crowd is made of. crowd.cpp has the loop, and a file each has what members do: connecting.cpp (from a SYN to
// the tunnel), pairing.cpp (the same between two crowds), tunnelling.cpp (what the stages say of tunnels),
// datagrams.cpp (DTLS), parting.cpp (ways to end), strangers.cpp.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "crypto/record/format.hpp"
#include "crypto/secret.hpp"
#include "dataplane/cstp/input.hpp"
#include "dataplane/dtls/datagram.hpp"
#include "dataplane/tcp/source_ports.hpp"
#include "tools/crowd/address_book.hpp"
#include "tools/crowd/crowd.hpp"
#include "tools/crowd/dtls_retry.hpp"
#include "tools/crowd/setup/dtls_handshake.hpp"
#include "tools/crowd/setup/log_in.hpp"
#include "tools/crowd/stages.hpp"
#include "tools/crowd/wire.hpp"

namespace culvert::crowd {

// The secrets behind a TLS 1.3 tunnel's present keys; a KeyUpdate needs them.
struct TrafficSecrets {
  const crypto::Suite* suite = nullptr;
  crypto::Secret<48> rx, tx;
};

// What each packet of a member's looks at comes first, in one line of the cache.
struct alignas(64) Member {
  MemberState state = MemberState::idle;
  bool queued = false;       // in Parts::steps
  bool waits = false;        // in Parts::waiting_for_link
  bool peer_closed = false;  // FIN during the set-up
  bool dtls_up = false;
  bool dtls_installed = false;
  bool leaves_unread = false;
  uint16_t tls_mtu = 0, dtls_mtu = 0;  // of the grant
  dp::ConnId conn;                     // generation 0: none
  Time began = 0;                      // of the present set-up
  Time deadline = 0;                   // of the set-up
  std::unique_ptr<Credentials> who;    // of log_in(), until its TCP connection is open
  std::unique_ptr<LogIn> log_in;
  std::unique_ptr<Pairing> pairing;  // of pair(), until its TCP connection is open
  bool want_dtls = true;
  uint32_t receive_buffer = 0;
  Cookie cookie;
  Grant grant;
  std::string_view tls_suite, dtls_suite;
  TrafficSecrets secrets;
  Traffic before[2];  // of tunnels that are gone, by channel
  // DTLS
  std::unique_ptr<DtlsHandshake> handshake;
  dp::Flow datagrams;
  uint32_t dtls_generation = 0;
  uint32_t dtls_tries = 0;  // of this connection
  Time dtls_began = 0;
  Time dtls_deadline = 0;
  Time dtls_again = dp::kNever;  // the next try
  Time dtls_asked = 0;           // a DPD request, so that the headend hears of the tunnel
};

[[nodiscard]] Why why_of(tcp::CloseReason reason) noexcept;
void add(Traffic& traffic, const dp::TunnelCounters& n) noexcept;

struct Stranger {
  dp::ConnId conn;
  bool used = false;
};

struct Crowd::Parts {
  Parts(const CrowdConfig& wanted, const dp::Port& port, uint16_t queue, rte_mempool* pool,
        Time at);
  ~Parts();

  // --- crowd.cpp ---
  bool poll(Time at);
  void tcp_events(cstp::OpenBurst& burst);
  void take_path_reports();
  void arrived(dp::Batch& packets, Channel channel);
  void sweep_members();
  void tell(Event event);

  // --- connecting.cpp ---
  [[nodiscard]] std::optional<dp::Flow> next_flow();
  bool begin(MemberId id, const Credentials* who);
  [[nodiscard]] bool connect(MemberId id);
  void limit_receiving(const Member& m) noexcept;
  void member_event(MemberId id, const tcp::Event& event);
  void want_step(MemberId id);
  bool run_steps();
  void step(MemberId id);
  void begin_log_in(Member& m);
  bool take_record(MemberId id);
  bool flush_log_in(MemberId id);
  void establish(MemberId id);
  [[nodiscard]] bool promote(MemberId id, const TunnelKeys& keys);
  void refuse(MemberId id, Why why, uint16_t status = 0, std::string text = {});

  // --- pairing.cpp ---
  bool pair(MemberId id, const Pairing& as);
  void establish_pair(MemberId id);

  // --- tunnelling.cpp ---
  void take_messages();
  void take_message(const dp::Message& message);
  void new_keys(const dp::Message& message);
  void tunnel_ended(const dp::Message& message);
  uint32_t seal_tls(std::span<Outgoing> packets);
  uint32_t seal_dtls(std::span<Outgoing> packets);

  // --- datagrams.cpp ---
  void take_datagrams();
  [[nodiscard]] std::optional<dp::Flow> datagram_flow(const dp::IpAddress& local,
                                                      uint16_t remote_port);
  void begin_dtls(MemberId id);
  void to_handshake(MemberId id, std::span<const uint8_t> records);
  void run_handshake(MemberId id);
  void install_dtls(MemberId id, const control::DtlsKeys& keys);
  void ask_dtls(Member& m, MemberId id);
  void dtls_heard(MemberId id, uint32_t generation);
  void dtls_failed(MemberId id, Why why, std::string text = {});
  void sweep_dtls(MemberId id);

  // --- parting.cpp ---
  enum class LetGo : uint8_t {
    gone,  // the connection is closed already
    with_goodbye,
    by_reset,
    silently,
  };
  enum class Farewell : uint8_t { close_notify, silent };
  void say(const dp::ConnId& conn, dp::MessageKind kind, uint8_t code = 0,
           std::span<const uint8_t> data = {});
  void let_go(Member& m, LetGo how);
  void part(MemberId id, bool keep_cookie, Why why, std::string text = {});
  void set_state(Member& m, MemberState state);
  void end_dtls(MemberId id, Farewell farewell);
  bool end(MemberId id, LetGo how, bool keep_cookie);
  bool roam(MemberId id, Roam what);

  // --- strangers.cpp ---
  void stranger_event(StrangerId id, const tcp::Event& event);
  void forget_stranger(Stranger& s, StrangerId id);

  const CrowdConfig config;
  AddressBook addresses;
  dp::DropCounters drops;
  Wire wire;
  dp::Batch out;  // IP packets on their way to the wire
  dp::Batch tls_up, dtls_up;
  Stages stages;
  ClientContext context;
  tcp::SourcePorts source_ports;
  uint16_t next_udp_port;
  DtlsRetry dtls_retry;
  std::vector<Member> members;
  std::vector<Stranger> strangers;
  std::vector<uint32_t> free_strangers;
  // By TCP slot: a member, kStranger and the stranger, or kNobody: a connection that nobody waits for any more.
  static constexpr uint32_t kNobody = ~0u;
  static constexpr uint32_t kStranger = 1u << 31;
  std::vector<uint32_t> owner;
  std::deque<MemberId> steps;  // set-ups that can go on
  std::vector<MemberId> waiting_for_link;
  // Flows of DTLS handshakes: local address and port.
  struct Place {
    dp::IpAddress address;
    uint16_t port;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& p) const noexcept;
  };
  std::unordered_map<Place, MemberId, PlaceHash> handshakes;
  std::deque<Event> events;
  ArrivalSink sink;
  CrowdCounters counters;
  std::vector<uint8_t> record;     // one of the set-up
  bool any_leaves_unread = false;  // ever
  uint32_t swept = 0;              // members, round and round
  Time last_sweep = 0;
  Time now;
};

}  // namespace culvert::crowd
