// Coming, speaking, dripping, leaving.
#include "tools/load/strangers.hpp"

#include <algorithm>
#include <cmath>

#include "tools/load/stranger_bytes.hpp"

namespace culvert::load {

namespace {

bool is_packet(StrangerKind kind) noexcept {
  return kind == StrangerKind::syn || kind == StrangerKind::garbage_udp;
}

}  // namespace

Strangers::Strangers(StrangersConfig config, Time start)
    : config_(std::move(config)), chance_(config_.seed), start_(start) {}

uint32_t Strangers::at_once(const StrangerRates& rates, Time patience) noexcept {
  double calls = 0;
  for (size_t kind = 0; kind < rates.size(); ++kind) {
    if (!is_packet(static_cast<StrangerKind>(kind))) calls += rates[kind];
  }
  return calls <= 0 ? 0 : static_cast<uint32_t>(std::ceil(calls * in_seconds(patience) * 1.1)) + 8;
}

std::optional<StrangerOrder> Strangers::next(Time now) {
  if (auto order = doing(speaks_, now)) return order;
  if (auto order = doing(leaves_, now)) return order;
  if (auto order = doing(drips_, now)) return order;
  return closing_ ? std::nullopt : arrival(now);
}

std::optional<StrangerOrder> Strangers::arrival(Time now) {
  for (size_t i = 0; i < kStrangerKinds; ++i) {
    StrangerCount& count = counts_[i];
    if (config_.rates[i] <= 0 ||
        in_seconds(now - start_) * config_.rates[i] < static_cast<double>(count.came + 1)) {
      continue;
    }
    ++count.came;
    asked_ = static_cast<StrangerKind>(i);
    if (is_packet(asked_)) return packet_of(asked_);
    return StrangerOrder{.act = StrangerAct::call};
  }
  return std::nullopt;
}

StrangerOrder Strangers::packet_of(StrangerKind kind) {
  const dp::Flow flow{address_of_nobody(config_.headend, chance_), config_.headend,
                      static_cast<uint16_t>(1024 + chance_.next() % 64000), config_.port};
  StrangerOrder order{.act = StrangerAct::transmit, .bytes = std::vector<uint8_t>(512)};
  const size_t size = kind == StrangerKind::syn
                          ? write_syn(order.bytes, flow, static_cast<uint32_t>(chance_.next()))
                          : write_datagram(order.bytes, flow, garbage_datagram(chance_));
  order.bytes.resize(size);
  return order;
}

void Strangers::called(std::optional<uint32_t> stranger) {
  if (!stranger) {
    ++count_of(asked_).not_sent;
    return;
  }
  present_[*stranger] = {.stranger = {.kind = asked_}, .call = ++calls_};
}

void Strangers::not_transmitted() noexcept {
  ++count_of(asked_).not_sent;
}

void Strangers::opened(uint32_t stranger, Time now) {
  const auto at = present_.find(stranger);
  if (at == present_.end()) return;
  at->second.stranger.open = true;
  at->second.stranger.opened_at = now;
  ++count_of(at->second.stranger.kind).opened;
  speaks_.push_back({now, stranger, at->second.call, false});
  leaves_.push_back({now + config_.patience, stranger, at->second.call, true});
}

void Strangers::closed(uint32_t stranger, Time now) {
  const auto at = present_.find(stranger);
  if (at == present_.end()) return;
  if (at->second.stranger.open) {
    StrangerCount& count = count_of(at->second.stranger.kind);
    ++count.shown_out;
    count.stay.add(now - at->second.stranger.opened_at);
  }
  present_.erase(at);
}

void Strangers::send_away(Time now) {
  if (closing_) return;
  closing_ = true;
  speaks_.clear();
  drips_.clear();
  leaves_.clear();
  for (const auto& [id, entry] : present_)
    leaves_.push_back({now, id, entry.call, true});
}

std::optional<StrangerOrder> Strangers::doing(std::deque<Due>& line, Time now) {
  while (!line.empty() && line.front().at <= now) {
    const Due due = line.front();
    line.pop_front();
    const auto at = present_.find(due.stranger);
    if (at == present_.end() || at->second.call != due.call) continue;
    if (due.goes) return farewell(due.stranger);
    return first_words(due.stranger, at->second, now);
  }
  return std::nullopt;
}

StrangerOrder Strangers::first_words(uint32_t id, Entry& entry, Time now) {
  StrangerOrder order{.act = StrangerAct::say, .stranger = id};
  const std::vector<uint8_t>& hello = config_.hello;
  switch (entry.stranger.kind) {
    case StrangerKind::half_handshake: {
      const size_t size = 1 + chance_.next() % std::max<size_t>(hello.size() - 1, 1);
      order.bytes.assign(hello.begin(), hello.begin() + static_cast<ptrdiff_t>(size));
      break;
    }
    case StrangerKind::half_tls: order.bytes = hello; break;
    case StrangerKind::slow:
      order.bytes.push_back(hello[entry.stranger.said++]);
      if (entry.stranger.said < hello.size())
        drips_.push_back({now + config_.drip, id, entry.call, false});
      break;
    default: order.bytes = garbage(chance_); break;
  }
  return order;
}

StrangerOrder Strangers::farewell(uint32_t id) {
  constexpr std::array kWays{StrangerAct::hang_up, StrangerAct::reset, StrangerAct::forsake};
  present_.erase(id);
  return {.act = kWays[chance_.next() % kWays.size()], .stranger = id};
}

}  // namespace culvert::load
