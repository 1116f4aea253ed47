#include "dataplane/dtls/punt.hpp"

#include <cstring>

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dtls {

namespace {

bool has_client_hello(const Datagram& d, const PuntRange& range) noexcept {
  constexpr uint8_t kClientHello = 1;  // RFC 6347 §4.2.2
  RecordWalk walk(d.data() + range.begin, range.end - range.begin);
  Record record;
  while (walk.next(record) == WalkResult::record) {
    if (record.type == ContentType::handshake && record.epoch() == 0 &&
        record.size > crypto::record::kDtlsHeaderSize &&
        d.data()[range.begin + record.offset + crypto::record::kDtlsHeaderSize] == kClientHello) {
      return true;
    }
  }
  return false;
}

}  // namespace

void punt(Context& c, const Datagram& d, const PuntRange& range, Time now) noexcept {
  using dp::DropReason;
  // Where no new clients are taken one that is there may still lose our last flight.
  const bool hello = has_client_hello(d, range);
  if (hello && !c.listeners.takes_clients(d.flow.local, d.flow.local_port)) {
    c.drops.add_packet(DropReason::ip_protocol, d.packet);
    return;
  }
  // RFC 1122 §4.1.3.4. No tag protects these records.
  if (!dp::transport_checksum_ok(d.packet, dp::meta(d.packet).l3_size)) {
    c.drops.add_packet(DropReason::dtls_malformed, d.packet);
    return;
  }
  const uint32_t size = range.end - range.begin;
  // The reserve is for the set-up of TCP connections.
  dp::Message* m = (hello ? c.hellos : c.punts).take(now) && size <= sizeof m->data &&
                           c.mailbox.available_for_control() > c.message_reserve
                       ? c.mailbox.allocate_for_control()
                       : nullptr;
  if (m == nullptr) {
    c.drops.add_packet(DropReason::dtls_punt_limit, d.packet);
    return;
  }
  m->kind = dp::MessageKind::datagram;
  m->conn.worker = c.worker;
  m->flow = d.flow;
  m->size = size;
  std::memcpy(m->data, d.data() + range.begin, size);
  c.mailbox.to_control(m);
  dp::count(c.counters.punted);
}

}  // namespace culvert::dtls
