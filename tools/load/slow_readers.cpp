// Coming, asking, reading badly, leaving.
#include "tools/load/slow_readers.hpp"

namespace culvert::load {

SlowReaders::SlowReaders(const SlowReadersConfig& config) : config_(config) {
  for (size_t kind = 0; kind < kSlowReaderKinds; ++kind) {
    counts_[kind].wanted = config_.numbers[kind];
    readers_.insert(readers_.end(), config_.numbers[kind], {static_cast<SlowReaderKind>(kind)});
  }
}

std::optional<SlowOrder> SlowReaders::next(Time now) {
  if (closing_) return next_leaver(now);
  if (!begun_) return std::nullopt;
  if (!stops_.empty()) {
    const uint32_t reader = stops_.front();
    stops_.pop_front();
    if (readers_[reader].state == State::slow) return SlowOrder{SlowAct::stop, reader};
  }
  if (const auto order = next_read(now)) return order;
  if (const auto order = next_log_in()) return order;
  return next_question(now);
}

std::optional<SlowOrder> SlowReaders::next_log_in() {
  if (came_ == size() || on_their_way_ >= config_.at_once) return std::nullopt;
  ++on_their_way_;
  readers_[came_].state = State::on_its_way;
  return SlowOrder{SlowAct::log_in, came_++};
}

std::optional<SlowOrder> SlowReaders::next_read(Time now) {
  while (!reads_.empty() && reads_.front().at <= now) {
    const uint32_t reader = reads_.front().reader;
    reads_.pop_front();
    if (readers_[reader].state != State::slow) continue;
    reads_.push_back({now + config_.read_every, reader});
    return SlowOrder{SlowAct::read, reader};
  }
  return std::nullopt;
}

std::optional<SlowOrder> SlowReaders::next_question(Time now) {
  while (!asks_.empty() && asks_.front().at <= now) {
    const uint32_t reader = asks_.front().reader;
    asks_.pop_front();
    if (!asks(readers_[reader], now)) continue;
    // From now, so that what a long turn left behind does not come in one burst.
    asks_.push_back({now + config_.ask_every, reader});
    return SlowOrder{SlowAct::ask, reader};
  }
  return std::nullopt;
}

bool SlowReaders::asks(const Reader& reader, Time now) const noexcept {
  if (reader.state == State::up) return true;
  if (reader.state != State::slow) return false;
  return reader.kind != SlowReaderKind::hung || now < reader.slow_since + config_.asks_on;
}

std::optional<SlowOrder> SlowReaders::next_leaver(Time now) {
  for (; left_ < came_; ++left_) {
    Reader& reader = readers_[left_];
    if (reader.state == State::gone) continue;
    // Who is still on the way leaves as soon as it is in.
    if (reader.state == State::on_its_way) return std::nullopt;
    if (reader.state == State::slow) {
      ++count_of(left_).kept;
      count_of(left_).stay.add(now - reader.slow_since);
    }
    reader.state = State::gone;
    return SlowOrder{SlowAct::leave, left_++};
  }
  return std::nullopt;
}

void SlowReaders::send_away() {
  closing_ = true;
}

void SlowReaders::came_up(uint32_t reader, Time now) {
  if (readers_[reader].state != State::on_its_way) return;
  --on_their_way_;
  readers_[reader].state = State::up;
  ++count_of(reader).up;
  asks_.push_front({now, reader});  // whoever else is due now is so right behind it
}

void SlowReaders::refused(uint32_t reader, const std::string& why) {
  if (readers_[reader].state != State::on_its_way) return;
  --on_their_way_;
  readers_[reader].state = State::gone;
  ++count_of(reader).refused;
  ++count_of(reader).ends[why];
}

void SlowReaders::answered(uint32_t reader, Time now) {
  Reader& r = readers_[reader];
  ++count_of(reader).answers;
  if (r.state != State::up) return;
  r.state = State::slow;
  r.slow_since = now;
  ++count_of(reader).slow;
  if (r.kind != SlowReaderKind::tiny) stops_.push_back(reader);
  if (r.kind == SlowReaderKind::trickle) reads_.push_back({now + config_.read_every, reader});
}

void SlowReaders::ended(uint32_t reader, const std::string& why, Time now) {
  Reader& r = readers_[reader];
  if (r.state != State::up && r.state != State::slow) return;
  ++count_of(reader).ends[why];
  if (r.state == State::slow) {
    ++count_of(reader).shown_out;
    count_of(reader).stay.add(now - r.slow_since);
  }
  r.state = State::gone;
}

}  // namespace culvert::load
