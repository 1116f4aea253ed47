// The endpoint's inside: connections in slots, and the steps of RFC 9293 §3.10 over them, one file
// each.
//
//   machine.cpp     slots, events, the way a connection ends
//   listen.cpp      SYN, SYN-RECEIVED, no connection
//   connect.cpp     SYN-SENT
//   flood.cpp       SYNs while the backlog is full
//   input_fast.cpp  open connection, expected segment
//   input_slow.cpp  every other segment
//   ack.cpp         what an ACK says of what was sent
//   recovery.cpp    what is lost, and what that means for the congestion window
//   tail_probe.cpp  looking after the last segment before the timeout has to
//   output.cpp      which segments leave
//   build.cpp       how a segment is laid out
//   timers.cpp      what time does
//   path_mtu.cpp    how large a segment the path takes
//   send_room.cpp   how much the layer above may hand over
#pragma once

#include <algorithm>
#include <array>
#include <memory>

#include "dataplane/packet/counter.hpp"
#include "dataplane/port/interface.hpp"
#include "dataplane/tcp/age_list.hpp"
#include "dataplane/tcp/connection.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/flow_table.hpp"
#include "dataplane/tcp/isn.hpp"
#include "dataplane/tcp/reset_limit.hpp"
#include "dataplane/tcp/segment.hpp"
#include "dataplane/tcp/syn_cookies.hpp"
#include "dataplane/tcp/timer_wheel.hpp"

namespace culvert::tcp {

class Machine {
 public:
  Machine(const EndpointConfig& config, const Offload& offload, dp::DropCounters& drops,
          SegmentSink out);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // listen.cpp
  bool listen(const dp::IpAddress& address, uint16_t port) noexcept;
  void unlisten(const dp::IpAddress& address, uint16_t port) noexcept;
  [[nodiscard]] bool listens(const dp::IpAddress& address, uint16_t port) const noexcept;

  // connect.cpp
  [[nodiscard]] dp::ConnId connect(const dp::Flow& flow, Time now) noexcept;
  [[nodiscard]] bool knows(const dp::Flow& flow) const noexcept {
    return lookup(flow, table_.hash(flow)) != nullptr;
  }

  // machine.cpp
  void input(std::span<rte_mbuf*> segments, Time now, Inflow inflow) noexcept;
  // Fetches a slot into the cache, for whoever will soon ask about it.
  void prefetch(uint32_t slot) const noexcept {
    const auto* lines = reinterpret_cast<const char*>(&connections_[slot]);
    for (size_t at = 0; at < sizeof(Connection); at += 64)
      __builtin_prefetch(lines + at);
  }
  void poll(Time now) noexcept;
  [[nodiscard]] Time next_deadline() const noexcept;
  [[nodiscard]] Event next_event() noexcept;
  [[nodiscard]] bool has_events() const noexcept { return events_ != nullptr; }
  // Null for a stale id.
  [[nodiscard]] Connection* find(dp::ConnId id) noexcept {
    if (id.slot >= config_.max_connections || id.worker != config_.worker) return nullptr;
    Connection& c = connections_[id.slot];
    return c.in_use && c.upper_knows && c.generation == id.generation ? &c : nullptr;
  }
  void shutdown(Connection& c) noexcept;
  void abort(Connection& c, Time now) noexcept;
  void release(Connection& c) noexcept;
  void set_keepalive(Connection& c, Time idle, Time interval, uint8_t probes) noexcept;
  [[nodiscard]] uint32_t buffers_held() const noexcept { return held_ + batch_.size(); }

  // output.cpp
  void consumed(Connection& c) noexcept;
  void set_receive_buffer(Connection& c, uint32_t bytes) noexcept;
  void put_back(Connection& c) noexcept { recount(c); }
  [[nodiscard]] bool send(Connection& c, rte_mbuf* m) noexcept;
  [[nodiscard]] bool send_copy(Connection& c, std::span<const uint8_t> bytes) noexcept;
  [[nodiscard]] static uint32_t payload_limit(const Connection& c) noexcept;
  // `reported`: what sack_report() has given for it.
  [[nodiscard]] static uint32_t payload_limit(const Connection& c, uint32_t reported) noexcept;

  // path_mtu.cpp
  [[nodiscard]] dp::DropReason path_report(const dp::PathReport& report, Time now) noexcept;
  [[nodiscard]] static uint16_t path_mtu(const Connection& c) noexcept;

  // send_room.cpp
  [[nodiscard]] uint32_t send_room(const Connection& c) const noexcept;
  [[nodiscard]] uint32_t wanted_bytes(const Connection& c) const noexcept;

  void set_pressure(bool pressed) noexcept { pressed_ = pressed; }
  void set_send_limit(uint32_t cost) noexcept { send_limit_ = std::max(cost, kPressedCost); }
  // Bytes that buffers of one queue may cost while buffers are scarce: one whole TLS record in
  // full segments, so that everybody still gets on.
  static constexpr uint32_t kPressedCost = 40 * 1024;
  [[nodiscard]] bool pressed(uint32_t cost) const noexcept {
    return pressed_ && cost > kPressedCost;
  }

  [[nodiscard]] uint32_t bytes_per_connection() const noexcept;
  [[nodiscard]] const EndpointCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const EndpointConfig& config() const noexcept { return config_; }
  void set_mss_limits(uint16_t most, uint16_t least) noexcept {
    config_.tcpmss_max = most;
    config_.tcpmss_min = least;
  }

 private:
  void drop(Segment& s, dp::DropReason reason) noexcept {
    dp::drop(drops_, reason, s.packet);
    s.packet = nullptr;
  }

  // machine.cpp: slots
  void set_time(Time now) noexcept;
  void input_burst(std::span<rte_mbuf*> segments) noexcept;
  [[nodiscard]] Connection* take_slot() noexcept;
  void free_slot(Connection& c) noexcept;
  void recycle(Connection& c) noexcept;
  [[nodiscard]] Connection* lookup(const dp::Flow& flow, uint32_t hash) const noexcept;
  void activate(Connection& c) noexcept;
  void post(Connection& c, uint8_t bits) noexcept;
  // The connection is over; the slot goes now if nobody above knows it, at release() otherwise.
  void close(Connection& c, CloseReason reason) noexcept;
  void enter_time_wait(Connection& c) noexcept;
  void give_up_half_open() noexcept;
  // After every step that may have changed a connection's queues.
  void recount(Connection& c) noexcept {
    const uint32_t held = c.receive.buffers() + c.send.buffers();
    held_ += held - c.held;
    c.held = held;
  }

  // listen.cpp
  void reject(Segment& s, uint32_t hash, dp::DropReason reason) noexcept;
  void on_no_connection(Segment& s, uint32_t hash) noexcept;
  void on_syn(Segment& s, uint32_t hash, const Seq* old_end = nullptr) noexcept;
  void begin(Connection& c, const dp::Flow& flow, uint32_t hash,
             const InitialNumbers& numbers) noexcept;
  void take_syn(Connection& c, const Segment& s) noexcept;
  void establish(Connection& c, const Segment& s) noexcept;
  [[nodiscard]] static uint16_t announced_mss(const Options& options,
                                              const dp::Flow& flow) noexcept;
  void negotiate(Connection& c, const Segment& s) noexcept;
  void on_syn_received(Connection& c, Segment& s) noexcept;
  // RFC 7323 §2.2: the window in a SYN is never scaled.
  [[nodiscard]] static uint16_t syn_window(uint32_t receive_buffer) noexcept {
    return static_cast<uint16_t>(std::min(receive_buffer, 65535u));
  }
  // What the buffers of so many bytes may cost; a few buffers in any case, however large they are.
  [[nodiscard]] uint32_t receive_budget(uint32_t bytes) const noexcept;
  // Of a connection that came in.
  [[nodiscard]] uint32_t first_receive_buffer() const noexcept {
    const uint32_t first = config_.first_receive_buffer;
    return first != 0 ? std::min(first, config_.receive_buffer) : config_.receive_buffer;
  }
  [[nodiscard]] uint16_t own_mss(const dp::Flow& flow) const noexcept;

  // flood.cpp
  [[nodiscard]] bool heard(uint32_t hash) const noexcept;
  void answer_with_cookie(Segment& s, uint32_t hash) noexcept;
  [[nodiscard]] bool may_be_cookie(const Segment& s) const noexcept;
  void on_cookie(Segment& s, uint32_t hash) noexcept;

  // connect.cpp
  void on_syn_sent(Connection& c, Segment& s) noexcept;
  void on_connect_timeout(Connection& c) noexcept;

  // input_fast.cpp: false if the segment is not one that was expected; then nothing has happened.
  [[nodiscard]] bool input_fast(Connection& c, Segment& s) noexcept;
  // input_slow.cpp
  void input_slow(Connection& c, Segment& s, uint32_t hash) noexcept;
  [[nodiscard]] bool timestamps_acceptable(Connection& c, Segment& s) noexcept;
  void remember_timestamp(Connection& c, const Segment& s) noexcept;
  [[nodiscard]] bool sequence_acceptable(Connection& c, Segment& s) noexcept;
  void on_reset(Connection& c, Segment& s) noexcept;
  void challenge(Connection& c) noexcept;
  void on_text(Connection& c, Segment& s) noexcept;
  void on_unwanted(Connection& c, Segment& s) noexcept;
  void on_fin(Connection& c) noexcept;
  void time_wait_input(Connection& c, Segment& s, uint32_t hash) noexcept;

  // ack.cpp
  // What one ACK told.
  struct News {
    uint32_t flight = 0;     // bytes, before it
    uint32_t pipe = 0;       // the same
    uint32_t lost = 0;       // the same
    uint32_t acked = 0;      // by how much it moved on
    uint32_t delivered = 0;  // bytes newly known to have arrived, in order or not
    Time first_rtt = 0;      // of the oldest of them that was sent once; 0: there is none
    Time last_rtt = 0;       // of the latest
    bool again = false;      // it covers something that was sent again
    bool stale = false;      // and answers an earlier time than the last
    bool original = false;   // something that was sent once, before the recovery
    bool dsack = false;
    SackBlock duplicate;  // if so: what came twice
  };
  [[nodiscard]] static News news_before(const Connection& c) noexcept;
  // False if the segment was dropped because of its ACK field.
  [[nodiscard]] bool on_ack(Connection& c, Segment& s) noexcept;
  void on_new_ack(Connection& c, const Segment& s, News& news) noexcept;
  void on_duplicate_ack(Connection& c, News& news) noexcept;
  void on_sack(Connection& c, const Segment& s, News& news) noexcept;
  void on_delivered(Connection& c, const Segment& s, const SentRange& part, News& news) noexcept;
  void measure(Connection& c, const Segment& s) noexcept;
  void measure_by_echo(Connection& c, const Segment& s, uint32_t expected) noexcept;
  void update_window(Connection& c, const Segment& s) noexcept;
  [[nodiscard]] bool own_fin_acked(const Connection& c) const noexcept {
    return c.fin_sent && c.snd_una == c.snd_nxt && c.snd_una > c.send.end();
  }
  [[nodiscard]] static uint32_t pipe(const Connection& c) noexcept;

  // recovery.cpp
  [[nodiscard]] static uint32_t send_window(const Connection& c) noexcept;
  void repair(Connection& c, const Segment& s, const News& news) noexcept;
  void measure(Connection& c, const News& news, const Segment& s) noexcept;
  void detect_losses(Connection& c) noexcept;
  void on_reorder_timer(Connection& c) noexcept;
  void count_duplicates(Connection& c, const News& news) noexcept;
  void enter_recovery(Connection& c, uint32_t flight) noexcept;
  void leave_recovery(Connection& c) noexcept;
  static void stop_repairing(Connection& c) noexcept;
  void remember_for_undo(Connection& c) noexcept;
  void undo_recovery(Connection& c) noexcept;
  void judge_recovery(Connection& c, const Segment& s, const News& news) noexcept;
  void adapt_window(Connection& c, const News& news) noexcept;

  // tail_probe.cpp
  void arm_tail_probe(Connection& c) noexcept;
  void send_tail_probe(Connection& c) noexcept;
  void judge_tail_probe(Connection& c, const Segment& s, const News& news) noexcept;

  // output.cpp
  [[nodiscard]] static uint32_t sack_report(const Connection& c,
                                            std::array<SackBlock, 4>& blocks) noexcept;
  void transmit(Connection& c) noexcept;
  bool send_lost(Connection& c) noexcept;
  bool send_new(Connection& c) noexcept;
  // One segment, or one super-segment, of what was never sent; false if buffers are short.
  bool send_fresh(Connection& c, uint32_t size) noexcept;
  // One segment of what was.
  bool send_again(Connection& c, Seq seq, uint32_t size) noexcept;
  [[nodiscard]] bool paced(const Connection& c) const noexcept {
    return config_.pacing && c.rtt.smoothed() >= Pacer::kLeastRtt;
  }
  [[nodiscard]] uint32_t pace(Connection& c) noexcept;
  [[nodiscard]] uint32_t super_segment(Connection& c, uint32_t limit, uint32_t room) noexcept;
  void probe_window(Connection& c) noexcept;
  void acknowledge(Connection& c, bool sent) noexcept;
  [[nodiscard]] uint32_t free_window(const Connection& c) const noexcept;

  // build.cpp
  // `size` payload bytes from `seq`; counts it and notes what it acknowledges. False if the pool is
  // empty.
  bool send_segment(Connection& c, Seq seq, uint32_t size, uint8_t flags,
                    SendQueue::Cursor cursor = SendQueue::Cursor::fresh) noexcept;
  bool send_syn(Connection& c) noexcept;
  bool send_syn_ack(Connection& c) noexcept;
  void send_cookie(const Segment& s, Seq cookie) noexcept;
  void send_reset(Connection& c) noexcept;
  void send_reset(const Segment& s) noexcept;
  struct Layout;
  [[nodiscard]] bool emit(const Layout& layout, SendQueue* payload,
                          SendQueue::Cursor cursor) noexcept;
  [[nodiscard]] bool attach_payload(rte_mbuf* head, SendQueue::Place place, uint32_t size,
                                    uint32_t max_pieces) noexcept;
  void finish_checksums(rte_mbuf* m, const Layout& layout, uint32_t l3, uint32_t tcp_size) noexcept;
  [[nodiscard]] uint16_t window_field(Connection& c) noexcept;
  void push_out(rte_mbuf* m) noexcept;

  // timers.cpp
  void arm(Connection& c, Timer timer, Time when) noexcept;
  void disarm(Connection& c, Timer timer) noexcept { c.deadline(timer) = kNever; }
  void arm_retransmit(Connection& c) noexcept;
  void on_timer(Connection& c) noexcept;
  void on_retransmit(Connection& c) noexcept;
  void send_all_again(Connection& c) noexcept;
  void on_keepalive(Connection& c) noexcept;

  // send_room.cpp
  [[nodiscard]] uint32_t sendable(const Connection& c) const noexcept;
  // Pays what is owed since Endpoint::want_room(), if it can be. After every step that may have sent
  // something or opened a window.
  void offer_room(Connection& c) noexcept {
    if (!c.wants_room || wanted_bytes(c) == 0) return;
    c.wants_room = false;
    post(c, event::kRoom);
  }

  // path_mtu.cpp
  void lower_mss(Connection& c, uint32_t mss, Time age) noexcept;
  void widen_path(Connection& c) noexcept;
  void look_for_black_hole(Connection& c) noexcept;

  [[nodiscard]] uint32_t timestamp(const Connection& c) const noexcept { return stamp_of(c, now_); }
  [[nodiscard]] static uint32_t stamp_of(const Connection& c, Time at) noexcept {
    return static_cast<uint32_t>(at / 1000) + c.ts_offset;
  }
  void forget_sent(Connection& c) noexcept {
    c.send.clear();
    c.sent.clear(sent_pool_);
  }

  struct Listener {
    dp::IpAddress address;
    uint16_t port = 0;
    friend bool operator==(const Listener&, const Listener&) = default;
  };
  static constexpr size_t kListeners = dp::kMaxLocalAddresses;  // one port on each

  EndpointConfig config_;
  bool pressed_ = false;
  Inflow inflow_ = Inflow::in_time;
  uint64_t bursts_ = 0;  // that came while behind
  uint32_t send_limit_ = UINT32_MAX;
  const Offload offload_;
  dp::DropCounters& drops_;
  const SegmentSink out_;
  Time now_ = 0;
  bool started_ = false;
  uint8_t own_scale_ = 0;
  const uint32_t syn_backlog_;
  dp::Batch batch_;
  // Three more secrets are this one set apart.
  SipKey isn_key_;
  SynCookies cookies_;
  ResetLimit reset_limit_;
  RunPool runs_;
  SentPool sent_pool_;
  FlowTable table_;
  TimerWheel wheel_;
  std::unique_ptr<Connection[]> connections_;
  std::unique_ptr<uint32_t[]> free_slots_;
  uint32_t free_count_ = 0;
  uint32_t held_ = 0;             // packet buffers in all queues
  Connection* active_ = nullptr;  // in the order of arrival
  Connection* active_tail_ = nullptr;
  Connection* events_ = nullptr;
  Connection* events_tail_ = nullptr;
  AgeList half_open_;                             // SYN-RECEIVED
  AgeList forgotten_;                             // released, and not closed yet
  std::array<Listener, kListeners> listeners_{};  // the first listener_count_ of them
  uint32_t listener_count_ = 0;
  EndpointCounters counters_{};
};

}  // namespace culvert::tcp
