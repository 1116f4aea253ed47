// Segments as text, and how they compare with what a script has.
#include "tests/dataplane/tcp/script/notation.hpp"

namespace culvert::tcp::test::script {

namespace {

std::string flag_letters(uint8_t flags) {
  std::string letters;
  constexpr std::string_view kLetters = "FSRP.UEW";
  for (size_t bit = 0; bit < kLetters.size(); ++bit) {
    if ((flags >> bit & 1) != 0) letters += kLetters[bit];
  }
  // tcpdump puts the dot last.
  if (const size_t dot = letters.find('.'); dot != std::string::npos) {
    letters.erase(dot, 1);
    letters += '.';
  }
  return letters.empty() ? "none" : letters;
}

std::string option_text(const Options& o, const Origin& origin) {
  std::string text;
  const auto add = [&](const std::string& one) {
    if (!text.empty()) text += ',';
    text += one;
  };
  if (o.mss != 0) add("mss " + std::to_string(o.mss));
  if (o.sack_permitted) add("sackOK");
  if (o.has_timestamps) {
    add("TS val " + std::to_string(o.ts_value - origin.stamp) + " ecr " +
        std::to_string(o.ts_echo - origin.clock));
  }
  if (o.has_window_scale) add("wscale " + std::to_string(o.window_scale));
  std::string blocks;
  for (uint32_t i = 0; i < o.sack_count; ++i) {
    blocks += (i == 0 ? "sack " : " ") + std::to_string(o.sack[i].start - origin.isn) + ":" +
              std::to_string(o.sack[i].end - origin.isn);
  }
  if (!blocks.empty()) add(blocks);
  return text;
}

std::string option_difference(const OptionList& want, const Options& have, const Origin& origin) {
  if (want.mss.value_or(0) != have.mss) return "the option mss";
  if (want.sack_ok != have.sack_permitted) return "the option sackOK";
  if (want.scale.has_value() != have.has_window_scale ||
      want.scale.value_or(0) != have.window_scale) {
    return "the option wscale";
  }
  if (want.sack.size() != have.sack_count) return "the number of SACK blocks";
  for (size_t i = 0; i < want.sack.size(); ++i) {
    if (want.sack[i].first != have.sack[i].start - origin.isn ||
        want.sack[i].second != have.sack[i].end - origin.isn) {
      return "a SACK block";
    }
  }
  if (want.no_stamp && have.has_timestamps) return "the option TS";
  if (!want.stamp) return {};
  if (!have.has_timestamps) return "the option TS";
  if (want.stamp->value && *want.stamp->value != have.ts_value - origin.stamp) {
    return "the timestamp";
  }
  if (want.stamp->echo && *want.stamp->echo != have.ts_echo - origin.clock) {
    return "the echoed timestamp";
  }
  return {};
}

}  // namespace

std::string written(const Sent& s, const Origin& origin) {
  const uint32_t seq = s.seq - origin.iss;
  const auto size = static_cast<uint32_t>(s.data.size());
  std::string text = flag_letters(s.flags) + " " + std::to_string(seq) + ":" +
                     std::to_string(seq + size) + "(" + std::to_string(size) + ")";
  if ((s.flags & kAck) != 0) text += " ack " + std::to_string(s.ack - origin.isn);
  text += " win " + std::to_string(s.window);
  const std::string options = option_text(s.options, origin);
  if (!options.empty()) text += " <" + options + ">";
  return text;
}

std::string difference(const SegmentText& want, uint32_t at, uint32_t size, const Sent& sent,
                       const Origin& origin) {
  const uint8_t ignored = (want.flags & kPsh) != 0 ? 0 : kPsh;
  if (want.flags != (sent.flags & ~ignored)) return "the set of flags";
  if (at != sent.seq - origin.iss) return "the sequence number";
  if (size != sent.data.size()) return "the size";
  if (want.ack && *want.ack != sent.ack - origin.isn) return "the acknowledged byte";
  if (want.window && *want.window != sent.window) return "the window";
  // The SYN is before the first byte of the stream.
  if (size > 0 && sent.data != pattern(size, kOwnPattern + at - 1)) return "a byte of the payload";
  if (want.options) return option_difference(*want.options, sent.options, origin);
  return {};
}

}  // namespace culvert::tcp::test::script
