#include "dataplane/inner/oversized.hpp"

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

namespace {

uint8_t protocol_of(const rte_mbuf* m) noexcept {
  const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if (ip->version() == 4) return ip->protocol;
  return walk_extensions({rte_pktmbuf_mtod(m, const uint8_t*), m->data_len}).protocol;
}

}  // namespace

OversizedReports::OversizedReports(const SessionTable& sessions, Mailbox& mailbox, unsigned reserve)
    : sessions_(sessions), mailbox_(mailbox), reserve_(reserve), entries_(sessions.capacity()) {
  waiting_.reserve(entries_.size());
}

bool OversizedReports::post(const Oversized& what) noexcept {
  if (mailbox_.available_for_control() <= reserve_) return false;
  Message* m = mailbox_.allocate_for_control();
  if (m == nullptr) return false;
  m->kind = MessageKind::oversized;
  m->oversized = what;
  m->size = 0;
  mailbox_.to_control(m);
  return true;
}

void OversizedReports::add(const Session& session, const rte_mbuf* packet, uint16_t threshold,
                           bool answered, Time now) noexcept {
  const uint32_t position = sessions_.position_of(session);
  Entry& e = entries_[position];
  if (e.session != session.index) {
    const bool listed = e.listed;  // the position's former session had something untold
    e = Entry{};
    e.session = session.index;
    e.listed = listed;
  }
  if (e.limit.take(now) && post({.session = session.index,
                                 .src = source_of(packet),
                                 .dst = destination_of(packet),
                                 .size = packet->pkt_len,
                                 .threshold = threshold,
                                 .protocol = protocol_of(packet),
                                 .answered = answered,
                                 .untold = e.untold})) {
    e.untold = 0;
    return;
  }
  ++e.untold;
  if (!e.listed) {
    e.listed = true;
    waiting_.push_back(position);
  }
}

void OversizedReports::poll(Time now) noexcept {
  for (size_t i = 0; i < waiting_.size();) {
    Entry& e = entries_[waiting_[i]];
    if (e.untold != 0 && !(e.limit.take(now) && post({.session = e.session, .untold = e.untold}))) {
      ++i;
      continue;
    }
    e.untold = 0;
    e.listed = false;
    waiting_[i] = waiting_.back();
    waiting_.pop_back();
  }
}

}  // namespace culvert::dp
