// The syntax of one command line, written as text and compiled once:
//
//   mtu <nameif:word> <bytes:64-9198>          keywords and parameters
//   idle {auto | spin | sleep}                 one of
//   route <nameif:word> ... [<metric:1-255>]   optional
//   address-pools value <pool:word>...         one or more
//
// Compiled to its positions and which may follow which (Glushkov's automaton), because `?`,
// completion and the sentence of an error all ask the same question: what may come next?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/packet/address.hpp"

namespace culvert::control {

enum class SymbolKind : uint8_t {
  keyword,      // may be abbreviated to what is unique
  word,         // 1 to 255 bytes
  secret,       // as word, but never repeated in a message
  number,       // decimal, in one of `ranges`
  ipv4,         // dotted quad
  mask,         // dotted quad of contiguous ones
  ip,           // IPv4 or IPv6 address
  ipv6,         // IPv6 address
  ipv6_prefix,  // IPv6 address/length
  range,        // A.B.C.D-A.B.C.D, first not above last
  cores,        // 1-8,10
  level,        // 0..7 or a severity's name
  line,         // the rest of the line as it stands
};

struct Symbol {
  SymbolKind kind = SymbolKind::keyword;
  std::string name;  // the keyword itself, or the parameter's name
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
};

// What one word of a line turned out to be.
struct Argument {
  std::string name;            // the keyword in full, or the parameter's name
  std::string text;            // as written, unquoted
  uint64_t number = 0;         // number, level; ipv4 and mask in host order; first of a range
  uint64_t last = 0;           // last of a range
  std::vector<unsigned> list;  // cores, ascending, no duplicates
  size_t column = 0;           // byte of the line, from 0
  size_t end = 0;              // one past its last byte
  bool secret = false;
  bool keyword = false;
};

class Arguments : public std::vector<Argument> {
 public:
  // First parameter of that name, or else keyword; nullptr if the line has none. `port 444` has one
  // of each.
  [[nodiscard]] const Argument* find(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  // Empty and 0 where the line has none.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] unsigned number(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
};

class Syntax {
 public:
  // Throws std::logic_error if the table's row itself is malformed.
  explicit Syntax(std::string_view text);

  [[nodiscard]] const Symbol& symbol(size_t position) const { return symbols_[position]; }
  [[nodiscard]] const std::vector<size_t>& first() const noexcept { return whole_.first; }
  [[nodiscard]] const std::vector<size_t>& follow(size_t position) const {
    return follow_[position];
  }
  [[nodiscard]] bool may_end(size_t position) const;

 private:
  struct Part {
    std::vector<size_t> first, last;
    bool nullable = true;
  };
  Part alternatives(std::span<const std::string> tokens, size_t& at);
  Part sequence(std::span<const std::string> tokens, size_t& at);
  Part item(std::span<const std::string> tokens, size_t& at);
  Part position(std::string_view token);
  void link(const Part& before, const Part& after);

  std::vector<Symbol> symbols_;
  std::vector<std::vector<size_t>> follow_;
  Part whole_;
};

// Reads a word as the symbol wants it; nullopt if it does not fit. Keywords are matched elsewhere.
[[nodiscard]] std::optional<Argument> read_argument(const Symbol& symbol, std::string_view word);

// "WORD", "<64-9198>", "A.B.C.D": the ASA's way to name a parameter in help.
[[nodiscard]] std::string placeholder(const Symbol& symbol);
// "a number from 64 to 9198": the end of an error sentence.
[[nodiscard]] std::string expectation(const Symbol& symbol);

// Bits of a contiguous mask; nullopt for any other.
[[nodiscard]] std::optional<unsigned> prefix_of_mask(uint32_t mask) noexcept;
[[nodiscard]] constexpr uint32_t mask_of_prefix(unsigned bits) noexcept {
  return bits == 0 ? 0 : ~uint32_t{0} << (32 - bits);
}
[[nodiscard]] std::optional<uint32_t> read_ipv4(std::string_view text) noexcept;
// RFC 4291 §2.2; IPv4-mapped addresses are none.
[[nodiscard]] std::optional<dp::IpAddress> read_ipv6(std::string_view text);
[[nodiscard]] std::optional<dp::Ipv6Prefix> read_ipv6_prefix(std::string_view text);
[[nodiscard]] std::string ipv6_text(const dp::Ipv6Prefix& prefix);
[[nodiscard]] std::string ipv4_text(uint32_t host_order);
// "1-8,10", the shortest form.
[[nodiscard]] std::string cores_text(std::span<const unsigned> cores);

// The ASA's names for severities 0 to 7: "emergencies" ... "debugging".
[[nodiscard]] std::string_view severity_name(unsigned level) noexcept;

}  // namespace culvert::control
