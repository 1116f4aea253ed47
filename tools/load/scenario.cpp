// The phases: they come, are held and disturbed, send nothing new for a moment, and leave.
#include "tools/load/scenario.hpp"

#include <algorithm>
#include <utility>

namespace culvert::load {

namespace {
constexpr Time kStragglers = 10 * kSecond;
}

Scenario::Scenario(const Plan& plan, Time start)
    : plan_(plan), chance_(plan.seed), members_(plan.sessions), up_(plan.sessions) {
  began_.fill(kNever);
  churn_.rate = plan.churn;
  death_.rate = plan.silent_death;
  roam_.rate = plan.roam;
  leave_.rate = plan.leave_rate;
  enter(Phase::ramp, start);
}

void Scenario::enter(Phase phase, Time now) {
  phase_ = phase;
  began_[static_cast<size_t>(phase)] = now;
  if (phase == Phase::settle) held_ = up_.size();
}

std::optional<Order> Scenario::next(Time now) {
  advance(now);
  switch (phase_) {
    case Phase::ramp: return next_set_up(now);
    case Phase::hold:
      if (const auto order = next_of_storm()) return order;
      if (const auto order = next_set_up(now)) return order;
      return next_disturbance(now);
    case Phase::leave: return next_leaver(now);
    case Phase::settle:
    case Phase::over: break;
  }
  return std::nullopt;
}

void Scenario::advance(Time now) {
  const Time since = now - began(phase_);
  switch (phase_) {
    case Phase::ramp:
      // Who fell meanwhile comes back in the hold: a headend that ends sessions again and again would never see it.
      if (settled_in_ == plan_.sessions) enter(Phase::hold, now);
      return;
    case Phase::hold:
      if (wave_due(now)) begin_storm(now);
      // A storm is waited for, and so is who came last.
      if (since >= plan_.hold && settled() && storming_.empty() && of_storm_ == 0)
        enter(Phase::settle, now);
      return;
    case Phase::settle:
      if (since >= plan_.settle) enter(Phase::leave, now);
      return;
    case Phase::leave:
      // Who is still on the way when it ends early leaves as soon as it is in.
      if (up_.size() != 0 || (on_their_way_ != 0 && since < kStragglers)) {
        last_left_ = now;
      } else if (now - std::max(last_left_, began(Phase::leave)) >= plan_.drain) {
        enter(Phase::over, now);
      }
      return;
    case Phase::over: return;
  }
}

// The integral of a rate that rises evenly during the ramp and then stays.
double Scenario::log_ins_due(Time since_start) const noexcept {
  const double t = in_seconds(since_start), ramp = in_seconds(plan_.ramp);
  if (t < ramp) return plan_.rate * t * t / (2 * ramp);
  return plan_.rate * (ramp / 2 + t - ramp);
}

std::optional<Order> Scenario::next_set_up(Time now) {
  if (on_their_way_ >= plan_.at_once && of_storm_ == 0) return std::nullopt;
  if (!waiting_.empty() && waiting_.front().until <= now) {
    const uint32_t member = waiting_.front().member;
    waiting_.pop_front();
    return send(member, members_[member].by_cookie ? Act::reconnect : Act::log_in);
  }
  if (on_their_way_ >= plan_.at_once) return std::nullopt;
  if (!coming_.empty()) {
    const uint32_t member = coming_.front();
    coming_.pop_front();
    return send(member, Act::log_in);
  }
  if (first_log_ins_ == plan_.sessions) return std::nullopt;
  const Time since = now - began(Phase::ramp);
  if (plan_.rate > 0 && log_ins_due(since) < first_log_ins_ + 1) return std::nullopt;
  return send(first_log_ins_++, Act::log_in);
}

std::optional<Order> Scenario::next_of_storm() {
  while (!storming_.empty()) {
    const uint32_t member = storming_.back();
    storming_.pop_back();
    if (up_.has(member)) return send(member, Act::reconnect);
    // It fell before its turn came, and is on its way or waits for it as one of the storm.
  }
  return std::nullopt;
}

std::optional<Order> Scenario::next_disturbance(Time now) {
  const Time since = now - began(Phase::hold);
  if (up_.size() == 0 || since >= plan_.hold) return std::nullopt;
  for (const auto& [stream, act] :
       {std::pair(&churn_, Act::leave), std::pair(&death_, Act::vanish)}) {
    if (!stream->due(since)) continue;
    ++stream->taken;
    const uint32_t member = draw();
    coming_.push_back(member);
    return send(member, act);
  }
  if (roam_.due(since)) {
    ++roam_.taken;
    bool to_port = plan_.roam_to == RoamTo::port;
    if (plan_.roam_to == RoamTo::both) to_port = roamed_to_port_ = !roamed_to_port_;
    const uint32_t member = draw();
    return to_port ? Order{Act::roam_port, member} : send(member, Act::roam_address);
  }
  return std::nullopt;
}

std::optional<Order> Scenario::next_leaver(Time now) {
  if (up_.size() == 0 || !leave_.due(now - began(Phase::leave))) return std::nullopt;
  ++leave_.taken;
  return send(up_[up_.size() - 1], plan_.vanish ? Act::vanish : Act::leave);
}

Order Scenario::send(uint32_t member, Act act) {
  up_.remove(member);
  Member& m = members_[member];
  switch (act) {
    case Act::leave:
    case Act::vanish: m = {.state = State::done}; break;
    default:
      m.state = State::on_its_way;
      ++m.tries;
      ++on_their_way_;
      break;
  }
  return {act, member};
}

uint32_t Scenario::draw() noexcept {
  return up_[chance_.next() % up_.size()];
}

// The storms cut the hold into equal parts. Storms do not overlap: a late one makes the next ones late.
bool Scenario::wave_due(Time now) const noexcept {
  const auto done = static_cast<Time>(storms_.size());
  if (done >= plan_.storms || of_storm_ != 0 || !storming_.empty()) return false;
  return now - began(Phase::hold) >= plan_.hold * (done + 1) / (plan_.storms + 1);
}

void Scenario::begin_storm(Time now) {
  for (uint32_t i = 0; i < up_.size(); ++i) {
    storming_.push_back(up_[i]);
    members_[up_[i]].in_storm = true;
  }
  of_storm_ = up_.size();
  storms_.push_back({.began = now, .members = of_storm_});
  if (of_storm_ == 0) storms_.back().ended = now;
}

void Scenario::out_of_storm(Member& member, bool back, Time now) {
  if (!member.in_storm) return;
  member.in_storm = false;
  storms_.back().back += back ? 1 : 0;
  if (--of_storm_ == 0) storms_.back().ended = now;
}

void Scenario::settle_in(Member& member) noexcept {
  settled_in_ += member.settled_in ? 0 : 1;
  member.settled_in = true;
}

void Scenario::came_up(uint32_t member, Time now) {
  Member& m = members_[member];
  if (m.state != State::on_its_way) return;
  --on_their_way_;
  m.state = State::up;
  m.tries = 0;
  m.by_cookie = false;
  out_of_storm(m, true, now);
  settle_in(m);
  up_.add(member);
  peak_ = std::max(peak_, up_.size());
}

void Scenario::failed(uint32_t member, Time now, bool has_cookie) {
  Member& m = members_[member];
  if (m.state != State::on_its_way) return;
  --on_their_way_;
  try_again(member, now, has_cookie);
}

void Scenario::fell(uint32_t member, Time now, bool has_cookie) {
  Member& m = members_[member];
  if (m.state != State::up) return;
  up_.remove(member);
  // Beyond its length the hold waits for a storm and for those that are out already, but not for ever new ones.
  if (phase_ == Phase::hold && now - began(Phase::hold) >= plan_.hold && of_storm_ == 0) {
    m.state = State::done;
    return;
  }
  try_again(member, now, has_cookie);
}

void Scenario::try_again(uint32_t member, Time now, bool has_cookie) {
  Member& m = members_[member];
  m.by_cookie = has_cookie;
  const bool ending = phase_ == Phase::settle || phase_ == Phase::leave;
  if (m.tries >= plan_.tries || ending) {
    m.state = State::done;
    if (!ending) ++gave_up_;
    out_of_storm(m, false, now);
    settle_in(m);
    return;
  }
  m.state = State::waiting;
  waiting_.push_back({now + plan_.pause, member});
}

void Scenario::wind_up(Time now) {
  if (phase_ != Phase::ramp && phase_ != Phase::hold) return;
  waiting_.clear();
  coming_.clear();
  storming_.clear();
  enter(Phase::settle, now);
}

}  // namespace culvert::load
