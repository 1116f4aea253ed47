// The types of parameters: how a word is read, what help calls it, and what an error says was
// expected.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "control/config/syntax.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxWord = 255;    // bytes
constexpr unsigned kMaxCore = 127;  // DPDK's RTE_MAX_LCORE is 128
constexpr std::array<std::string_view, 8> kSeverities = {
    "emergencies", "alerts",        "critical",      "errors",
    "warnings",    "notifications", "informational", "debugging"};

std::optional<uint64_t> read_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::vector<unsigned>> read_cores(std::string_view text) {
  std::vector<unsigned> out;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const auto first = read_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : read_number(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last > kMaxCore) return std::nullopt;
    for (uint64_t core = *first; core <= *last; ++core) {
      const auto value = static_cast<unsigned>(core);
      if (std::find(out.begin(), out.end(), value) != out.end()) return std::nullopt;
      out.push_back(value);
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<unsigned> read_level(std::string_view text) {
  if (const auto number = read_number(text)) {
    return *number <= 7 ? std::optional<unsigned>(static_cast<unsigned>(*number)) : std::nullopt;
  }
  // No two names share the first letter but "emergencies" and "errors".
  std::optional<unsigned> found;
  for (unsigned level = 0; level < kSeverities.size(); ++level) {
    if (text.empty() || !kSeverities[level].starts_with(text)) continue;
    if (found) return std::nullopt;
    found = level;
  }
  return found;
}

}  // namespace

std::optional<uint32_t> read_ipv4(std::string_view text) noexcept {
  uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos || dot == 0 || dot > 3) return std::nullopt;
    const auto value = read_number(text.substr(0, dot));
    // "010" is octal to some programs and decimal to others: refused.
    if (!value || *value > 255 || (dot > 1 && text.front() == '0')) return std::nullopt;
    address = (address << 8) | static_cast<uint32_t>(*value);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return address;
}

std::optional<dp::IpAddress> read_ipv6(std::string_view text) {
  const auto address = dp::IpAddress::parse(text);
  return address && !address->is_v4() ? address : std::nullopt;
}

std::optional<dp::Ipv6Prefix> read_ipv6_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = read_ipv6(text.substr(0, slash));
  const auto length = read_number(text.substr(slash + 1));
  if (!address || !length || *length > 128) return std::nullopt;
  return dp::Ipv6Prefix{*address, static_cast<uint8_t>(*length)};
}

std::string ipv6_text(const dp::Ipv6Prefix& prefix) {
  return prefix.address.to_string() + "/" + std::to_string(prefix.length);
}

std::string ipv4_text(uint32_t a) {
  return std::to_string(a >> 24) + "." + std::to_string((a >> 16) & 255) + "." +
         std::to_string((a >> 8) & 255) + "." + std::to_string(a & 255);
}

std::optional<unsigned> prefix_of_mask(uint32_t mask) noexcept {
  const auto bits = static_cast<unsigned>(std::countl_one(mask));
  return mask == mask_of_prefix(bits) ? std::optional<unsigned>(bits) : std::nullopt;
}

std::string cores_text(std::span<const unsigned> cores) {
  std::string out;
  for (size_t i = 0; i < cores.size();) {
    size_t j = i;
    while (j + 1 < cores.size() && cores[j + 1] == cores[j] + 1)
      ++j;
    if (!out.empty()) out += ',';
    out += std::to_string(cores[i]);
    if (j > i) out += '-' + std::to_string(cores[j]);
    i = j + 1;
  }
  return out;
}

std::string_view severity_name(unsigned level) noexcept {
  return kSeverities[std::min<size_t>(level, kSeverities.size() - 1)];
}

std::optional<Argument> read_argument(const Symbol& symbol, std::string_view word) {
  Argument a;
  a.name = symbol.name;
  a.text = word;
  switch (symbol.kind) {
    case SymbolKind::keyword: return std::nullopt;
    case SymbolKind::secret: a.secret = true; [[fallthrough]];
    case SymbolKind::word:
      if (word.empty() || word.size() > kMaxWord) return std::nullopt;
      return a;
    case SymbolKind::line: return word.empty() ? std::nullopt : std::optional(a);
    case SymbolKind::number: {
      const auto value = read_number(word);
      if (!value) return std::nullopt;
      for (const auto& [low, high] : symbol.ranges) {
        if (*value < low || *value > high) continue;
        a.number = *value;
        return a;
      }
      return std::nullopt;
    }
    case SymbolKind::ipv4: {
      const auto value = read_ipv4(word);
      if (!value) return std::nullopt;
      a.number = *value;
      return a;
    }
    case SymbolKind::ip:
      return read_ipv4(word) || read_ipv6(word) ? std::optional(a) : std::nullopt;
    case SymbolKind::ipv6: return read_ipv6(word) ? std::optional(a) : std::nullopt;
    case SymbolKind::ipv6_prefix: return read_ipv6_prefix(word) ? std::optional(a) : std::nullopt;
    case SymbolKind::mask: {
      const auto value = read_ipv4(word);
      if (!value || !prefix_of_mask(*value)) return std::nullopt;
      a.number = *value;
      return a;
    }
    case SymbolKind::range: {
      const size_t dash = word.find('-');
      if (dash == std::string_view::npos) return std::nullopt;
      const auto first = read_ipv4(word.substr(0, dash));
      const auto last = read_ipv4(word.substr(dash + 1));
      if (!first || !last || *first > *last) return std::nullopt;
      a.number = *first;
      a.last = *last;
      return a;
    }
    case SymbolKind::cores: {
      auto list = read_cores(word);
      if (!list) return std::nullopt;
      a.list = std::move(*list);
      return a;
    }
    case SymbolKind::level: {
      const auto level = read_level(word);
      if (!level) return std::nullopt;
      a.number = *level;
      return a;
    }
  }
  return std::nullopt;
}

std::string placeholder(const Symbol& symbol) {
  switch (symbol.kind) {
    case SymbolKind::keyword: return symbol.name;
    case SymbolKind::word:
    case SymbolKind::secret: return "WORD";
    case SymbolKind::line: return "LINE";
    case SymbolKind::ipv4:
    case SymbolKind::mask: return "A.B.C.D";
    case SymbolKind::ip: return "A.B.C.D|X:X:X::X";
    case SymbolKind::ipv6: return "X:X:X::X";
    case SymbolKind::ipv6_prefix: return "X:X:X::X/<0-128>";
    case SymbolKind::range: return "A.B.C.D-A.B.C.D";
    case SymbolKind::cores: return "<core>[-<core>][,...]";
    case SymbolKind::level: return "<0-7>|LEVEL";
    case SymbolKind::number: break;
  }
  std::string out = "<";
  for (const auto& [low, high] : symbol.ranges) {
    if (out.size() > 1) out += ',';
    out += std::to_string(low);
    if (high != low) out += '-' + std::to_string(high);
  }
  return out + ">";
}

std::string expectation(const Symbol& symbol) {
  switch (symbol.kind) {
    case SymbolKind::keyword: return "\"" + symbol.name + "\"";
    case SymbolKind::word: return "a word (" + symbol.name + ")";
    case SymbolKind::secret: return "a password";
    case SymbolKind::line: return "text to the end of the line";
    case SymbolKind::ipv4: return "an IPv4 address";
    case SymbolKind::ip: return "an IPv4 or IPv6 address";
    case SymbolKind::ipv6: return "an IPv6 address";
    case SymbolKind::ipv6_prefix: return "an IPv6 address with a prefix such as 2001:db8::1/64";
    case SymbolKind::mask: return "a contiguous mask such as 255.255.255.0";
    case SymbolKind::range: return "an address range FIRST-LAST";
    case SymbolKind::cores: return "cores such as 1-3,5, each once, none above 127";
    case SymbolKind::level: return "a severity, 0 to 7 or its name";
    case SymbolKind::number: break;
  }
  std::string out;
  for (const auto& [low, high] : symbol.ranges) {
    if (!out.empty()) out += " or ";
    out += low == high ? std::to_string(low)
                       : "a number from " + std::to_string(low) + " to " + std::to_string(high);
  }
  return out;
}

}  // namespace culvert::control
