// TCP option parsing: whatever the bytes, no read outside of them; and what was parsed can be
// written again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "dataplane/tcp/options.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culvert::tcp;
  // A copy of exact size, so that a read past the end is seen.
  const std::vector<uint8_t> bytes(data, data + std::min<size_t>(size, kMaxOptionBytes));
  Options parsed;
  if (!parse_options(bytes, parsed)) return 0;
  if (parsed.window_scale > kMaxWindowScale || parsed.sack_count > 4) std::abort();
  OptionWriter writer;
  if (parsed.has_timestamps) writer.timestamps(parsed.ts_value, parsed.ts_echo);
  writer.sack(std::span(parsed.sack).first(parsed.sack_count));
  Options again;
  if (!parse_options(writer.bytes(), again)) std::abort();
  if (again.has_timestamps != parsed.has_timestamps || again.ts_value != parsed.ts_value) {
    std::abort();
  }
  for (size_t i = 0; i < again.sack_count; ++i) {
    if (!(again.sack[i] == parsed.sack[i])) std::abort();
  }
  return 0;
}
