// What a show command prints, as text in the ASA's layout and as JSON. Text lines end in '\n'.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "control/show/snapshot.hpp"

namespace culvert::control {

struct Output {
  std::string text;
  nlohmann::json json;
};

[[nodiscard]] Output show_sessions(const StateSource& state);
[[nodiscard]] Output show_session_details(const StateSource& state);
[[nodiscard]] Output show_session_summary(const StateSource& state);
// `section` is "", "frame" or "flow"; `keyword` one reason, or empty for all that are not zero.
[[nodiscard]] Output show_drops(const StateSource& state, std::string_view section,
                                std::string_view keyword);
[[nodiscard]] Output show_captures(const std::vector<CaptureView>& captures);
// With its newest packets.
[[nodiscard]] Output show_capture(const CaptureView& capture);
[[nodiscard]] Output show_sockets(const StateSource& state);
// An empty nameif shows all.
[[nodiscard]] Output show_interfaces(const StateSource& state, std::string_view nameif);
[[nodiscard]] Output show_running_config(const StateSource& state);
// What culvertd --check prints, too.
[[nodiscard]] Output show_mtu_advice(const Config& config);
[[nodiscard]] Output show_version(const StateSource& state);
[[nodiscard]] Output show_logging(const StateSource& state);
[[nodiscard]] Output show_arp(const StateSource& state);
[[nodiscard]] Output show_ipv6_neighbours(const StateSource& state);
[[nodiscard]] Output show_ipv6_routes(const StateSource& state);
[[nodiscard]] Output show_routes(const StateSource& state);
[[nodiscard]] Output show_workers(const StateSource& state);
[[nodiscard]] Output show_tunnels(const StateSource& state);
[[nodiscard]] Output show_buffers(const StateSource& state);
[[nodiscard]] Output show_tcp(const StateSource& state);
[[nodiscard]] Output show_setup(const StateSource& state);
[[nodiscard]] Output show_icmp_errors(const StateSource& state);

// Drop reasons that the ASA counts among flows; all others are of frames.
[[nodiscard]] bool is_flow_reason(std::string_view keyword) noexcept;

// "14:28:09 CDT Tue Mar 17 2020", local time.
[[nodiscard]] std::string login_time_text(Time time);
// "0013.2401.01a3".
[[nodiscard]] std::string mac_text(const std::array<uint8_t, 6>& mac);

}  // namespace culvert::control
