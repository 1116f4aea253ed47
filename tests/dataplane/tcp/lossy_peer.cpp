// The tests' own active TCP and the bad weather between it and the endpoint.
#include "tests/dataplane/tcp/lossy_peer.hpp"

namespace culvert::tcp::test {

LossyPeer::LossyPeer(Wire& on, const Weather& weather, uint32_t seed, std::string up)
    : wire_(on), weather_(weather), random_(seed), up_(std::move(up)) {
  isn_ = Seq{static_cast<uint32_t>(random_())};
}

void LossyPeer::to_endpoint(const Given& given) {
  InFlight packet;
  packet.to_endpoint = true;
  packet.given = given;
  launch(packet);
}

void LossyPeer::to_peer(const Sent& sent) {
  InFlight packet;
  packet.sent = sent;
  launch(packet);
}

void LossyPeer::launch(const InFlight& packet) {
  if (happens(weather_.loss)) return;
  const int copies = happens(weather_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    InFlight copy = packet;
    copy.at = wire_.now + 5 * kMs;
    if (happens(weather_.reorder)) copy.at += random_() % (30 * kMs);
    copy.order = ++order_;
    air_.emplace(copy, 0);
  }
}

std::vector<uint8_t> LossyPeer::options() {
  OptionWriter o;
  if (weather_.timestamps) o.timestamps(static_cast<uint32_t>(wire_.now / kMs), ts_echo_);
  if (weather_.sack && !waiting_.empty()) {
    std::vector<SackBlock> blocks;
    for (const auto& [at, data] : waiting_) {
      const Seq start = iss_ + 1 + at;
      const Seq end = start + static_cast<uint32_t>(data.size());
      if (!blocks.empty() && start <= blocks.back().end) {
        blocks.back().end = max(blocks.back().end, end);
      } else {
        blocks.push_back({start, end});
      }
    }
    std::shuffle(blocks.begin(), blocks.end(), random_);
    o.sack(blocks);
  }
  return option_bytes(o);
}

void LossyPeer::send_syn() {
  OptionWriter o;
  o.mss(weather_.mss);
  if (weather_.sack) o.sack_permitted();
  if (weather_.timestamps) o.timestamps(static_cast<uint32_t>(wire_.now / kMs), 0);
  o.window_scale(0);
  to_endpoint({.seq = isn_, .flags = kSyn, .window = 1000, .options = option_bytes(o)});
  retransmit_at_ = wire_.now + 300 * kMs;
}

void LossyPeer::send_ack() {
  to_endpoint({.seq = isn_ + 1 + next_,
               .ack = next_expected(),
               .window = static_cast<uint16_t>(weather_.receive_window),
               .options = options()});
}

void LossyPeer::send_data() {
  const auto size = static_cast<uint32_t>(up_.size());
  while (next_ <= size && !up_done_) {
    const uint32_t room = edge_ > next_ ? edge_ - next_ : 0;
    const uint32_t part = std::min({size - next_, room, 900u});
    const bool fin = next_ + part == size;
    if (part == 0 && !fin) return;
    to_endpoint({.seq = isn_ + 1 + next_,
                 .ack = next_expected(),
                 .flags = static_cast<uint8_t>(fin ? kAck | kFin : kAck),
                 .window = static_cast<uint16_t>(weather_.receive_window),
                 .data = std::string_view(up_).substr(next_, part),
                 .options = options()});
    next_ += part + (fin ? 1 : 0);
  }
}

void LossyPeer::on_segment(const Sent& s) {
  ASSERT_EQ(s.flags & kRst, 0);
  if ((s.flags & kSyn) != 0) {
    if (!open_) {
      open_ = true;
      iss_ = s.seq;
      scale_ = s.options.window_scale;
      edge_ = s.window;
      ts_echo_ = s.options.ts_value;
      send_ack();
      send_data();
      retransmit_at_ = wire_.now + 300 * kMs;
    } else {
      send_ack();
    }
    return;
  }
  if (!open_) return;
  const uint32_t acked = s.ack - (isn_ + 1);
  if (acked > acked_ && acked <= up_.size() + 1) {
    acked_ = acked;
    next_ = std::max(next_, acked_);
    retransmit_at_ = wire_.now + 300 * kMs;
    if (acked_ == up_.size() + 1) up_done_ = true;
  }
  edge_ = std::max(edge_, acked + (uint32_t{s.window} << scale_));
  const uint32_t at = s.seq - (iss_ + 1);
  if (!s.data.empty() || (s.flags & kFin) != 0) {
    if (at <= got.size() + weather_.receive_window && s.seq >= iss_ + 1) {
      if (s.seq <= next_expected()) ts_echo_ = s.options.ts_value;
      if (!s.data.empty()) waiting_[at] = std::max(waiting_[at], s.data);
      if ((s.flags & kFin) != 0) fin_offset_ = at + static_cast<int64_t>(s.data.size());
    }
    while (!waiting_.empty() && waiting_.begin()->first <= got.size()) {
      const auto& [from, data] = *waiting_.begin();
      if (from + data.size() > got.size()) got += data.substr(got.size() - from);
      waiting_.erase(waiting_.begin());
    }
    if (fin_offset_ == static_cast<int64_t>(got.size())) fin_seen_ = true;
    send_ack();
  }
  send_data();
}

bool LossyPeer::run(const std::string& down, Time limit) {
  const Time end = wire_.now + limit;
  dp::ConnId conn;
  size_t given = 0;
  bool closed = false;
  send_syn();
  while (wire_.now < end && !testing::Test::HasFatalFailure()) {
    wire_.poll();
    for (Event e = wire_.event(); e.conn.generation != 0; e = wire_.event()) {
      conn = e.conn;
      if ((e.bits & event::kReadable) != 0) delivered += wire_.read(conn);
      if ((e.bits & event::kClosed) != 0) closed = true;
    }
    while (conn.generation != 0 && given < down.size()) {
      const size_t part = std::min<size_t>(down.size() - given, 1 + random_() % 3000);
      const std::string_view piece = std::string_view(down).substr(given, part);
      if (!wire_.endpoint->send_copy(
              conn, {reinterpret_cast<const uint8_t*>(piece.data()), piece.size()})) {
        break;
      }
      given += part;
    }
    if (conn.generation != 0 && given == down.size()) wire_.endpoint->shutdown(conn);
    wire_.poll();
    for (const Sent& s : wire_.out) {
      to_peer(s);
    }
    wire_.out.clear();
    if (closed && fin_seen_ && up_done_) {
      wire_.endpoint->release(conn);
      return true;
    }
    Time next = wire_.endpoint->next_deadline();
    if (!air_.empty()) next = std::min(next, air_.begin()->first.at);
    if (!up_done_ || !open_) next = std::min(next, retransmit_at_);
    wire_.now = std::max(wire_.now, next);
    while (!air_.empty() && air_.begin()->first.at <= wire_.now) {
      const InFlight packet = air_.begin()->first;
      air_.erase(air_.begin());
      if (packet.to_endpoint) {
        rte_mbuf* m = wire_.packet(packet.given, Wire::default_flow());
        wire_.endpoint->input({&m, 1}, wire_.now);
      } else {
        on_segment(packet.sent);
      }
    }
    if (wire_.now >= retransmit_at_ && (!up_done_ || !open_)) {
      if (!open_) {
        send_syn();
      } else {
        next_ = acked_;                                               // go back N
        if (next_ < up_.size() && edge_ <= next_) edge_ = next_ + 1;  // probe a closed window
        send_data();
        retransmit_at_ = wire_.now + 300 * kMs;
      }
    }
  }
  return false;
}

}  // namespace culvert::tcp::test
