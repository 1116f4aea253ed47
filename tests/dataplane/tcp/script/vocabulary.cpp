// Tables of names.
#include "tests/dataplane/tcp/script/vocabulary.hpp"

#include <algorithm>
#include <array>

namespace culvert::tcp::test::script {

namespace {

using dp::DropReason;

constexpr std::array kStates{
    std::pair{State::closed, "closed"},
    std::pair{State::syn_sent, "syn_sent"},
    std::pair{State::syn_received, "syn_received"},
    std::pair{State::established, "established"},
    std::pair{State::fin_wait_1, "fin_wait_1"},
    std::pair{State::fin_wait_2, "fin_wait_2"},
    std::pair{State::close_wait, "close_wait"},
    std::pair{State::closing, "closing"},
    std::pair{State::last_ack, "last_ack"},
    std::pair{State::time_wait, "time_wait"},
};
constexpr std::array kReasons{
    std::pair{CloseReason::none, "none"},
    std::pair{CloseReason::finished, "finished"},
    std::pair{CloseReason::peer_reset, "peer_reset"},
    std::pair{CloseReason::local_abort, "local_abort"},
    std::pair{CloseReason::timed_out, "timed_out"},
    std::pair{CloseReason::handshake_failed, "handshake_failed"},
    std::pair{CloseReason::refused, "refused"},
};
constexpr std::array<std::pair<uint8_t, std::string_view>, 5> kEvents{{
    {event::kOpened, "opened"},
    {event::kReadable, "readable"},
    {event::kWritable, "writable"},
    {event::kPeerClosed, "peer-closed"},
    {event::kClosed, "closed"},
}};

template <typename Table, typename Key>
std::string_view look_up(const Table& table, Key key) {
  for (const auto& [value, name] : table) {
    if (value == key) return name;
  }
  return "unknown";
}

template <typename Table>
bool has_name(const Table& table, std::string_view name) {
  return std::any_of(table.begin(), table.end(),
                     [&](const auto& entry) { return entry.second == name; });
}

bool events_known(std::string_view names) {
  if (names == "none") return true;
  while (!names.empty()) {
    const size_t plus = names.find('+');
    if (!has_name(kEvents, names.substr(0, plus))) return false;
    names = plus == std::string_view::npos ? std::string_view{} : names.substr(plus + 1);
  }
  return true;
}

}  // namespace

bool apply_setting(Script& script, std::string_view key, uint64_t value) {
  EndpointConfig& config = script.config;
#define SETTING(name)                                        \
  if (key == #name) {                                        \
    config.name = static_cast<decltype(config.name)>(value); \
    return true;                                             \
  }
  SETTING(max_connections)
  SETTING(syn_backlog)
  SETTING(interface_mtu)
  SETTING(tcpmss_max)
  SETTING(tcpmss_min)
  SETTING(receive_buffer)
  SETTING(send_buffer)
  SETTING(keepalive_idle)
  SETTING(keepalive_interval)
  SETTING(keepalive_probes)
  SETTING(time_wait)
  SETTING(delayed_ack)
  SETTING(max_retransmits)
  SETTING(max_syn_retransmits)
  SETTING(max_connect_retransmits)
  SETTING(pacing)
  SETTING(sent_ranges)
  SETTING(receive_runs)
#undef SETTING
  if (key == "peer_isn") {
    script.peer_isn = static_cast<uint32_t>(value);
    return true;
  }
  return false;
}

bool choose_congestion(Script& script, std::string_view name) {
  if (name != "cubic" && name != "newreno") return false;
  script.config.congestion =
      name == "cubic" ? CongestionAlgorithm::cubic : CongestionAlgorithm::newreno;
  return true;
}

const std::atomic<uint64_t>* counter(const EndpointCounters& counters, std::string_view name) {
#define COUNTER(field) \
  if (name == #field) return &counters.field;
  COUNTER(segments_in)
  COUNTER(segments_out)
  COUNTER(bytes_in)
  COUNTER(bytes_out)
  COUNTER(cookies_sent)
  COUNTER(cookies_accepted)
  COUNTER(accepted)
  COUNTER(established)
  COUNTER(closed)
  COUNTER(resets_in)
  COUNTER(resets_out)
  COUNTER(retransmits)
  COUNTER(fast_retransmits)
  COUNTER(timeouts)
  COUNTER(out_of_order)
  COUNTER(duplicate_acks)
  COUNTER(connects)
  COUNTER(tail_probes)
  COUNTER(undone)
  COUNTER(dsacks_in)
  COUNTER(connections)
#undef COUNTER
  return nullptr;
}

DropReason drop_reason(std::string_view keyword) {
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (dp::text(reason).keyword == keyword) return reason;
  }
  return DropReason::count_;
}

uint64_t all_drops(const dp::DropCounters& drops) {
  uint64_t sum = 0;
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    sum += drops.get(static_cast<DropReason>(i));
  }
  return sum;
}

std::string_view name_of(State state) {
  return look_up(kStates, state);
}
std::string_view name_of(CloseReason reason) {
  return look_up(kReasons, reason);
}

std::string names_of_events(uint8_t bits) {
  std::string names;
  for (const auto& [bit, name] : kEvents) {
    if ((bits & bit) == 0) continue;
    if (!names.empty()) names += '+';
    names += name;
  }
  return names.empty() ? "none" : names;
}

bool known(Check::What what, std::string_view name) {
  static const EndpointCounters counters{};
  switch (what) {
    case Check::What::event: return events_known(name);
    case Check::What::state: return has_name(kStates, name);
    case Check::What::reason: return has_name(kReasons, name);
    case Check::What::counter: return counter(counters, name) != nullptr;
    case Check::What::drop: return name == "any" || drop_reason(name) != DropReason::count_;
    default: return true;
  }
}

}  // namespace culvert::tcp::test::script
