// Runs the words of a line through all commands of a mode side by side.
#include "control/config/match.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace culvert::control {
namespace {

constexpr size_t kStart = static_cast<size_t>(-1);
constexpr size_t kMaxExpected = 8;  // alternatives that an error sentence lists

struct State {
  size_t row;
  size_t position;  // kStart before the first word
  Arguments arguments;
};

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

bool abbreviates(const Word& word, std::string_view keyword) {
  return !word.quoted && word.text.size() <= keyword.size() && !word.text.empty() &&
         same_letters(word.text, keyword.substr(0, word.text.size()));
}

const std::vector<size_t>& next_positions(const Syntax& syntax, size_t position) {
  return position == kStart ? syntax.first() : syntax.follow(position);
}

class Run {
 public:
  Run(std::span<const Candidate> candidates, std::string_view line)
      : candidates_(candidates), line_(line) {
    for (size_t row = 0; row < candidates.size(); ++row)
      states_.push_back({row, kStart, {}});
  }

  // False if the word does not fit: status() says why, and the states stay those before it.
  bool step(const Word& word) {
    std::set<std::string_view> keywords;
    bool exact = false;
    for_each_next([&](const State&, size_t, const Symbol& symbol) {
      if (symbol.kind != SymbolKind::keyword || !abbreviates(word, symbol.name)) return;
      if (word.text.size() == symbol.name.size() && !exact) {
        exact = true;
        keywords.clear();
      }
      if (!exact || word.text.size() == symbol.name.size()) keywords.insert(symbol.name);
    });
    std::vector<State> next;
    if (keywords.size() == 1) {
      take(next, word, [&](const Symbol& symbol) {
        if (symbol.kind != SymbolKind::keyword || symbol.name != *keywords.begin()) {
          return std::optional<Argument>();
        }
        Argument a;
        a.name = a.text = symbol.name;
        a.keyword = true;
        return std::optional(a);
      });
    } else {
      take(next, word, [&](const Symbol& symbol) {
        const bool rest = symbol.kind == SymbolKind::line;
        return read_argument(symbol,
                             rest ? line_.substr(word.column) : std::string_view(word.text));
      });
    }
    if (next.empty()) {
      status_ = keywords.size() > 1 ? MatchStatus::ambiguous : MatchStatus::invalid;
      return false;
    }
    states_ = std::move(next);
    return true;
  }

  [[nodiscard]] MatchStatus status() const noexcept { return status_; }
  [[nodiscard]] const std::vector<State>& states() const noexcept { return states_; }
  [[nodiscard]] const State* finished() const {
    for (const State& s : states_) {
      if (s.position != kStart && candidates_[s.row].syntax->may_end(s.position)) return &s;
    }
    return nullptr;
  }
  // The rest of the line was taken by one parameter.
  [[nodiscard]] bool took_rest() const {
    const State& s = states_.front();
    return s.position != kStart &&
           candidates_[s.row].syntax->symbol(s.position).kind == SymbolKind::line;
  }

  template <typename F>
  void for_each_next(F f) const {
    for (const State& s : states_) {
      const Syntax& syntax = *candidates_[s.row].syntax;
      for (const size_t p : next_positions(syntax, s.position))
        f(s, p, syntax.symbol(p));
    }
  }

  [[nodiscard]] std::string expected() const {
    std::vector<std::string> texts;
    for_each_next([&](const State&, size_t, const Symbol& symbol) {
      std::string text = expectation(symbol);
      if (std::find(texts.begin(), texts.end(), text) == texts.end())
        texts.push_back(std::move(text));
    });
    if (texts.size() > kMaxExpected) return {};
    if (finished() != nullptr) texts.emplace_back("the end of the line");
    std::string out;
    for (size_t i = 0; i < texts.size(); ++i) {
      out += (i == 0 ? "" : i + 1 == texts.size() ? " or " : ", ") + texts[i];
    }
    return out;
  }

 private:
  template <typename Read>
  void take(std::vector<State>& next, const Word& word, Read read) {
    for (State& s : states_) {
      const Syntax& syntax = *candidates_[s.row].syntax;
      for (const size_t p : next_positions(syntax, s.position)) {
        auto argument = read(syntax.symbol(p));
        if (!argument) continue;
        argument->column = word.column;
        argument->end = word.end;
        next.push_back({s.row, p, s.arguments});
        next.back().arguments.push_back(std::move(*argument));
      }
    }
  }

  std::span<const Candidate> candidates_;
  std::string_view line_;
  std::vector<State> states_;
  MatchStatus status_ = MatchStatus::ok;
};

}  // namespace

Words split_words(std::string_view line, Comments comments) {
  Words out;
  size_t i = 0;
  while (true) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t'))
      ++i;
    if (i == line.size() || (line[i] == '!' && comments == Comments::end_the_line)) return out;
    Word word;
    word.column = i;
    if (line[i] == '"') {
      word.quoted = true;
      for (++i; i < line.size() && line[i] != '"'; ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) ++i;
        word.text += line[i];
      }
      if (i == line.size()) {
        out.open_quote = true;
      } else {
        ++i;
      }
    } else {
      while (i < line.size() && line[i] != ' ' && line[i] != '\t')
        word.text += line[i++];
    }
    word.end = i;
    out.words.push_back(std::move(word));
  }
}

std::string quote(std::string_view word) {
  if (!word.empty() && word.front() != '!' &&
      word.find_first_of(" \t\"") == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Match match(std::span<const Candidate> candidates, std::span<const Word> words,
            std::string_view line) {
  Match out;
  Run run(candidates, line);
  for (const Word& word : words) {
    if (run.step(word)) {
      out.took_rest = run.took_rest();
      if (out.took_rest) break;
      continue;
    }
    out.status = run.status();
    out.column = word.column;
    out.end = word.end;
    out.expected = run.expected();
    out.arguments = run.states().front().arguments;
    return out;
  }
  if (const State* state = run.finished()) {
    out.status = MatchStatus::ok;
    out.row = state->row;
    out.arguments = state->arguments;
    return out;
  }
  out.status = MatchStatus::incomplete;
  out.column = out.end = words.empty() ? 0 : words.back().end;
  out.expected = run.expected();
  if (!run.states().empty()) out.arguments = run.states().front().arguments;
  return out;
}

std::vector<Choice> choices(std::span<const Candidate> candidates, std::span<const Word> words,
                            std::string_view line) {
  Run run(candidates, line);
  for (const Word& word : words) {
    if (!run.step(word)) return {};
    if (run.took_rest()) return {};
  }
  std::map<std::string, Choice> found;
  std::map<std::string, std::set<size_t>> rows;
  run.for_each_next([&](const State& state, size_t, const Symbol& symbol) {
    Choice c;
    c.keyword = symbol.kind == SymbolKind::keyword;
    c.text = placeholder(symbol);
    const std::string_view shared =
        c.keyword ? shared_keyword_help(symbol.name) : std::string_view();
    rows[c.text].insert(state.row);
    const std::string_view own = candidates[state.row].help;
    c.help = !shared.empty() && (rows[c.text].size() > 1 || own.empty()) ? shared : own;
    if (!c.keyword) c.help = symbol.name;
    found[c.text] = std::move(c);
  });
  std::vector<Choice> out;
  out.reserve(found.size() + 1);
  for (auto& [text, choice] : found)
    out.push_back(std::move(choice));
  if (run.finished() != nullptr) out.push_back({"<cr>", "", false});
  return out;
}

std::string_view shared_keyword_help(std::string_view keyword) noexcept {
  static constexpr std::pair<std::string_view, std::string_view> kHelp[] = {
      {"anyconnect", "AnyConnect clients"},
      {"asp", "Accelerated security path: the workers"},
      {"clear", "Reset counters"},
      {"compatibility", "What is done as a certain ASA does it"},
      {"culvert", "What the ASA has no command for"},
      {"group-policy", "Group policies"},
      {"ip", "IPv4 addresses and pools"},
      {"logging", "Messages: where they go and which"},
      {"show", "Show the running system"},
      {"ssl", "TLS versions, ciphers and certificate"},
      {"table", "Tables of the workers"},
      {"tunnel-group", "Connection profiles"},
      {"username", "Local users"},
      {"vpn-sessiondb", "VPN sessions"},
      {"cipher", "Cipher suites of one protocol version"},
      {"dpd-interval", "Dead peer detection"},
  };
  for (const auto& [name, help] : kHelp) {
    if (name == keyword) return help;
  }
  return {};
}

}  // namespace culvert::control
