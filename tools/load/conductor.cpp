// Orders and events.
#include "tools/load/conductor.hpp"

#include <cstring>

#include <fmt/format.h>

namespace culvert::load {

namespace {

constexpr int kOrdersATurn = 256;
constexpr int kStrangersATurn = 64;
constexpr int kSlowReadersATurn = 64;

// Why something failed, for the report: the reason, and what the headend's last answer was.
std::string reason_of(const crowd::Event& event) {
  std::string why(crowd::to_string(event.why));
  if (event.http_status != 0 && event.http_status != 200)
    why += fmt::format(" (status {})", event.http_status);
  return why;
}

}  // namespace

bool Conductor::act(rte_mempool* pool, Time now) {
  bool busy = false;
  for (int i = 0; i < kOrdersATurn; ++i) {
    const auto order = scenario_.next(now);
    if (!order) break;
    carry_out(*order, now);
    busy = true;
  }
  if (!held_dtls_ && scenario_.began(Phase::settle) != kNever)
    held_dtls_ = crowd_.counters().dtls_up;
  for (int i = 0; i < kStrangersATurn; ++i) {
    const auto order = strangers_.next(now);
    if (!order) break;
    carry_out(*order, pool, now);
    busy = true;
  }
  if (scenario_.phase() == Phase::hold) slow_readers_.begin();
  for (int i = 0; i < kSlowReadersATurn; ++i) {
    const auto order = slow_readers_.next(now);
    if (!order) break;
    carry_out(*order, now);
    busy = true;
  }
  return busy;
}

void Conductor::carry_out(const Order& order, Time now) {
  const uint32_t member = order.member;
  bool done = false;
  switch (order.act) {
    case Act::log_in:
      ++tally_.log_ins.made;
      last_[member] = order.act;
      done = crowd_.log_in(member, credentials_, now);
      break;
    case Act::reconnect:
      ++tally_.reconnects.made;
      last_[member] = order.act;
      data_.interrupt(member, now);
      if (crowd_.state(member) == crowd::MemberState::up) (void)crowd_.cut(member, now);
      done = crowd_.reconnect(member, now);
      break;
    case Act::roam_address:
      last_[member] = order.act;
      data_.interrupt(member, now);
      done = crowd_.roam(member, crowd::Roam::address, now);
      break;
    case Act::roam_port:
      // Who has no DTLS tunnel at the moment has no port to change.
      if (crowd_.roam(member, crowd::Roam::port, now)) {
        ++tally_.roamed_port;
        data_.moved_port(member, now);
      }
      return;
    case Act::leave:
      expect_no_answers(member, now);
      tally_.left += crowd_.leave(member, now) ? 1 : 0;
      return;
    case Act::vanish:
      expect_no_answers(member, now);
      tally_.vanished += crowd_.vanish(member, now) ? 1 : 0;
      return;
  }
  if (done) return;
  count_failure(member);
  ++tally_.failures["not possible"];
  scenario_.failed(member, now, has_cookie(member));
}

void Conductor::carry_out(const StrangerOrder& order, rte_mempool* pool, Time now) {
  switch (order.act) {
    case StrangerAct::call: strangers_.called(crowd_.call(now)); return;
    case StrangerAct::say: (void)crowd_.say(order.stranger, order.bytes); return;
    case StrangerAct::hang_up: crowd_.hang_up(order.stranger); return;
    case StrangerAct::reset: crowd_.reset(order.stranger, now); return;
    case StrangerAct::forsake: crowd_.forsake(order.stranger, now); return;
    case StrangerAct::transmit: break;
  }
  rte_mbuf* const packet = rte_pktmbuf_alloc(pool);
  char* const room = packet == nullptr
                         ? nullptr
                         : rte_pktmbuf_append(packet, static_cast<uint16_t>(order.bytes.size()));
  if (room == nullptr) {
    rte_pktmbuf_free(packet);
    strangers_.not_transmitted();
    return;
  }
  std::memcpy(room, order.bytes.data(), order.bytes.size());
  if (!crowd_.transmit(packet)) strangers_.not_transmitted();
}

void Conductor::carry_out(const SlowOrder& order, Time now) {
  const uint32_t member = scenario_.members() + order.reader;
  switch (order.act) {
    case SlowAct::log_in: {
      crowd::Credentials who = credentials_;
      who.want_dtls = false;
      who.receive_buffer = receive_buffer_of(slow_readers_.kind(order.reader));
      if (!crowd_.log_in(member, who, now)) slow_readers_.refused(order.reader, "not possible");
      return;
    }
    case SlowAct::ask:
      if (data_.ask(member, now)) slow_readers_.asked(order.reader);
      return;
    case SlowAct::stop: (void)crowd_.stop_reading(member); return;
    case SlowAct::read: (void)crowd_.read_once(member); return;
    case SlowAct::leave: (void)crowd_.leave(member, now); return;
  }
}

// Who leaves at the end has had time to get its last ones; who leaves before has not.
void Conductor::expect_no_answers(uint32_t member, Time now) {
  if (scenario_.phase() == Phase::leave) {
    data_.give_up(member);
  } else {
    data_.interrupt(member, now);
  }
}

void Conductor::count_failure(uint32_t member) {
  switch (last_[member]) {
    case Act::log_in: ++tally_.log_ins.failed; return;
    case Act::roam_address: ++tally_.roams_failed; return;
    default: ++tally_.reconnects.failed; return;
  }
}

bool Conductor::listen(Time now) {
  bool busy = false;
  while (const auto event = crowd_.next_event()) {
    on_event(*event, now);
    busy = true;
  }
  return busy;
}

void Conductor::on_event(const crowd::Event& event, Time now) {
  switch (event.kind) {
    case crowd::EventKind::stranger_open: strangers_.opened(event.member, event.at); return;
    case crowd::EventKind::stranger_readable: return;
    case crowd::EventKind::stranger_closed: strangers_.closed(event.member, event.at); return;
    default: break;
  }
  if (event.member >= scenario_.members()) return on_slow_reader(event, now);
  switch (event.kind) {
    case crowd::EventKind::established: on_established(event, now); return;
    case crowd::EventKind::refused: on_refused(event, now); return;
    case crowd::EventKind::closed: on_closed(event, now); return;
    case crowd::EventKind::dtls_up: on_dtls_up(event); return;
    case crowd::EventKind::dtls_closed: on_dtls_closed(event); return;
    default: return;
  }
}

void Conductor::on_slow_reader(const crowd::Event& event, Time now) {
  const uint32_t reader = event.member - scenario_.members();
  switch (event.kind) {
    case crowd::EventKind::established:
      data_.addressed(event.member, crowd_.membership(event.member).inner);
      slow_readers_.came_up(reader, now);
      return;
    case crowd::EventKind::refused: slow_readers_.refused(reader, reason_of(event)); return;
    case crowd::EventKind::closed:
      if (event.why != crowd::Why::by_request) slow_readers_.ended(reader, reason_of(event), now);
      return;
    default: return;
  }
}

void Conductor::on_established(const crowd::Event& event, Time now) {
  const Time took = event.at - event.began;
  switch (last_[event.member]) {
    case Act::log_in:
      ++tally_.log_ins.worked;
      tally_.setup.add(took);
      came_ += scenario_.phase() == Phase::ramp ? 1 : 0;
      break;
    case Act::roam_address:
      ++tally_.roamed_address;
      tally_.roam.add(took);
      break;
    default:
      ++tally_.reconnects.worked;
      tally_.reconnect.add(took);
      break;
  }
  const crowd::Membership membership = crowd_.membership(event.member);
  ++tally_.suites[fmt::format("TLS {}", membership.tls_suite)];
  data_.addressed(event.member, membership.inner);
  data_.tunnel(event.member, membership.dtls_up);
  scenario_.came_up(event.member, now);
}

void Conductor::on_dtls_up(const crowd::Event& event) {
  count_dtls(event, true);
  tally_.dtls_setup.add(event.at - event.began);
  ++tally_.suites[fmt::format("DTLS {}", crowd_.membership(event.member).dtls_suite)];
  data_.tunnel(event.member, true);
}

void Conductor::on_dtls_closed(const crowd::Event& event) {
  const bool worked = data_.has_dtls(event.member);
  data_.tunnel(event.member, false);  // the data goes on over TLS, whoever ended it
  if (event.why == crowd::Why::by_request) return;
  if (worked) {
    ++tally_.dtls_closed;
  } else {
    count_dtls(event, false);
  }
  ++tally_.dtls_failures[std::string(crowd::to_string(event.why))];
}

void Conductor::count_dtls(const crowd::Event& event, bool worked) {
  const auto count = [worked](Attempts& attempts) {
    ++attempts.made;
    ++(worked ? attempts.worked : attempts.failed);
  };
  count(tally_.dtls);
  if (event.count > 1) count(tally_.dtls_again);
}

void Conductor::on_refused(const crowd::Event& event, Time now) {
  count_failure(event.member);
  ++tally_.failures[reason_of(event)];
  scenario_.failed(event.member, now, has_cookie(event.member));
}

void Conductor::on_closed(const crowd::Event& event, Time now) {
  data_.tunnel(event.member, false);
  if (event.why == crowd::Why::by_request) return;
  ++tally_.closed;
  ++tally_.closings[reason_of(event)];
  data_.give_up(event.member);
  scenario_.fell(event.member, now, has_cookie(event.member));
}

}  // namespace culvert::load
