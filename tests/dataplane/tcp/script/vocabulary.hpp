// The words that scripts take from the endpoint: settings, counters, reasons, states.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "tests/dataplane/tcp/script/language.hpp"

namespace culvert::tcp::test::script {

// One value by its name in EndpointConfig; durations in microseconds. False if there is no such key.
[[nodiscard]] bool apply_setting(Script& script, std::string_view key, uint64_t value);
// "cubic" or "newreno"; false for anything else.
[[nodiscard]] bool choose_congestion(Script& script, std::string_view name);
// nullptr if there is no such counter.
[[nodiscard]] const std::atomic<uint64_t>* counter(const EndpointCounters& counters,
                                                   std::string_view name);
// What `show asp drop` calls a reason. DropReason::count_ if there is none.
[[nodiscard]] dp::DropReason drop_reason(std::string_view keyword);
[[nodiscard]] uint64_t all_drops(const dp::DropCounters& drops);
[[nodiscard]] std::string_view name_of(State state);
[[nodiscard]] std::string_view name_of(CloseReason reason);
// "opened+readable", "none"
[[nodiscard]] std::string names_of_events(uint8_t bits);

// Whether the words of an `expect:` line exist.
[[nodiscard]] bool known(Check::What what, std::string_view name);

}  // namespace culvert::tcp::test::script
