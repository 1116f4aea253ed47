// What control and a worker say to each other. Typed messages in fixed-size buffers on
// single-producer single-consumer rings; a full ring never blocks anybody.
//
// For one connection the order of messages in each direction is the order in which they were put.
//
// TCP connections:
//
//   worker -> control                   control -> worker
//   opened    a TCP connection          want_record  pass on the next TLS record when it is whole
//   record    one whole TLS record      send         bytes for the stream: TLS records by OpenSSL
//   promoted  the worker seals, opens   promote      keys, sequence numbers: the tunnel begins
//   key_update  new keys are wanted     rekey        those keys; our own KeyUpdate goes out first
//   ended     it is gone; the totals    close        flush, then FIN (tunnel: goodbye first)
//                                       abort        RST
//                                       forget       control has dropped its side after `ended`
//
// Hand-over: `send` (the reply to CONNECT) and then `promote` travel in that order. If the
// connection dies meanwhile, the worker drops both and says `ended`.
//
// DTLS. A tunnel has two sides, each named by a ConnId of its own whose slot and generation control
// chooses: the receive side on the worker on which the client's datagrams land, the transmit side
// on the session's home. Slots are 0..DataplaneSpec::max_sessions-1 on each worker, counted apart
// for each side.
//
//   worker -> control                          control -> worker
//   datagram        a handshake datagram       send_datagram    one to `flow`
//   dtls_installed  the side `conn` works      install_dtls_tx  the side `conn` begins
//   dtls_up         the client is heard        install_dtls_rx
//   dtls_silent     nothing came for the DPD   remove_dtls      the side `conn` ends: send
//                   time                                        close_notify (transmit), wipe
//   dtls_moved      the client came from       route_dtls       datagrams of `flow` are for the
//                   `flow`, authentically; its                  receive side `conn` of another
//                   datagrams land on worker                    worker: pass them on;
//                   `landed`                                    conn.generation 0: no longer
//   dtls_path       path_mtu, largest_probe
//                   have changed
//   dtls_ended      the side `conn` works no   listen_dtls      flow.local, flow.local_port
//                   more: `reason`             unlisten_dtls
//   dtls_removed    the side `conn` is wiped;
//                   its totals. The slot is
//                   control's again
//
// Beside these, `oversized` from a session's home: packets for the client were too large for its
// tunnel. And to a worker `settings`, at the start and whenever they change.
//
// Order: control installs the transmit side, and once it is `dtls_installed` the receive side,
// before it sends the server's last flight where the handshake allows that. The receive side's
// first `dtls_up` lets control point the session's channel at the transmit side; `dtls_silent` asks
// for another channel, but both sides go on working, and `dtls_up` comes again with the client's
// next authentic record. Before it removes the transmit side, control points the channel elsewhere.
//
// `dtls_moved` whose `landed` is not the receive side's own worker: control answers with route_dtls
// to that worker. Until then the workers pass the datagrams round among themselves. A worker keeps
// max_sessions routes and forgets the oldest.
//
// `dtls_ended` reasons: receive: tls_alert (the client closed it; code = alert), client_disconnect
// (code, text), bad_record (keys refused); transmit: timed_out (sequence numbers used up),
// bad_record, key_worn_out (the side works until it is removed). Only remove_dtls frees the slot.
//
// Timers: the receive side's dpd_interval_s, the transmit side's keepalive_s. Idle timeouts are
// control's: data on either channel counts, and a worker sees only its own.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include <rte_ring.h>

#include "crypto/record/format.hpp"
#include "crypto/record/protection.hpp"
#include "dataplane/packet/address.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/session/doorbell.hpp"
#include "dataplane/session/session.hpp"

namespace culvert::dp {

enum class MessageKind : uint8_t {
  opened,
  record,
  promoted,
  key_update,
  ended,  // to control
  datagram,
  dtls_installed,
  dtls_up,
  dtls_silent,
  dtls_moved,
  dtls_path,
  dtls_ended,
  dtls_removed,
  oversized,  // to control
  want_record,
  send,
  promote,
  rekey,
  close,
  abort,
  forget,  // to a worker
  listen,
  unlisten,  // to a worker: flow.local, flow.local_port
  send_datagram,
  install_dtls_tx,
  install_dtls_rx,
  remove_dtls,
  route_dtls,
  listen_dtls,
  unlisten_dtls,  // to a worker
  settings,       // to a worker
};

// Which side of a DTLS tunnel a message is about.
enum class DtlsSide : uint8_t { receive, transmit };

// Which keys `key_update` wants. Bits of Message::code.
namespace wanted_keys {
inline constexpr uint8_t kReceive = 1;   // the client has changed to its next key
inline constexpr uint8_t kTransmit = 2;  // the client asked for it, or the key has sealed enough
inline constexpr uint8_t kTransmitAgain = 4;  // those of the `rekey` before could not be used yet
}  // namespace wanted_keys

enum class EndReason : uint8_t {
  none,
  peer_closed,  // FIN without a CSTP DISCONNECT
  peer_reset,
  timed_out,          // TCP gave up
  handshake_timeout,  // nothing whole came in time during set-up
  bad_record,         // TLS record garbage, wrong tag, alert
  tls_alert,          // the client sent a fatal alert or close_notify
  bad_framing,        // CSTP framing error
  client_disconnect,  // CSTP DISCONNECT; `text` holds the client's reason, code its first byte
  dpd_failure,
  key_update_flood,  // more KeyUpdates or renegotiations than any client has a reason for
  key_worn_out,      // TLS 1.2, DTLS: the key has sealed as much as it may
  closed_here,       // control asked for it
};
[[nodiscard]] std::string_view to_string(EndReason reason) noexcept;

// Totals of one tunnel. Written by its worker, read relaxed by control while it lives. The first line
// has what every packet counts, in either direction.
struct alignas(64) TunnelCounters {
  std::atomic<uint64_t> rx_packets{0}, rx_bytes{0};  // inner packets that came up, IP bytes
  std::atomic<uint64_t> tx_packets{0}, tx_bytes{0};  // inner packets that went down
  std::atomic<uint64_t> rx_records{0},
      tx_records{0};  // TLS records since the hand-over, of any type
  std::atomic<uint64_t> last_rx_us{0}, last_data_us{0};
  std::atomic<uint64_t> rx_dropped{0}, tx_dropped{0};
  std::atomic<uint64_t> tx_marked{0};  // TLS: inner packets marked as congested (ECN), not dropped
  std::atomic<uint64_t> key_updates{0};  // that came from the client
  std::atomic<uint16_t> path_mtu{
      0};  // TLS: bytes of the largest packet that TCP sends at this moment
};

struct Totals {  // a copy of the above
  uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0, rx_dropped = 0,
           tx_dropped = 0, rx_records = 0, tx_records = 0;
};
[[nodiscard]] inline Totals read_totals(const TunnelCounters& n) noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  return {n.rx_packets.load(kRelaxed), n.rx_bytes.load(kRelaxed),   n.tx_packets.load(kRelaxed),
          n.tx_bytes.load(kRelaxed),   n.rx_dropped.load(kRelaxed), n.tx_dropped.load(kRelaxed),
          n.rx_records.load(kRelaxed), n.tx_records.load(kRelaxed)};
}

struct Promotion {
  InnerAddresses
      inner;  // the session's, by value: control may retire the session before the worker
              // reads this
  crypto::record::KeyMaterial rx, tx;
  uint32_t dpd_interval_s;  // 0 = the gateway sends none
  uint32_t keepalive_s;     // 0 = none
};

struct DtlsInstall {
  InnerAddresses inner;              // receive: the only sources that may come up
  crypto::record::KeyMaterial keys;  // `sequence`: epoch in the top 16 bits (RFC 6347 §4.1)
  ConnId transmit;                   // receive: the tunnel's other side, for replies and moves
  uint32_t dpd_interval_s;           // receive: 0 = the gateway sends none
  uint32_t keepalive_s;              // transmit: 0 = none
};

// A packet that was too large for its tunnel (inner/oversized.hpp).
struct Oversized {
  uint32_t session = 0;  // its index
  IpAddress src{}, dst{};
  uint32_t size = 0;       // bytes; 0: no packet, only `untold`
  uint16_t threshold = 0;  // bytes that the tunnel takes
  uint8_t protocol = 0;    // the packet's, IANA's number
  bool answered = false;   // its sender gets an ICMP error
  uint32_t untold = 0;     // packets before this one that control was told nothing of
};

// What may change while a worker runs.
struct WorkerSettings {
  uint16_t tcpmss = 1380;       // `sysopt connection tcpmss`, 0 = no limit
  uint16_t tcpmss_minimum = 0;  // 0 = none
  bool answer_too_big = true;   // senders of packets too large for a tunnel are told
  // Interfaces, a bit each, on which clear packets for clients are refused (svc-spoof-detect). Until
  // the process ends: no later word takes a bit away.
  uint32_t guarded = 0;
  // 16-byte blocks that one key may seal where its cipher allows more (`debug key-limit`).
  uint64_t sealing_limit = std::numeric_limits<uint64_t>::max();

  friend bool operator==(const WorkerSettings&, const WorkerSettings&) = default;
};

struct Message {
  MessageKind kind;
  EndReason reason;  // ended
  uint8_t
      code;  // ended/client_disconnect: CSTP reason byte; close: CSTP type to send, 0 = only FIN;
             // key_update: wanted_keys
  ConnId conn;
  DtlsSide side;      // dtls_*, remove_dtls
  uint8_t landed;     // dtls_moved: the worker on which `flow` lands
  Flow flow;          // opened, (un)listen, datagrams, install_dtls_*, dtls_moved, route_dtls
  uint16_t peer_mss;  // opened: MSS option of the client's SYN
  bool timestamps;    // opened: its segments carry them (RFC 7323)
  uint16_t path_mtu;  // dtls_path: bytes of an outer packet, as routers say; 0 = none has
  uint16_t
      largest_probe;  // dtls_path: bytes of an inner packet, as the client measured; 0 = it has not
  uint64_t setup_bytes;  // promoted: of the stream, that control was given in all its `record`s
  const TunnelCounters*
      counters;   // promoted, dtls_installed: where the worker counts; valid while the dataplane
                  // lives
  Totals totals;  // ended, dtls_removed
  Promotion promotion;  // promote; rekey: the keys with a suite; wiped by the worker after use
  DtlsInstall dtls;     // install_dtls_*; wiped likewise
  Oversized oversized;
  WorkerSettings settings;
  uint32_t size;                             // bytes in data
  uint8_t data[crypto::record::kMaxRecord];  // record, send, datagrams; ended/close: reason text
};

// One direction: one thread writes, another reads. Messages go round: the writer takes a free one
// from one ring and puts it into the other; the reader takes it out and gives it back. Neither ever
// waits for the other, however long that one is off its core.
class Lane {
 public:
  // Throws std::runtime_error.
  Lane(const std::string& name, unsigned messages, Doorbell& reader);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Writer. nullptr when all are under way: try again later.
  [[nodiscard]] Message* allocate() noexcept;
  void put(Message* message) noexcept;  // there is always room for what could be allocated
  // Writer: how many allocate() would give now, at least.
  [[nodiscard]] unsigned available() const noexcept { return rte_ring_count(free_.get()); }

  // Reader.
  [[nodiscard]] Message* take() noexcept;  // nullptr: none
  void free(Message* message) noexcept;    // wipes key material
  [[nodiscard]] bool empty() const noexcept { return rte_ring_empty(full_.get()) != 0; }

  [[nodiscard]] bool holds(const Message* message) const noexcept {
    return message >= messages_.get() && message < messages_.get() + count_;
  }
  // Messages that are not free. Exact only while both threads stand still.
  [[nodiscard]] unsigned in_use() const noexcept { return count_ - rte_ring_count(free_.get()); }

 private:
  struct Free {
    void operator()(rte_ring* r) const noexcept { rte_ring_free(r); }
  };
  static std::unique_ptr<rte_ring, Free> make_ring(const std::string& name, unsigned size);

  const unsigned count_;
  std::unique_ptr<Message[]> messages_;
  std::unique_ptr<rte_ring, Free> full_;  // writer to reader
  std::unique_ptr<rte_ring, Free> free_;  // reader to writer
  Doorbell& reader_;
};

// Both directions between control and one worker. Whoever puts a message rings the reader's
// doorbell.
class Mailbox {
 public:
  // `messages`: how many there are for each direction. Throws std::runtime_error.
  Mailbox(unsigned worker, unsigned messages, Doorbell& control_bell, Doorbell& worker_bell);

  // Worker's end.
  [[nodiscard]] Message* allocate_for_control() noexcept { return up_.allocate(); }
  [[nodiscard]] unsigned available_for_control() const noexcept { return up_.available(); }
  void to_control(Message* message) noexcept { up_.put(message); }
  [[nodiscard]] Message* from_control() noexcept { return down_.take(); }
  [[nodiscard]] bool worker_ring_empty() const noexcept { return down_.empty(); }
  // Control's end.
  [[nodiscard]] Message* allocate_for_worker() noexcept { return down_.allocate(); }
  void to_worker(Message* message) noexcept { down_.put(message); }
  [[nodiscard]] Message* from_worker() noexcept { return up_.take(); }
  [[nodiscard]] bool control_ring_empty() const noexcept { return up_.empty(); }
  // Either end: a message that was read.
  void free(Message* message) noexcept { (up_.holds(message) ? up_ : down_).free(message); }

  [[nodiscard]] unsigned in_use() const noexcept { return up_.in_use() + down_.in_use(); }

 private:
  Lane up_;    // to control
  Lane down_;  // to the worker
};

}  // namespace culvert::dp
