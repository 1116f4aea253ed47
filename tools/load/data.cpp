// Requests up, answers down.
#include "tools/load/data.hpp"

#include <algorithm>

namespace culvert::load {

namespace {
constexpr uint16_t kSlowEcho =
    1200;  // bytes of a slow reader's packets: large, so that windows are soon full
}

Data::Data(const Options& options, crowd::Crowd& crowd, rte_mempool* pool, Tally& tally,
           SlowReaders& slow_readers, Time now)
    : options_(options),
      crowd_(crowd),
      pool_(pool),
      tally_(tally),
      slow_readers_(slow_readers),
      ledger_(options.plan.sessions),
      slow_ledger_(options.plan.sessions + slow_readers.size()),
      members_(options.plan.sessions + slow_readers.size()),
      last_(now),
      now_(now) {
  crowd_.on_arrivals({.take = &Data::take, .arg = this});
}

void Data::addressed(uint32_t member, const dp::InnerAddresses& inner) {
  if (options_.target) members_[member].inner = options_.target->is_v4() ? inner.v4 : inner.v6;
}

void Data::interrupt(uint32_t member) {
  ledger_.interrupt(member);
}

void Data::moved_port(uint32_t member, Time now) {
  interrupt(member);
  members_[member].moved_at = now;
}

crowd::Channel Data::channel_of(Member& member) const noexcept {
  if (!member.dtls) return crowd::Channel::tls;
  if (options_.tunnels == Tunnels::both) {
    member.other_next = !member.other_next;
    if (member.other_next) return crowd::Channel::tls;
  }
  return crowd::Channel::dtls;
}

bool Data::send(const Roster& up, Time now) {
  now_ = now;
  // What a long turn left behind is not made up for in one burst: a second's worth at most.
  const double each_second = options_.pings * up.size();
  due_ = std::min(due_ + in_seconds(now - last_) * each_second, each_second + 1);
  last_ = now;
  if (!options_.target || up.size() == 0) return false;
  bool busy = false;
  while (due_ >= 1 && tls_.size < kBurst && dtls_.size < kBurst) {
    due_ -= 1;
    const uint32_t member = up[turn_++ % up.size()];
    if (members_[member].inner.is_unspecified()) continue;
    const uint16_t size = options_.sizes[size_turn_++ % options_.sizes.size()];
    rte_mbuf* const packet = request(member, size, ledger_, now);
    if (packet == nullptr) break;
    const crowd::Channel channel = channel_of(members_[member]);
    Burst& burst = channel == crowd::Channel::tls ? tls_ : dtls_;
    burst.packets[burst.size++] = {.packet = packet, .member = member};
    busy = true;
  }
  flush(crowd::Channel::tls, tls_, now);
  flush(crowd::Channel::dtls, dtls_, now);
  return busy;
}

bool Data::ask(uint32_t member, Time now) {
  const uint16_t mtu = crowd_.membership(member).tls_mtu;
  if (!options_.target || members_[member].inner.is_unspecified()) return false;
  rte_mbuf* const packet =
      request(member, mtu == 0 ? kSlowEcho : std::min(mtu, kSlowEcho), slow_ledger_, now);
  if (packet == nullptr) return false;
  crowd::Outgoing each{.packet = packet, .member = member};
  if (crowd_.send(crowd::Channel::tls, {&each, 1}, now) == 1) {
    slow_ledger_.sent(member);
    return true;
  }
  rte_pktmbuf_free(packet);
  return false;
}

rte_mbuf* Data::request(uint32_t member, uint16_t size, Ledger& ledger, Time now) {
  rte_mbuf* const packet = rte_pktmbuf_alloc(pool_);
  if (packet == nullptr) return nullptr;
  char* const room = rte_pktmbuf_append(packet, size);
  if (room == nullptr) {
    rte_pktmbuf_free(packet);
    return nullptr;
  }
  write_echo({reinterpret_cast<uint8_t*>(room), size}, members_[member].inner, *options_.target,
             ledger.next(member, now));
  return packet;
}

void Data::flush(crowd::Channel channel, Burst& burst, Time now) {
  if (burst.size == 0) return;
  // A packet that is taken is sealed where it lies, and may be gone: its size is read before.
  std::array<uint32_t, kBurst> sizes{};
  for (uint32_t i = 0; i < burst.size; ++i)
    sizes[i] = rte_pktmbuf_pkt_len(burst.packets[i].packet);
  (void)crowd_.send(channel, {burst.packets.data(), burst.size}, now);
  for (uint32_t i = 0; i < burst.size; ++i) {
    const crowd::Outgoing& each = burst.packets[i];
    switch (each.result) {
      case crowd::Sent::taken:
        ledger_.sent(each.member);
        tally_.bytes_up += sizes[i];
        continue;
      case crowd::Sent::later: ++tally_.later; break;
      case crowd::Sent::closed: ++tally_.closed_channel; break;
      case crowd::Sent::unfit: ++tally_.unfit; break;
    }
    rte_pktmbuf_free(each.packet);
  }
  burst.size = 0;
}

void Data::take(void* arg, std::span<const crowd::Arrival> arrivals) {
  for (const crowd::Arrival& arrival : arrivals)
    static_cast<Data*>(arg)->take(arrival);
}

EchoReply Data::read(const crowd::Arrival& arrival) const {
  EchoReply reply{};
  if (options_.target && rte_pktmbuf_is_contiguous(arrival.packet) != 0) {
    reply = read_echo_reply(
        {rte_pktmbuf_mtod(arrival.packet, const uint8_t*), rte_pktmbuf_data_len(arrival.packet)},
        *options_.target);
  }
  rte_pktmbuf_free(arrival.packet);
  // An answer that came down another's tunnel is as wrong as one with other bytes.
  if (reply.verdict == EchoVerdict::intact && reply.mark.member != arrival.member)
    reply.verdict = EchoVerdict::damaged;
  return reply;
}

void Data::take(const crowd::Arrival& arrival) {
  if (!is_slow_reader(arrival.member)) tally_.bytes_down += rte_pktmbuf_pkt_len(arrival.packet);
  const EchoReply reply = read(arrival);
  if (reply.verdict == EchoVerdict::foreign) {
    ++tally_.foreign;
    return;
  }
  if (reply.verdict == EchoVerdict::damaged) {
    ++tally_.damaged;
    return;
  }
  if (is_slow_reader(arrival.member)) {
    if (slow_ledger_.answered(reply.mark) == Answer::first)
      slow_readers_.answered(arrival.member - options_.plan.sessions, now_);
    return;
  }
  if (ledger_.answered(reply.mark) != Answer::first) return;
  tally_.rtt.add(now_ - reply.mark.sent);
  Member& member = members_[arrival.member];
  if (member.moved_at != 0) {
    tally_.roam.add(now_ - member.moved_at);
    member.moved_at = 0;
  }
}

}  // namespace culvert::load
