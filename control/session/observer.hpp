// Who is told when sessions begin, change and end.
#pragma once

#include <cstdint>
#include <string_view>

namespace culvert::control {

struct SessionRecord;

enum class EndCause : uint8_t {
  user_requested,
  lost_carrier,
  idle_timeout,
  max_time,
  administrator_reset,
  port_preempted,
  shutdown,
};
// The ASA's words, as in 113019.
[[nodiscard]] constexpr std::string_view to_string(EndCause cause) noexcept {
  switch (cause) {
    case EndCause::user_requested: return "User Requested";
    case EndCause::lost_carrier: return "Lost Carrier";
    case EndCause::idle_timeout: return "Idle Timeout";
    case EndCause::max_time: return "Max time exceeded";
    case EndCause::administrator_reset: return "Administrator Reset";
    case EndCause::port_preempted: return "Port Preempted";
    case EndCause::shutdown: return "Administrator Shutdown";
  }
  return "Unknown";
}

// The same in 716002, which the ASA writes in other letters than 113019.
[[nodiscard]] constexpr std::string_view termination_text(EndCause cause) noexcept {
  switch (cause) {
    case EndCause::lost_carrier: return "Lost carrier";
    case EndCause::idle_timeout: return "Idle timeout";
    case EndCause::administrator_reset: return "Administrator reset";
    case EndCause::port_preempted: return "Port preempted";
    case EndCause::shutdown: return "Administrator shutdown";
    case EndCause::user_requested:
    case EndCause::max_time: break;
  }
  return to_string(cause);
}

class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // A tunnel carries the session from now on: its first one, or another.
  virtual void tunnel_added(const SessionRecord& session) = 0;
  // Its totals are final. Also for sessions that never had a tunnel.
  virtual void ended(const SessionRecord& session, EndCause cause) = 0;
};

}  // namespace culvert::control
