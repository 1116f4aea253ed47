// One worker's TCP: RFC 9293 for many connections, over bursts of segments.
//
// It knows nothing of TLS, of ports or of clocks: segments come in as packet buffers, leave through
// a batch sink, and the time is a parameter. Everything about a connection belongs to the worker
// that owns the endpoint.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include <rte_mempool.h>

#include "dataplane/ip/path_report.hpp"
#include "dataplane/packet/address.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::tcp {

// Microseconds since an arbitrary start, monotonic.
using Time = uint64_t;

enum class CongestionAlgorithm : uint8_t {
  cubic,    // RFC 9438
  newreno,  // RFC 5681, RFC 6582: to compare with
};

struct EndpointConfig {
  uint8_t worker = 0;
  uint32_t max_connections = 4096;  // slots of this worker
  // Of them still in SYN-RECEIVED, at most: at least one, no more than a quarter of the slots. While it is
  // full, SYNs are answered with cookies (syn_cookies.hpp), which take no slot before the third segment.
  uint32_t syn_backlog = 1024;
  uint16_t interface_mtu = 1500;  // bounds what we send: MSS <= mtu - 40 (IPv4) / - 60 (IPv6)
  uint16_t tcpmss_max = 1380;     // `sysopt connection tcpmss`; 0 = no limit
  // `sysopt connection tcpmss minimum`: a smaller MSS that a peer announces counts as this; 0 = none.
  uint16_t tcpmss_min = 0;
  uint32_t receive_buffer =
      512 * 1024;  // bytes of unread + out-of-order data a connection may hold
  // The same of one that came in, until set_receive_buffer() gives it more: who has shown nothing yet gets
  // less. 0: receive_buffer.
  uint32_t first_receive_buffer = 0;
  // Bytes of unacknowledged + unsent data: what a path of 300 Mbit/s and 100 ms has on its way. Of
  // scarce buffers set_send_limit() gives less.
  uint32_t send_buffer = 4 * 1024 * 1024;
  Time keepalive_idle = 7'200'000'000;  // RFC 9293 §3.8.4 default two hours
  Time keepalive_interval = 75'000'000;
  uint8_t keepalive_probes = 9;
  Time time_wait = 60'000'000;      // 2 MSL; also how long a released connection may take to close
  Time delayed_ack = 40'000;        // at most; RFC 9293 §3.8.6.3 says < 0.5 s
  uint8_t max_retransmits = 15;     // R2 (RFC 9293 §3.8.3)
  uint8_t max_syn_retransmits = 5;  // of a SYN-ACK
  // Of a SYN: given up after 183 s (RFC 9293 §3.8.3 MUST-23: at least three minutes).
  uint8_t max_connect_retransmits = 7;
  CongestionAlgorithm congestion = CongestionAlgorithm::cubic;
  bool pacing = true;  // spreads a window over the round trip instead of sending it in bursts
  // Records of what was sent when, for all connections: a burst takes one, each hole in what has
  // arrived two. 0: two for each slot and at least 8192. Too few cost precision in finding losses, no byte.
  uint32_t sent_ranges = 0;
  // Pieces of data beyond a gap, of all connections; each has 256 at most. 0: one for each slot. One piece
  // more than there is room for is dropped, and comes again.
  uint32_t receive_runs = 0;
  uint64_t isn_key[2] = {0, 0};  // RFC 6528: from the system's random numbers, at start
  rte_mempool* pool = nullptr;   // for segments sent; data room >= interface_mtu + headroom
};

// Why a connection is gone, for counters and logs.
enum class CloseReason : uint8_t {
  none,
  finished,  // both sides sent FIN, all acknowledged
  peer_reset,
  local_abort,
  timed_out,  // retransmissions (of a SYN, too) or keepalives unanswered
  handshake_failed,
  refused,  // by a reset, before it was open
};

enum class State : uint8_t {
  closed,
  listen,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

// What happened to a connection since it was last taken from Endpoint::next_event(). Bits.
namespace event {
inline constexpr uint8_t kOpened = 1;      // reached established
inline constexpr uint8_t kReadable = 2;    // in-order bytes arrived
inline constexpr uint8_t kWritable = 4;    // send_room() grew after send() had been refused
inline constexpr uint8_t kPeerClosed = 8;  // the peer's FIN was reached in the stream
inline constexpr uint8_t kClosed = 16;     // gone; the slot is kept until release()
inline constexpr uint8_t kRoom = 32;       // wanted_bytes() is no longer 0; after want_room() only
}  // namespace event

struct Event {
  dp::ConnId conn;
  uint8_t bits = 0;
};

struct EndpointCounters {  // monotonic, written by the worker, read relaxed
  std::atomic<uint64_t> segments_in, segments_out, bytes_in, bytes_out;
  std::atomic<uint64_t> cookies_sent, cookies_accepted;  // SYN cookies
  std::atomic<uint64_t> accepted, connects, established, closed, resets_in, resets_out;
  std::atomic<uint64_t> retransmits, fast_retransmits, timeouts, out_of_order, duplicate_acks;
  std::atomic<uint64_t> tail_probes;  // RFC 8985 §7
  std::atomic<uint64_t> undone;       // recoveries that turned out to be needless
  std::atomic<uint64_t> dsacks_in;    // RFC 2883: the peer got something twice
  std::atomic<uint64_t> connections;  // gauge: slots in use
};

// Takes finished segments (IP header first, checksums filled or marked for offload). Owns them
// afterwards. A plain struct of function and argument rather than a virtual: called once per burst,
// not per packet.
struct SegmentSink {
  void (*flush)(void* arg, dp::Batch& segments);  // empties the batch
  void* arg;
};

inline constexpr uint32_t kMaxTsoBuffers = 64;

struct Offload {
  bool ip_checksum = false;    // the port fills IPv4 header checksums
  bool tcp_checksum = false;   // the port fills TCP checksums (pseudo-header sum prepared)
  bool multi_segment = false;  // the port takes chained buffers: payload is attached, not copied
  uint32_t tso_bytes = 0;      // payload of a super-segment that the port cuts; 0 = it cuts none
  uint32_t tso_buffers = 0;    // buffers that may be chained for one, the headers' included
};

// How packets come: `behind` if there are probably more than could be taken in one burst.
enum class Inflow : uint8_t { in_time, behind };

class Machine;  // dataplane/tcp/machine.hpp

class Endpoint {
 public:
  // Allocates everything that it will ever need. Throws std::runtime_error if it cannot.
  Endpoint(const EndpointConfig& config, const Offload& offload, dp::DropCounters& drops,
           SegmentSink out);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Accept connections to this address and port. False when the (small) listener table is full.
  bool listen(const dp::IpAddress& address, uint16_t port) noexcept;
  void unlisten(const dp::IpAddress& address, uint16_t port) noexcept;
  [[nodiscard]] bool listens(const dp::IpAddress& address, uint16_t port) const noexcept;
  // EndpointConfig::tcpmss_max and tcpmss_min, for connections from now on.
  void set_mss_limits(uint16_t most, uint16_t least) noexcept;

  // Sends a SYN (RFC 9293 §3.10.1, active OPEN) and returns the connection: kOpened or kClosed follows,
  // the latter with CloseReason refused or timed_out. `flow.local` may be any address whose segments
  // the caller passes to input(). {generation 0} if the flow is in use, in TIME-WAIT too, if a port is 0, or
  // if there is no slot. source_ports.hpp chooses ports. Before kOpened nothing can be sent; shutdown(),
  // abort() and release() end the attempt.
  [[nodiscard]] dp::ConnId connect(const dp::Flow& flow, Time now) noexcept;
  // True as long as the flow cannot be used for another connection.
  [[nodiscard]] bool knows(const dp::Flow& flow) const noexcept;

  // Segments to this box: IP header first, IP header already validated (length, checksum, not a
  // fragment), meta.l3_size and meta.family set, pkt_len trimmed to the IP total length. Takes
  // ownership. Checks the TCP checksum unless the buffer says that the port did. While packets come faster than
  // they are read, only every second stranger gets a SYN cookie (else cv-syn-shed) or a reset (else
  // cv-tcp-reset-limit), so that those who are connected are read in time.
  void input(std::span<rte_mbuf*> segments, Time now, Inflow inflow = Inflow::in_time) noexcept;
  // A router's word that a segment did not fit: from then on that connection sends smaller ones, and
  // what was on its way at once again. Returns DropReason::count_ if the report was heeded, else why
  // not: icmp_no_flow, icmp_other_packet (RFC 5927 §7: not the number of a byte that is on its way),
  // icmp_mtu_ignored.
  [[nodiscard]] dp::DropReason path_report(const dp::PathReport& report, Time now) noexcept;
  // Expired timers, pending ACKs (one decision per burst), queued data. Once per loop; then flushes
  // the sink.
  void poll(Time now) noexcept;
  // When poll() next has something to do; ~0 for never.
  [[nodiscard]] Time next_deadline() const noexcept;

  // The next connection that something happened to, or {generation 0}. Clears its bits.
  [[nodiscard]] Event next_event() noexcept;
  // Whether there may be one: poll() makes some, too.
  [[nodiscard]] bool has_events() const noexcept;

  // While packet buffers are scarce no queue takes more than one whole record's worth of them, so
  // that those who neither read nor finish their records cannot starve the others.
  void set_pressure(bool pressed) noexcept;
  // What the buffers of one send queue may cost before send_room() is 0: bytes of memory, at least one
  // whole record's worth. None at first.
  void set_send_limit(uint32_t cost) noexcept;
  // Both, by what is left of the pool: pressure when that is less than a reserve of a quarter; and a connection may
  // have a quarter of what is left above the reserve on its way. One alone has a fifth of that, n of them n/(n+4)
  // together, so that each new one finds as much as those before it have. Counting looks into the other lcores'
  // caches: not for each loop.
  void share_buffers() noexcept;

  // Fetches a connection into the cache, if there is such a slot.
  void prefetch(dp::ConnId conn) const noexcept;

  // Everything below: `conn` must name a live slot (checked; a stale id gets the neutral answer).
  [[nodiscard]] bool alive(dp::ConnId conn) const noexcept;
  [[nodiscard]] const dp::Flow& flow(dp::ConnId conn) const noexcept;
  [[nodiscard]] State state(dp::ConnId conn) const noexcept;
  [[nodiscard]] CloseReason close_reason(dp::ConnId conn) const noexcept;
  [[nodiscard]] uint16_t send_mss(
      dp::ConnId conn) const noexcept;  // payload bytes per segment, options deducted
  [[nodiscard]] uint16_t peer_mss(
      dp::ConnId conn) const noexcept;  // the SYN's MSS option, 536/1220 if absent
  [[nodiscard]] bool timestamps(dp::ConnId conn) const noexcept;  // in use (RFC 7323)
  [[nodiscard]] uint16_t path_mtu(
      dp::ConnId conn) const noexcept;  // bytes of the largest packet that is sent at this moment

  // --- receive stream: in-order bytes, held in packet buffers until consumed ---
  [[nodiscard]] uint32_t readable(dp::ConnId conn) const noexcept;  // bytes
  // Copies up to `size` bytes from the stream position `offset` without consuming; returns bytes
  // copied.
  uint32_t peek(dp::ConnId conn, uint32_t offset, void* to, uint32_t size) const noexcept;
  // The contiguous bytes at the front (0-size if none).
  [[nodiscard]] std::span<uint8_t> front(dp::ConnId conn) noexcept;
  // Where the stream's bytes [offset, offset + size) lie, if one buffer holds them all; nullptr
  // otherwise.
  [[nodiscard]] const uint8_t* contiguous(dp::ConnId conn, uint32_t offset,
                                          uint32_t size) const noexcept;
  // Drops `size` <= readable() bytes from the front; opens the window (ACK by the SWS rule).
  void consume(dp::ConnId conn, uint32_t size) noexcept;
  // Bytes of unread and out-of-order data that it may hold from now on: 1 to EndpointConfig::receive_buffer. The peer
  // is told of more; less takes nothing back, for what was announced stays good (RFC 9293 §3.8.6.2.1).
  void set_receive_buffer(dp::ConnId conn, uint32_t bytes) noexcept;
  // If the front buffer holds exactly `size` readable bytes: takes the buffer out of the stream
  // (consumed) and returns it, data pointing at those bytes; nullptr otherwise. This is the
  // zero-copy way for one record per segment.
  [[nodiscard]] rte_mbuf* take_front(dp::ConnId conn, uint32_t size) noexcept;
  // Puts back what take_front() gave, unchanged and with nothing consumed in between; several in
  // the opposite order. False, and the buffer stays the caller's, if the connection is gone.
  [[nodiscard]] bool put_front(dp::ConnId conn, rte_mbuf* m) noexcept;

  // --- send stream ---
  [[nodiscard]] uint32_t send_room(dp::ConnId conn) const noexcept;  // bytes
  // What send() takes: by bytes alone, however scarce buffers are and whatever they cost.
  [[nodiscard]] uint32_t byte_room(dp::ConnId conn) const noexcept;
  // How many bytes the connection could make use of now: as many as both windows let out, and one
  // segment in reserve, less what is queued and has not been sent. Who gives no more than this (a
  // record may exceed it) decides late what is sent, and TCP still never waits. 0: wait for kRoom.
  [[nodiscard]] uint32_t wanted_bytes(dp::ConnId conn) const noexcept;
  // Posts kRoom, once, as soon as wanted_bytes() is no longer 0: in the input() or poll() that brought
  // it about.
  void want_room(dp::ConnId conn) noexcept;
  [[nodiscard]] bool may_send(dp::ConnId conn) const noexcept;  // neither end has closed this half
  [[nodiscard]] uint32_t unsent(dp::ConnId conn) const noexcept;  // bytes queued and not yet sent
  [[nodiscard]] Time round_trip(dp::ConnId conn) const noexcept;  // smoothed; 0: not measured yet
  // Queues the payload of `m` (single buffer; nothing but payload). Takes it if true; false: no
  // room or not open for sending, the buffer stays the caller's. Sent by poll().
  [[nodiscard]] bool send(dp::ConnId conn, rte_mbuf* m) noexcept;
  // Copies bytes into buffers of the pool and queues them; all or nothing.
  [[nodiscard]] bool send_copy(dp::ConnId conn, std::span<const uint8_t> bytes) noexcept;

  void shutdown(dp::ConnId conn) noexcept;         // FIN after what is queued
  void abort(dp::ConnId conn, Time now) noexcept;  // RST; kClosed follows
  // After this the upper layer has forgotten the connection; unread data is dropped by name, TCP
  // finishes by itself (TIME-WAIT and so on). What was queued is still sent, but after time_wait, or
  // when a new connection needs the slot, the peer gets RST. Data that still comes is thrown away,
  // and once the peer has had all and a second to read it, answered with RST (RFC 2525 §2.17).
  // Always call it once.
  void release(dp::ConnId conn) noexcept;
  void set_keepalive(dp::ConnId conn, Time idle, Time interval, uint8_t probes) noexcept;

  [[nodiscard]] const EndpointCounters& counters() const noexcept;
  [[nodiscard]] uint32_t buffers_held()
      const noexcept;  // packet buffers in all queues, for the leak test
  [[nodiscard]] uint32_t worker() const noexcept;
  // Bytes of memory for each slot: state, its share of the tables and pools, no packet buffers.
  [[nodiscard]] uint32_t bytes_per_connection() const noexcept;

 private:
  std::unique_ptr<Machine> machine_;
};

}  // namespace culvert::tcp
