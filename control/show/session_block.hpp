// What `show vpn-sessiondb anyconnect` says of one session, with and without `detail`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "control/show/output.hpp"
#include "control/show/snapshot.hpp"

namespace culvert::control {

// Two pairs on a line; a left value that fills its column puts the right pair on a line of its own.
// Each line begins with `indent`.
[[nodiscard]] std::string pair_line(std::string_view left, std::string_view value,
                                    std::string_view right, std::string_view other,
                                    std::string_view indent = "");

// The lines of a session, in the ASA's layout. `packets`: its packets too, and drops.
[[nodiscard]] std::string session_block(const SessionView& session, Time now, bool packets);
[[nodiscard]] nlohmann::json session_json(const SessionView& session, Time now);

// All sessions under the heading of their `type`, or the ASA's sentence if there is none.
[[nodiscard]] Output session_list(
    const StateSource& state, std::string_view type,
    const std::function<std::string(const SessionView&, Time)>& text_of,
    const std::function<nlohmann::json(const SessionView&, Time)>& json_of);

}  // namespace culvert::control
