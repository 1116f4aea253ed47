// Slots, events, bursts in and out, and how a connection ends.
// Drops: tcp-not-syn and the like are named where they happen; np-socket-closed here for unread
// data, tcp-3whs-failed for a half-open connection that makes room.
#include "dataplane/tcp/machine.hpp"

#include <algorithm>
#include <stdexcept>

#include "dataplane/tcp/coalesce.hpp"

namespace culvert::tcp {

namespace {

uint8_t scale_for(uint32_t receive_buffer) noexcept {
  uint8_t scale = 0;
  while (scale < kMaxWindowScale && (receive_buffer >> scale) > 65535) {
    ++scale;
  }
  return scale;
}

}  // namespace

Machine::Machine(const EndpointConfig& config, const Offload& offload, dp::DropCounters& drops,
                 SegmentSink out)
    : config_(config),
      offload_(offload),
      drops_(drops),
      out_(out),
      own_scale_(scale_for(config.receive_buffer)),
      // A flood of SYNs never holds more than a quarter of the slots.
      syn_backlog_(std::clamp(config.syn_backlog, 1u, std::max(1u, config.max_connections / 4))),
      isn_key_{config.isn_key[0], config.isn_key[1]},
      cookies_({~config.isn_key[0], ~config.isn_key[1]}),
      reset_limit_({config.isn_key[0], ~config.isn_key[1]}),
      runs_(config.receive_runs != 0 ? config.receive_runs
                                     : std::max(16 * RunPool::kMost, config.max_connections)),
      sent_pool_(config.sent_ranges != 0 ? config.sent_ranges
                                         : std::max(8192u, 2 * config.max_connections)),
      // The same secret serves the table: SipHash under another key, derived by setting it apart.
      table_(config.max_connections, {~config.isn_key[0], config.isn_key[1]}),
      connections_(new Connection[config.max_connections]),
      free_slots_(new uint32_t[config.max_connections]) {
  if (config.pool == nullptr) {
    throw std::runtime_error("the TCP endpoint needs a packet pool to send from");
  }
  if (rte_pktmbuf_data_room_size(config.pool) < config.interface_mtu + RTE_PKTMBUF_HEADROOM) {
    throw std::runtime_error(
        "the packet pool's buffers are smaller than the interface MTU: create it with larger ones");
  }
  for (uint32_t i = config.max_connections; i > 0; --i) {
    connections_[i - 1].slot = i - 1;
    free_slots_[free_count_++] = i - 1;
  }
}

Machine::~Machine() {
  for (uint32_t i = 0; i < config_.max_connections; ++i) {
    connections_[i].receive.clear();
    connections_[i].send.clear();
  }
  for (rte_mbuf* m : batch_) {
    rte_pktmbuf_free(m);
  }
}

uint32_t Machine::bytes_per_connection() const noexcept {
  const size_t all = config_.max_connections * (sizeof(Connection) + sizeof(uint32_t)) +
                     table_.bytes() + runs_.bytes() + sent_pool_.bytes();
  return static_cast<uint32_t>(all / config_.max_connections);
}

Connection* Machine::take_slot() noexcept {
  if (free_count_ == 0) {
    // A connection that nobody above knows any more is the cheapest to lose, then one that nobody
    // knows yet.
    if (Connection* oldest = forgotten_.oldest()) {
      abort(*oldest, now_);
    } else {
      give_up_half_open();
    }
    if (free_count_ == 0) return nullptr;  // there was none, or it is still in a list
  }
  Connection& c = connections_[free_slots_[--free_count_]];
  const uint32_t slot = c.slot;
  const uint32_t generation = c.generation + 1;
  c = Connection{};
  c.slot = slot;
  c.generation = generation == 0 ? 1 : generation;
  c.in_use = true;
  dp::count(counters_.connections);
  return &c;
}

// The oldest has had the most time to answer. Its peer is not told: the address may be anybody's.
void Machine::give_up_half_open() noexcept {
  Connection* oldest = half_open_.oldest();
  if (oldest == nullptr) return;
  drops_.add(dp::DropReason::tcp_handshake);
  close(*oldest, CloseReason::handshake_failed);
}

void Machine::free_slot(Connection& c) noexcept {
  c.receive.clear();
  forget_sent(c);
  recount(c);
  wheel_.remove(c.timer);
  c.in_use = false;
  dp::count(counters_.connections, ~uint64_t{0});
  recycle(c);
}

// A slot that is still in a list goes when its turn there comes.
void Machine::recycle(Connection& c) noexcept {
  if (!c.in_use && !c.active && c.events == 0) free_slots_[free_count_++] = c.slot;
}

Connection* Machine::lookup(const dp::Flow& flow, uint32_t hash) const noexcept {
  const uint32_t slot =
      table_.find(hash, [&](uint32_t s) noexcept { return connections_[s].flow == flow; });
  return slot == FlowTable::kNone ? nullptr : &connections_[slot];
}

void Machine::set_time(Time now) noexcept {
  now_ = now;
  if (started_) return;
  wheel_.start(now);
  started_ = true;
}

void Machine::input(std::span<rte_mbuf*> segments, Time now, Inflow inflow) noexcept {
  set_time(now);
  inflow_ = inflow;
  dp::count(counters_.segments_in, segments.size());
  for (; segments.size() > dp::kBurst; segments = segments.subspan(dp::kBurst))
    input_burst(segments.first(dp::kBurst));
  input_burst(segments);
}

// With many connections each segment finds its own in main memory: so the table's entries of the whole
// burst are fetched first, then the connections, then they are used.
void Machine::input_burst(std::span<rte_mbuf*> segments) noexcept {
  if (inflow_ == Inflow::behind) ++bursts_;
  std::array<Segment, dp::kBurst> parsed;
  std::array<uint32_t, dp::kBurst> hashes;
  uint32_t count = 0;
  for (rte_mbuf* m : segments) {
    Segment& s = parsed[count];
    s = {};
    if (const auto reason = parse_segment(m, s); reason != dp::DropReason::count_) {
      dp::drop(drops_, reason, m);
      continue;
    }
    hashes[count] = table_.hash(s.flow);
    table_.prefetch(hashes[count]);
    ++count;
  }
  uint32_t last = FlowTable::kNone;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t slot = table_.candidate(hashes[i]);
    if (slot != last && slot != FlowTable::kNone) prefetch(slot);
    last = slot;
  }
  for (uint32_t i = 0; i < count; ++i) {
    Segment& s = parsed[i];
    const uint32_t hash = hashes[i];
    Connection* c = lookup(s.flow, hash);
    if (c == nullptr) {
      if (s.has(dp::TcpHeader::kSyn) && !s.has(dp::TcpHeader::kAck)) {
        on_syn(s, hash);
      } else {
        on_no_connection(s, hash);
      }
    } else {
      // Only what will be kept: each segment that is dropped is counted as one, and where there is little room the
      // first of them may have it, packed one by one.
      const bool expected = s.seq == c->rcv_nxt && c->may_receive() && !c->receive.has_gap() &&
                            !pressed_ && c->receive.has_plenty((count - i) * buffer_cost(s.packet));
      while (expected && i + 1 < count && hashes[i + 1] == hash && coalesce(s, parsed[i + 1]))
        ++i;
      if (!input_fast(*c, s)) input_slow(*c, s, hash);
      recount(*c);
      offer_room(*c);
    }
    if (s.packet != nullptr) rte_pktmbuf_free(s.packet);  // it did its work and carried no data
  }
}

void Machine::poll(Time now) noexcept {
  set_time(now);
  wheel_.advance(now, [this](TimerNode& node) noexcept {
    // The node is a member of the connection it stands for.
    auto* bytes = reinterpret_cast<std::byte*>(&node) - offsetof(Connection, timer);
    on_timer(*reinterpret_cast<Connection*>(bytes));
  });
  Connection* c = active_;
  active_ = active_tail_ = nullptr;
  while (c != nullptr) {
    Connection* next = c->next_active;
    c->next_active = nullptr;
    c->active = false;
    if (c->in_use) {
      transmit(*c);
      offer_room(*c);
    } else {
      recycle(*c);
    }
    c = next;
  }
  if (!batch_.empty()) out_.flush(out_.arg, batch_);
}

Time Machine::next_deadline() const noexcept {
  return active_ != nullptr || !batch_.empty() ? now_ : wheel_.next_deadline();
}

void Machine::activate(Connection& c) noexcept {
  if (c.active) return;
  c.active = true;
  c.next_active = nullptr;
  (active_tail_ != nullptr ? active_tail_->next_active : active_) = &c;
  active_tail_ = &c;
}

void Machine::post(Connection& c, uint8_t bits) noexcept {
  if (c.released) return;
  c.upper_knows = true;
  if (c.events == 0) {
    c.next_event = nullptr;
    (events_tail_ != nullptr ? events_tail_->next_event : events_) = &c;
    events_tail_ = &c;
  }
  c.events = static_cast<uint8_t>(c.events | bits);
}

Event Machine::next_event() noexcept {
  while (events_ != nullptr) {
    Connection& c = *events_;
    events_ = c.next_event;
    if (events_ == nullptr) events_tail_ = nullptr;
    c.next_event = nullptr;
    const uint8_t bits = c.events;
    c.events = 0;
    recycle(c);
    if (!c.in_use || c.released) continue;  // released before its event was taken
    return {{config_.worker, c.slot, c.generation}, bits};
  }
  return {};
}

void Machine::close(Connection& c, CloseReason reason) noexcept {
  if (c.state == State::closed) return;
  table_.erase(c.hash, c.slot);
  AgeList::remove(c);
  const bool announced = c.state == State::time_wait;
  c.state = State::closed;
  forget_sent(c);
  c.receive.clear_gaps();
  recount(c);
  wheel_.remove(c.timer);
  c.deadlines.fill(kNever);
  c.armed_for = kNever;
  if (!announced) {
    c.reason = reason;
    dp::count(counters_.closed);
  }
  if (c.released || !c.upper_knows) {
    free_slot(c);
  } else if (!announced) {
    post(c, event::kClosed);
  }
}

void Machine::enter_time_wait(Connection& c) noexcept {
  c.state = State::time_wait;
  c.reason = CloseReason::finished;
  forget_sent(c);
  recount(c);
  c.deadlines.fill(kNever);
  arm(c, Timer::linger, now_ + config_.time_wait);
  dp::count(counters_.closed);
  // Nothing more can happen that the upper layer would want to know.
  post(c, event::kClosed);
}

// RFC 9293 §3.10.4 CLOSE.
void Machine::shutdown(Connection& c) noexcept {
  if (c.state == State::syn_sent) return close(c, CloseReason::local_abort);
  if (c.state == State::syn_received) c.fin_queued = true;  // establish() goes on
  if (!c.may_send() || c.fin_queued) return;
  c.fin_queued = true;
  c.state = c.state == State::established ? State::fin_wait_1 : State::last_ack;
  activate(c);
}

// RFC 9293 §3.10.5 ABORT.
void Machine::abort(Connection& c, Time now) noexcept {
  now_ = now;
  if (c.state == State::closed) return;
  // To a SYN that nobody has answered no reset is due.
  if (c.state != State::time_wait && c.state != State::syn_sent) send_reset(c);
  close(c, CloseReason::local_abort);
}

void Machine::release(Connection& c) noexcept {
  if (c.released) return;
  if (c.receive.readable() > 0) {
    drops_.add(dp::DropReason::tcp_socket_closed);
    activate(c);
  }
  // What lies beyond a gap, too: it would pin its buffers, and be reported for as long as the peer takes.
  c.receive.clear();
  recount(c);
  shutdown(c);
  c.released = true;
  if (c.state == State::closed) return free_slot(c);
  forgotten_.push(c);
  // Nobody is left who would close it, and the peer may be silent, keep its window shut or
  // acknowledge byte by byte (RFC 9293 §3.8.6.1 lets that go on for ever): do not wait for longer
  // than TIME-WAIT, which runs already if that is the state.
  if (c.state != State::time_wait) arm(c, Timer::linger, now_ + config_.time_wait);
}

void Machine::set_keepalive(Connection& c, Time idle, Time interval, uint8_t probes) noexcept {
  c.keepalive_idle = idle;
  c.keepalive_interval = interval;
  c.keepalive_probes = probes;
  c.keepalive_sent = 0;
  if (c.synchronized() && c.state != State::time_wait) {
    arm(c, Timer::keepalive, c.last_rx + idle);
  }
}

}  // namespace culvert::tcp
