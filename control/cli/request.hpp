// The protocol of the management socket: one JSON object a line, one answer a line.
//
//   {"command": "show version", "json": true}   ->  {"ok": true, "text": "...", "json": {...}}
//   {"command": "vpn-sessiondb logoff all"}     ->  {"ok": false, "confirm": "...?"}; again with
//   "confirmed": true
//   {"complete": "show vp"}                     ->  {"ok": true, "completions": ["vpn-sessiondb"]}
//   {"help": "show "}                           ->  {"ok": true, "text": "..."}
//   anything else                               ->  {"ok": false, "text": "what is wrong"}
#pragma once

#include <string>
#include <string_view>

#include "control/show/snapshot.hpp"

namespace culvert::control {

// `line` without its end; the answer without one too. Never throws for what `line` holds.
[[nodiscard]] std::string answer_request(std::string_view line, StateSource& state,
                                         const std::string& user);

}  // namespace culvert::control
