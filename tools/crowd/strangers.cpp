// Bare TCP connections, and packets from nowhere.
#include <algorithm>

#include "dataplane/packet/meta.hpp"
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

namespace {

constexpr size_t kPiece = 16384;  // of what a stranger says, queued at once

}  // namespace

void Crowd::Parts::stranger_event(StrangerId id, const tcp::Event& event) {
  Stranger& s = strangers[id];
  if ((event.bits & tcp::event::kOpened) != 0)
    tell({.kind = EventKind::stranger_open, .member = id});
  if (const uint32_t bytes = stages.tcp.readable(event.conn); bytes != 0) {
    stages.tcp.consume(event.conn, bytes);
    tell({.kind = EventKind::stranger_readable, .member = id, .count = bytes});
  }
  const bool gone = (event.bits & tcp::event::kClosed) != 0;
  if (!gone && (event.bits & tcp::event::kPeerClosed) == 0) return;
  const Why why = gone ? why_of(stages.tcp.close_reason(event.conn)) : Why::closed_by_peer;
  forget_stranger(s, id);
  tell({.kind = EventKind::stranger_closed, .why = why, .member = id});
}

void Crowd::Parts::forget_stranger(Stranger& s, StrangerId id) {
  owner[s.conn.slot] = kNobody;
  stages.tcp.shutdown(s.conn);
  stages.tcp.release(s.conn);
  s = {};
  free_strangers.push_back(id);
}

std::optional<StrangerId> Crowd::call(Time now) {
  Parts& p = *parts_;
  p.now = p.stages.now = now;
  if (p.free_strangers.empty()) return std::nullopt;
  const std::optional<dp::Flow> flow = p.next_flow();
  if (!flow) return std::nullopt;
  const dp::ConnId conn = p.stages.tcp.connect(*flow, now);
  if (conn.generation == 0) return std::nullopt;
  const StrangerId id = p.free_strangers.back();
  p.free_strangers.pop_back();
  p.strangers[id] = {conn, true};
  p.owner[conn.slot] = Parts::kStranger | id;
  return id;
}

size_t Crowd::say(StrangerId stranger, std::span<const uint8_t> bytes) noexcept {
  const Stranger& s = parts_->strangers[stranger];
  size_t said = 0;
  while (s.used && said < bytes.size()) {
    const size_t room = std::min<size_t>(parts_->stages.tcp.send_room(s.conn), kPiece);
    const auto piece = bytes.subspan(said, std::min(room, bytes.size() - said));
    if (piece.empty() || !parts_->stages.tcp.send_copy(s.conn, piece)) break;
    said += piece.size();
  }
  return said;
}

void Crowd::hang_up(StrangerId stranger) noexcept {
  Stranger& s = parts_->strangers[stranger];
  if (s.used) parts_->forget_stranger(s, stranger);
}

void Crowd::reset(StrangerId stranger, Time now) noexcept {
  Stranger& s = parts_->strangers[stranger];
  if (!s.used) return;
  parts_->stages.tcp.abort(s.conn, now);
  parts_->forget_stranger(s, stranger);
}

void Crowd::forsake(StrangerId stranger, Time now) noexcept {
  const Stranger& s = parts_->strangers[stranger];
  if (!s.used) return;
  const dp::Flow& flow = parts_->stages.tcp.flow(s.conn);
  parts_->addresses.silence(flow.local, flow.local_port, Transport::tcp);
  reset(stranger, now);
}

bool Crowd::transmit(rte_mbuf* ip_packet) noexcept {
  const bool ready = parts_->wire.ready();
  dp::meta(ip_packet) = {};
  parts_->wire.send({&ip_packet, 1});
  return ready;
}

}  // namespace culvert::crowd
