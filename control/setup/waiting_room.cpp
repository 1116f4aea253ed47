#include "control/setup/waiting_room.hpp"

#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

namespace {

// A hello comes right behind the connection. Who has kept it for longer than this, which is a few round
// trips, may be shown out for others.
constexpr uint64_t kGrace = kSecond;

}  // namespace

// Of the source that has most, if that is more than the newcomer's will have; of the newcomer's, if that has
// several; and where everybody has one or two, of those who do not speak. nullptr: the newcomer itself.
WaitingRoom::Entry* WaitingRoom::who_yields(const dp::IpAddress& newcomer, uint64_t now_us) const {
  if (by_size_.empty()) return nullptr;
  const auto found = sources_.find(newcomer);
  const size_t own = found == sources_.end() ? 0 : found->second.size();
  const auto& [most, largest] = *by_size_.rbegin();
  if (most >= own + 2) {
    const Source& source = sources_.at(largest);
    // Who has waited for long keeps his place.
    return source.silent.empty() ? source.ready.back() : source.silent.front();
  }
  if (own > 1) return found->second.silent.empty() ? nullptr : found->second.silent.front();
  if (silent_.empty() || now_us < silent_.front()->guest.since_us + kGrace) return nullptr;
  return silent_.front();
}

void WaitingRoom::stand_in_line(Entry& entry) {
  Source& source = sources_[entry.source];
  const bool ready = !entry.guest.hello.empty();
  if (source.size() != 0) by_size_.erase({source.size(), entry.source});
  if (ready && source.ready.empty()) source.turn = turns_.insert(turns_.end(), entry.source);
  Line& all = ready ? ready_ : silent_;
  Line& own = ready ? source.ready : source.silent;
  entry.by_age = all.insert(all.end(), &entry);
  entry.of_its_source = own.insert(own.end(), &entry);
  by_size_.emplace(source.size(), entry.source);
}

void WaitingRoom::leave_line(Entry& entry) {
  const auto found = sources_.find(entry.source);
  Source& source = found->second;
  const bool ready = !entry.guest.hello.empty();
  by_size_.erase({source.size(), entry.source});
  (ready ? ready_ : silent_).erase(entry.by_age);
  (ready ? source.ready : source.silent).erase(entry.of_its_source);
  if (ready && source.ready.empty()) turns_.erase(source.turn);
  if (source.size() == 0) {
    sources_.erase(found);
  } else {
    by_size_.emplace(source.size(), entry.source);
  }
}

WaitingRoom::Guest WaitingRoom::take_out(Entry& entry) {
  leave_line(entry);
  bytes_ -= entry.guest.hello.size();
  Guest guest = std::move(entry.guest);
  guests_.erase(guest.arrival.conn);
  return guest;
}

std::optional<dp::ConnId> WaitingRoom::enter(const Arrival& arrival, size_t most, uint64_t now_us) {
  const dp::IpAddress source = source_of(arrival.flow.remote);
  std::optional<dp::ConnId> yields;
  if (guests_.size() >= most) {
    Entry* entry = who_yields(source, now_us);
    if (entry == nullptr) return arrival.conn;
    yields = take_out(*entry).arrival.conn;
  }
  const auto [at, is_new] = guests_.try_emplace(arrival.conn);
  if (!is_new) return yields;
  at->second.guest = {arrival, now_us};
  at->second.source = source;
  stand_in_line(at->second);
  return yields;
}

bool WaitingRoom::speak(dp::ConnId conn, std::span<const uint8_t> hello, uint64_t now_us) {
  const auto found = guests_.find(conn);
  if (found == guests_.end() || hello.empty() || !found->second.guest.hello.empty()) return true;
  Entry& entry = found->second;
  if (bytes_ + hello.size() > limits_.waiting_bytes) {
    (void)take_out(entry);
    return false;
  }
  leave_line(entry);
  entry.guest.hello.assign(hello.begin(), hello.end());
  entry.guest.since_us = now_us;
  bytes_ += hello.size();
  stand_in_line(entry);
  return true;
}

std::optional<WaitingRoom::Guest> WaitingRoom::next(
    const std::function<bool(const dp::IpAddress& source)>& takes) {
  for (auto turn = turns_.begin(); turn != turns_.end(); ++turn) {
    if (!takes(*turn)) continue;
    Source& source = sources_.at(*turn);
    turns_.splice(turns_.end(), turns_, turn);
    return take_out(*source.ready.front());
  }
  return std::nullopt;
}

bool WaitingRoom::leave(dp::ConnId conn) {
  const auto found = guests_.find(conn);
  if (found == guests_.end()) return false;
  (void)take_out(found->second);
  return true;
}

std::vector<WaitingRoom::Guest> WaitingRoom::expire(uint64_t now_us) {
  std::vector<Guest> gone;
  const auto collect = [&](const Line& line, unsigned seconds) {
    while (!line.empty() && now_us >= line.front()->guest.since_us + seconds * kSecond)
      gone.push_back(take_out(*line.front()));
  };
  collect(silent_, limits_.handshake_s);
  collect(ready_, limits_.wait_s);
  return gone;
}

}  // namespace culvert::control
