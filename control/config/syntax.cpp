// Compiles the syntax text of a command into positions, and answers what may follow what.
#include "control/config/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace culvert::control {
namespace {

std::vector<std::string> split_syntax(std::string_view text) {
  std::vector<std::string> out;
  size_t i = 0;
  while (i < text.size()) {
    const char c = text[i];
    if (c == ' ') {
      ++i;
    } else if (std::string_view("{}[]|").find(c) != std::string_view::npos) {
      out.emplace_back(1, c);
      ++i;
    } else if (text.substr(i, 3) == "...") {
      out.emplace_back("...");
      i += 3;
    } else if (c == '<') {
      const size_t end = text.find('>', i);
      if (end == std::string_view::npos) throw std::logic_error("syntax: < without >");
      out.emplace_back(text.substr(i, end + 1 - i));
      i = end + 1;
    } else {
      const size_t end = std::min(text.find_first_of(" {}[]|<", i), text.size());
      out.emplace_back(text.substr(i, end - i));
      i = end;
    }
  }
  return out;
}

std::vector<std::pair<uint64_t, uint64_t>> read_ranges(std::string_view spec) {
  std::vector<std::pair<uint64_t, uint64_t>> out;
  const auto number = [&] {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(spec.data(), spec.data() + spec.size(), value);
    if (error != std::errc{}) throw std::logic_error("syntax: bad range " + std::string(spec));
    spec.remove_prefix(static_cast<size_t>(end - spec.data()));
    return value;
  };
  while (true) {
    const uint64_t low = number();
    uint64_t high = low;
    if (spec.starts_with('-')) {
      spec.remove_prefix(1);
      high = number();
    }
    out.emplace_back(low, high);
    if (spec.empty()) return out;
    if (spec.front() != ',') throw std::logic_error("syntax: bad range");
    spec.remove_prefix(1);
  }
}

Symbol read_symbol(std::string_view token) {
  Symbol s;
  if (token.front() != '<') {
    s.name = token;
    return s;
  }
  const size_t colon = token.find(':');
  if (colon == std::string_view::npos) throw std::logic_error("syntax: parameter without a type");
  s.name = token.substr(1, colon - 1);
  const std::string_view type = token.substr(colon + 1, token.size() - colon - 2);
  static constexpr std::pair<std::string_view, SymbolKind> kKinds[] = {
      {"word", SymbolKind::word},
      {"secret", SymbolKind::secret},
      {"ipv4", SymbolKind::ipv4},
      {"mask", SymbolKind::mask},
      {"range", SymbolKind::range},
      {"cores", SymbolKind::cores},
      {"level", SymbolKind::level},
      {"line", SymbolKind::line},
      {"ip", SymbolKind::ip},
      {"ipv6", SymbolKind::ipv6},
      {"ipv6-prefix", SymbolKind::ipv6_prefix}};
  for (const auto& [name, kind] : kKinds) {
    if (type == name) {
      s.kind = kind;
      return s;
    }
  }
  s.kind = SymbolKind::number;
  s.ranges = read_ranges(type);
  return s;
}

void append(std::vector<size_t>& to, const std::vector<size_t>& from) {
  for (const size_t p : from) {
    if (std::find(to.begin(), to.end(), p) == to.end()) to.push_back(p);
  }
}

}  // namespace

Syntax::Syntax(std::string_view text) {
  const auto tokens = split_syntax(text);
  size_t at = 0;
  whole_ = alternatives(tokens, at);
  if (at != tokens.size() || whole_.nullable) {
    throw std::logic_error("syntax: malformed: " + std::string(text));
  }
}

bool Syntax::may_end(size_t position) const {
  return std::find(whole_.last.begin(), whole_.last.end(), position) != whole_.last.end();
}

void Syntax::link(const Part& before, const Part& after) {
  for (const size_t p : before.last)
    append(follow_[p], after.first);
}

Syntax::Part Syntax::alternatives(std::span<const std::string> tokens, size_t& at) {
  Part out = sequence(tokens, at);
  while (at < tokens.size() && tokens[at] == "|") {
    ++at;
    const Part other = sequence(tokens, at);
    append(out.first, other.first);
    append(out.last, other.last);
    out.nullable = out.nullable || other.nullable;
  }
  return out;
}

Syntax::Part Syntax::sequence(std::span<const std::string> tokens, size_t& at) {
  Part out;
  while (at < tokens.size() && tokens[at] != "|" && tokens[at] != "}" && tokens[at] != "]") {
    const Part next = item(tokens, at);
    link(out, next);
    if (out.nullable) append(out.first, next.first);
    if (!next.nullable) out.last.clear();
    append(out.last, next.last);
    out.nullable = out.nullable && next.nullable;
  }
  return out;
}

Syntax::Part Syntax::item(std::span<const std::string> tokens, size_t& at) {
  Part out;
  const std::string& token = tokens[at++];
  if (token == "{" || token == "[") {
    out = alternatives(tokens, at);
    if (at == tokens.size() || tokens[at] != (token == "{" ? "}" : "]")) {
      throw std::logic_error("syntax: bracket not closed");
    }
    ++at;
    if (token == "[") out.nullable = true;
  } else {
    out = position(token);
  }
  if (at < tokens.size() && tokens[at] == "...") {
    ++at;
    link(out, out);
  }
  return out;
}

Syntax::Part Syntax::position(std::string_view token) {
  const size_t p = symbols_.size();
  symbols_.push_back(read_symbol(token));
  follow_.emplace_back();
  return {{p}, {p}, false};
}

const Argument* Arguments::find(std::string_view name) const noexcept {
  const Argument* found = nullptr;
  for (const Argument& a : *this) {
    if (a.name != name) continue;
    if (!a.keyword) return &a;
    if (found == nullptr) found = &a;
  }
  return found;
}

std::string Arguments::text(std::string_view name) const {
  const Argument* a = find(name);
  return a == nullptr ? std::string() : a->text;
}

unsigned Arguments::number(std::string_view name) const noexcept {
  const Argument* a = find(name);
  return a == nullptr ? 0 : static_cast<unsigned>(a->number);
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  std::vector<std::string> out;
  for (const Argument& a : *this) {
    if (!a.keyword && a.name == name) out.push_back(a.text);
  }
  return out;
}

}  // namespace culvert::control
