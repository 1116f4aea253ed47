// Thousands of AnyConnect clients in one thread, on one queue pair of a DPDK port.
//
// Its owner calls poll() again and again and hands it the time. The members answer ARP and neighbour discovery for
// their addresses, speak TCP by dataplane/tcp, TLS by OpenSSL as far as CONNECT's answer, and from there on the
// headend's own record stages with the roles turned round: dataplane/cstp and dataplane/dtls.
//
// Packets come in poll() only. Neither it nor send() allocates, but for set-ups and events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <rte_mbuf.h>

#include "dataplane/packet/drop.hpp"
#include "dataplane/port/port.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "tools/crowd/crowd_config.hpp"
#include "tools/crowd/event.hpp"
#include "tools/crowd/member.hpp"
#include "tools/crowd/setup/tunnel_keys.hpp"

namespace culvert::crowd {

// Who logs in.
struct Credentials {
  std::string user;
  std::string password;
  // Of the session's reconnects as well:
  bool want_dtls = true;        // if CrowdConfig says so too
  uint32_t receive_buffer = 0;  // tcp::Endpoint::set_receive_buffer(); 0: as all have it
};

// One inner packet for a member's tunnel: IP header first, one buffer, headroom of kHeadroom and tailroom of
// kTailroom, a reference count of 1 (it is sealed in place).
inline constexpr uint32_t kHeadroom = 128;
inline constexpr uint32_t kTailroom = 64;
enum class Sent : uint8_t {
  taken,   // the crowd's now
  later,   // TLS: TCP takes no more at present. The packet stays the caller's, as with all below
  closed,  // the member has no such channel now
  unfit,   // no room in the buffer, more than one buffer, or larger than the channel's MTU
};
struct Outgoing {
  rte_mbuf* packet = nullptr;
  MemberId member = 0;
  Sent result = Sent::taken;  // out
};

// One inner packet that came down: IP header first. The receiver frees it.
struct Arrival {
  rte_mbuf* packet = nullptr;
  MemberId member = 0;
  Channel channel{};
};
// Gets them in bursts of 64 at most, from within poll(). Without one they are freed, and counted as unclaimed.
struct ArrivalSink {
  void (*take)(void* arg, std::span<const Arrival> arrivals) = nullptr;
  void* arg = nullptr;
};

// A tunnel that nobody logged in for: two crowds in one process are each the other's headend, to measure what a crowd
// costs by itself. Flows and keys as this end has them; the other end has them turned round.
struct Pairing {
  dp::Flow tls{}, dtls{};
  dp::InnerAddresses inner{};
  uint16_t tls_mtu = 0, dtls_mtu = 0;
  TunnelKeys tls_keys{};
  crypto::record::KeyMaterial dtls_transmit{}, dtls_receive{};  // without a suite: no DTLS
};

enum class Roam : uint8_t {
  // As behind a NAT that has forgotten it: DTLS goes on from another UDP port, TLS stays.
  port,
  // To another address: TLS and DTLS fall silent at the old one, and reconnect() comes from the next.
  address,
};

using StrangerId = uint32_t;

struct CrowdCounters {
  uint64_t log_ins = 0, reconnects = 0;  // that worked
  uint64_t key_updates = 0;
  uint64_t unclaimed = 0;  // arrivals that nobody took
  uint64_t silenced = 0;   // frames to and from members that have vanished
  uint64_t not_for_us =
      0;  // frames for other stations, and packets for addresses that are not ours
  uint32_t in_setup = 0, up = 0, dtls_up = 0;  // members, now
};

class Crowd {
 public:
  // `port` is configured and started; `queue` of it is the crowd's. Both outlive the crowd, as does the pool.
  // Throws std::runtime_error with a sentence.
  Crowd(const CrowdConfig& config, const dp::Port& port, uint16_t queue, rte_mempool* pool,
        Time now);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void on_arrivals(const ArrivalSink& sink) noexcept;

  // One turn: what has come is taken in, timers run, set-ups go on, what is to be sent is handed to the port. True if
  // there was something to do.
  bool poll(Time now);

  // Whether the headend's (or the gateway's) MAC address is known. log_in() may be called before: SYNs wait.
  [[nodiscard]] bool link_ready() const noexcept;

  // --- what members do. All return at once; events tell what came of it. False: not in a state for it. ---
  bool log_in(MemberId member, const Credentials& who, Time now);  // idle
  bool reconnect(MemberId member, Time now);                       // parted
  // idle. Both ends connect (RFC 9293 §3.5, simultaneous open): pair both before either is polled.
  bool pair(MemberId member, const Pairing& as, Time now);
  bool roam(MemberId member, Roam what, Time now);  // up; `port`: with DTLS up
  bool leave(MemberId member,
             Time now);  // up, parted: DISCONNECT, close_notify, FIN. The member is idle
  bool cut(
      MemberId member,
      Time now);  // up, setup: RST, DTLS silent. The member is parted, or idle without a cookie
  bool vanish(MemberId member, Time now);  // any but idle: not one frame more. The member is idle
  bool part_silently(MemberId member,
                     Time now);  // up: as vanish(), but the cookie is kept. The member is parted
  // What comes by TLS from now on is left in TCP, whose window closes. Until the tunnel ends.
  bool stop_reading(MemberId member);  // up
  bool read_once(MemberId member);     // up, does not read: reads what has come until now
  bool update_keys(MemberId member);   // up, with TLS 1.3: our own KeyUpdate (RFC 8446 §4.6.3)

  [[nodiscard]] MemberState state(MemberId member) const noexcept;
  [[nodiscard]] Membership membership(MemberId member) const noexcept;
  [[nodiscard]] Traffic traffic(MemberId member, Channel channel) const noexcept;

  // The next event, in the order in which they happened.
  [[nodiscard]] std::optional<Event> next_event();

  // --- inner packets ---
  // Of any members, in the order given. Returns how many were taken. They leave in poll(), if not before.
  uint32_t send(Channel channel, std::span<Outgoing> packets, Time now) noexcept;

  // --- strangers: bare TCP connections with bytes of one's own, for hostile and slow clients ---
  [[nodiscard]] std::optional<StrangerId> call(Time now);  // nullopt: as many are there as may be
  // Queues what there is room for, and returns how much that was.
  size_t say(StrangerId stranger, std::span<const uint8_t> bytes) noexcept;
  void hang_up(StrangerId stranger) noexcept;            // FIN
  void reset(StrangerId stranger, Time now) noexcept;    // RST
  void forsake(StrangerId stranger, Time now) noexcept;  // not one frame more
  // An IP packet from any address, checksums filled in: floods. Takes it. False, and dropped by name, while the MAC
  // address of the headend (or the gateway) is unknown. A full queue of the port shows in drops() only.
  bool transmit(rte_mbuf* ip_packet) noexcept;

  [[nodiscard]] CrowdCounters counters() const noexcept;
  [[nodiscard]] const tcp::EndpointCounters& tcp_counters() const noexcept;
  // Packets that were dropped here, by the names that the headend has for them.
  [[nodiscard]] const dp::DropCounters& drops() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace culvert::crowd
