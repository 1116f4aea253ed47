// The public face: checks ids and hands over to the Machine.
#include "dataplane/tcp/endpoint.hpp"

#include <algorithm>

#include "dataplane/packet/pool.hpp"
#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

Endpoint::Endpoint(const EndpointConfig& config, const Offload& offload, dp::DropCounters& drops,
                   SegmentSink out)
    : machine_(std::make_unique<Machine>(config, offload, drops, out)) {}
Endpoint::~Endpoint() = default;

bool Endpoint::listen(const dp::IpAddress& address, uint16_t port) noexcept {
  return machine_->listen(address, port);
}
void Endpoint::unlisten(const dp::IpAddress& address, uint16_t port) noexcept {
  machine_->unlisten(address, port);
}
bool Endpoint::listens(const dp::IpAddress& address, uint16_t port) const noexcept {
  return machine_->listens(address, port);
}
void Endpoint::set_mss_limits(uint16_t most, uint16_t least) noexcept {
  machine_->set_mss_limits(most, least);
}

dp::ConnId Endpoint::connect(const dp::Flow& flow, Time now) noexcept {
  return machine_->connect(flow, now);
}
bool Endpoint::knows(const dp::Flow& flow) const noexcept {
  return machine_->knows(flow);
}
void Endpoint::input(std::span<rte_mbuf*> segments, Time now, Inflow inflow) noexcept {
  machine_->input(segments, now, inflow);
}
dp::DropReason Endpoint::path_report(const dp::PathReport& report, Time now) noexcept {
  return machine_->path_report(report, now);
}
void Endpoint::poll(Time now) noexcept {
  machine_->poll(now);
}
Time Endpoint::next_deadline() const noexcept {
  return machine_->next_deadline();
}
Event Endpoint::next_event() noexcept {
  return machine_->next_event();
}
bool Endpoint::has_events() const noexcept {
  return machine_->has_events();
}

void Endpoint::prefetch(dp::ConnId conn) const noexcept {
  if (conn.slot < machine_->config().max_connections) machine_->prefetch(conn.slot);
}
bool Endpoint::alive(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr && c->state != State::closed;
}
const dp::Flow& Endpoint::flow(dp::ConnId conn) const noexcept {
  static constexpr dp::Flow kNone{};
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->flow : kNone;
}
State Endpoint::state(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->state : State::closed;
}
CloseReason Endpoint::close_reason(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->reason : CloseReason::none;
}
uint16_t Endpoint::send_mss(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  if (c == nullptr) return 0;
  return static_cast<uint16_t>(c->mss - (c->timestamps ? kTimestampBytes : 0));
}
uint16_t Endpoint::peer_mss(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->peer_mss : uint16_t{0};
}

bool Endpoint::timestamps(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr && c->timestamps;
}
uint16_t Endpoint::path_mtu(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? Machine::path_mtu(*c) : uint16_t{0};
}

uint32_t Endpoint::readable(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->receive.readable() : 0;
}
uint32_t Endpoint::peek(dp::ConnId conn, uint32_t offset, void* to, uint32_t size) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->receive.peek(offset, to, size) : 0;
}
const uint8_t* Endpoint::contiguous(dp::ConnId conn, uint32_t offset,
                                    uint32_t size) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->receive.contiguous(offset, size) : nullptr;
}
std::span<uint8_t> Endpoint::front(dp::ConnId conn) noexcept {
  Connection* c = machine_->find(conn);
  return c != nullptr ? c->receive.front() : std::span<uint8_t>{};
}
void Endpoint::consume(dp::ConnId conn, uint32_t size) noexcept {
  Connection* c = machine_->find(conn);
  if (c == nullptr) return;
  c->receive.consume(size);
  machine_->consumed(*c);
}
void Endpoint::set_receive_buffer(dp::ConnId conn, uint32_t bytes) noexcept {
  if (Connection* c = machine_->find(conn)) machine_->set_receive_buffer(*c, bytes);
}
void Endpoint::set_pressure(bool pressed) noexcept {
  machine_->set_pressure(pressed);
}
void Endpoint::set_send_limit(uint32_t cost) noexcept {
  machine_->set_send_limit(cost);
}
void Endpoint::share_buffers() noexcept {
  rte_mempool* pool = machine_->config().pool;
  const unsigned reserve = pool->size / 4;
  const unsigned free = dp::available_buffers(*pool);
  const uint64_t buffer = rte_pktmbuf_data_room_size(pool) + sizeof(rte_mbuf);
  const uint64_t share = free > reserve ? (free - reserve) / 4 * buffer : 0;
  set_pressure(free < reserve);
  set_send_limit(static_cast<uint32_t>(std::min<uint64_t>(share, UINT32_MAX)));
}
rte_mbuf* Endpoint::take_front(dp::ConnId conn, uint32_t size) noexcept {
  Connection* c = machine_->find(conn);
  if (c == nullptr) return nullptr;
  rte_mbuf* m = c->receive.take_front(size);
  if (m != nullptr) machine_->consumed(*c);
  return m;
}
bool Endpoint::put_front(dp::ConnId conn, rte_mbuf* m) noexcept {
  Connection* c = machine_->find(conn);
  if (c == nullptr) return false;
  c->receive.put_front(m);
  machine_->put_back(*c);
  return true;
}

uint32_t Endpoint::send_room(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? machine_->send_room(*c) : 0;
}
uint32_t Endpoint::byte_room(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c == nullptr || !c->may_send() || c->fin_queued ? 0 : c->send.byte_room();
}
uint32_t Endpoint::wanted_bytes(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? machine_->wanted_bytes(*c) : 0;
}
void Endpoint::want_room(dp::ConnId conn) noexcept {
  if (Connection* c = machine_->find(conn)) c->wants_room = true;
}
bool Endpoint::may_send(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr && c->may_send() && !c->fin_queued;
}
uint32_t Endpoint::unsent(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->unsent() : 0;
}
Time Endpoint::round_trip(dp::ConnId conn) const noexcept {
  const Connection* c = machine_->find(conn);
  return c != nullptr ? c->rtt.smoothed() : 0;
}
bool Endpoint::send(dp::ConnId conn, rte_mbuf* m) noexcept {
  Connection* c = machine_->find(conn);
  return c != nullptr && machine_->send(*c, m);
}
bool Endpoint::send_copy(dp::ConnId conn, std::span<const uint8_t> bytes) noexcept {
  Connection* c = machine_->find(conn);
  return c != nullptr && machine_->send_copy(*c, bytes);
}

void Endpoint::shutdown(dp::ConnId conn) noexcept {
  if (Connection* c = machine_->find(conn)) machine_->shutdown(*c);
}
void Endpoint::abort(dp::ConnId conn, Time now) noexcept {
  if (Connection* c = machine_->find(conn)) machine_->abort(*c, now);
}
void Endpoint::release(dp::ConnId conn) noexcept {
  if (Connection* c = machine_->find(conn)) machine_->release(*c);
}
void Endpoint::set_keepalive(dp::ConnId conn, Time idle, Time interval, uint8_t probes) noexcept {
  if (Connection* c = machine_->find(conn)) machine_->set_keepalive(*c, idle, interval, probes);
}

const EndpointCounters& Endpoint::counters() const noexcept {
  return machine_->counters();
}
uint32_t Endpoint::buffers_held() const noexcept {
  return machine_->buffers_held();
}
uint32_t Endpoint::worker() const noexcept {
  return machine_->config().worker;
}

uint32_t Endpoint::bytes_per_connection() const noexcept {
  return machine_->bytes_per_connection();
}

}  // namespace culvert::tcp
