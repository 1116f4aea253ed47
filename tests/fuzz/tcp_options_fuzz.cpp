// TCP option parsing: whatever the bytes, no read outside of them; and what was parsed can be
// written again. And the clamp on the MSS that goes through the same bytes: it changes nothing but
// that, keeps the checksum right, and a second time finds nothing to do.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "dataplane/inner/mss_clamp.hpp"
#include "dataplane/tcp/options.hpp"

namespace {

// RFC 1071, of an even number of bytes.
uint32_t sum_of(const std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2)
    sum += uint32_t{bytes[i]} << 8 | bytes[i + 1];
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

void clamp(const std::vector<uint8_t>& options) {
  using namespace culvert::dp;
  std::vector<uint8_t> header(sizeof(TcpHeader), 0x11);
  header.insert(header.end(), options.begin(), options.end());
  header.resize((header.size() + 3) / 4 * 4);
  std::vector<uint8_t> clamped = header;
  constexpr MssLimits kLimits{1380, 536};
  const bool changed = clamp_mss_options(clamped, kLimits);
  if (changed != (clamped != header) || sum_of(clamped) != sum_of(header)) std::abort();
  if (clamp_mss_options(clamped, kLimits)) std::abort();
  culvert::tcp::Options before, after;
  const auto tail = [](const std::vector<uint8_t>& all) {
    return std::span(all).subspan(sizeof(TcpHeader));
  };
  if (!culvert::tcp::parse_options(tail(header), before)) return;
  if (!culvert::tcp::parse_options(tail(clamped), after)) std::abort();
  if (after.mss != (before.mss == 0 && !changed ? 0 : kLimits.clamp(before.mss))) std::abort();
  if (after.ts_value != before.ts_value || after.window_scale != before.window_scale) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culvert::tcp;
  // A copy of exact size, so that a read past the end is seen.
  const std::vector<uint8_t> bytes(data, data + std::min<size_t>(size, kMaxOptionBytes));
  clamp(bytes);
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
