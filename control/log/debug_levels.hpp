// Which `debug` commands are on. What `webvpn anyconnect` has to say is message 711001, as with an ASA's
// `logging debug-trace`; the log shows it whatever its levels are, because somebody asked for it.
#pragma once

namespace culvert::control {

inline constexpr unsigned kDebugTrace = 711001;

struct DebugLevels {
  unsigned webvpn_anyconnect = 0;  // 1..255; 0 = off
  unsigned key_limit = 0;          // 16-byte blocks that one key may seal; 0 = what is safe
};

}  // namespace culvert::control
