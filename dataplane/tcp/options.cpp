// Parses and builds TCP options. Malformed lists are refused as a whole (drop:
// tcp-bad-option-list).
#include "dataplane/tcp/options.hpp"

#include <algorithm>

#include "crypto/bytes.hpp"

namespace culvert::tcp {

namespace {

enum Kind : uint8_t {
  kEnd = 0,
  kNop = 1,
  kMss = 2,
  kWindowScale = 3,
  kSackPermitted = 4,
  kSack = 5,
  kTimestamps = 8,
};

// Of one option whose length byte is already known to fit. False for a known kind with a wrong
// length.
bool parse_one(uint8_t kind, std::span<const uint8_t> value, Options& out) noexcept {
  switch (kind) {
    case kMss:
      if (value.size() != 2) return false;
      out.mss = load_be<uint16_t>(value.data());
      return true;
    case kWindowScale:
      if (value.size() != 1) return false;
      // RFC 7323 §2.3: a larger shift is taken as 14.
      out.window_scale = std::min(value[0], kMaxWindowScale);
      out.has_window_scale = true;
      return true;
    case kSackPermitted:
      if (!value.empty()) return false;
      out.sack_permitted = true;
      return true;
    case kTimestamps:
      if (value.size() != 8) return false;
      out.ts_value = load_be<uint32_t>(value.data());
      out.ts_echo = load_be<uint32_t>(value.data() + 4);
      out.has_timestamps = true;
      return true;
    case kSack:
      if (value.empty() || value.size() % 8 != 0) return false;
      out.sack_count = 0;
      for (size_t at = 0; at < value.size() && out.sack_count < out.sack.size(); at += 8) {
        out.sack[out.sack_count++] = {Seq{load_be<uint32_t>(value.data() + at)},
                                      Seq{load_be<uint32_t>(value.data() + at + 4)}};
      }
      return true;
    default: return true;
  }
}

}  // namespace

bool parse_options(std::span<const uint8_t> bytes, Options& out) noexcept {
  // Nearly every segment of an open connection carries NOP NOP TIMESTAMPS and nothing else (RFC
  // 7323 Appendix A).
  if (bytes.size() == kTimestampBytes && load_be<uint32_t>(bytes.data()) == 0x0101080a) {
    out.ts_value = load_be<uint32_t>(bytes.data() + 4);
    out.ts_echo = load_be<uint32_t>(bytes.data() + 8);
    out.has_timestamps = true;
    return true;
  }
  while (!bytes.empty()) {
    const uint8_t kind = bytes[0];
    if (kind == kEnd) return true;
    if (kind == kNop) {
      bytes = bytes.subspan(1);
      continue;
    }
    if (bytes.size() < 2) return false;
    const size_t length = bytes[1];
    if (length < 2 || length > bytes.size()) return false;
    if (!parse_one(kind, bytes.subspan(2, length - 2), out)) return false;
    bytes = bytes.subspan(length);
  }
  return true;
}

void OptionWriter::put32(uint32_t value) noexcept {
  store_be(bytes_.data() + size_, value);
  size_ += 4;
}

void OptionWriter::mss(uint16_t value) noexcept {
  put(kMss);
  put(4);
  put(static_cast<uint8_t>(value >> 8));
  put(static_cast<uint8_t>(value));
}

void OptionWriter::window_scale(uint8_t shift) noexcept {
  put(kNop);
  put(kWindowScale);
  put(3);
  put(shift);
}

void OptionWriter::sack_permitted() noexcept {
  put(kNop);
  put(kNop);
  put(kSackPermitted);
  put(2);
}

void OptionWriter::timestamps(uint32_t value, uint32_t echo) noexcept {
  put32(0x0101080a);
  put32(value);
  put32(echo);
}

void OptionWriter::sack(std::span<const SackBlock> blocks) noexcept {
  const size_t left = kMaxOptionBytes - size_;
  if (left < 4 + 8 || blocks.empty()) return;
  const size_t count = std::min(blocks.size(), (left - 4) / 8);
  put(kNop);
  put(kNop);
  put(kSack);
  put(static_cast<uint8_t>(2 + 8 * count));
  for (const SackBlock& block : blocks.first(count)) {
    put32(block.start.v);
    put32(block.end.v);
  }
}

}  // namespace culvert::tcp
