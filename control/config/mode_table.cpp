#include "control/config/mode_table.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace culvert::control {
namespace {

// One line further, from the modes that are open.
void step(std::vector<Mode>& open, std::string_view line) {
  const Words split = split_words(line);
  if (split.words.empty()) return;
  std::span<const Word> words = split.words;
  const std::string& first = words.front().text;
  if (words.size() == 1 && first == "end") return open.resize(1);
  if (words.size() == 1 && (first == "exit" || first == "quit")) {
    if (open.size() > 1) open.pop_back();
    return;
  }
  const bool negated = first == "no" && !words.front().quoted;
  if (negated) words = words.subspan(1);
  for (size_t i = open.size(); i-- > 0;) {
    const ModeTable& table = mode_table(open[i], negated);
    const Match m = match(table.candidates, words, line);
    if (m.status != MatchStatus::ok) continue;
    open.resize(i + 1);
    if (const Mode enters = table.rows[m.row]->enters; !negated && enters != Mode::global)
      open.push_back(enters);
    return;
  }
}

}  // namespace

const ModeTable& mode_table(Mode mode, bool negated) {
  static const auto tables = [] {
    std::map<std::pair<Mode, bool>, ModeTable> all;
    static std::vector<std::unique_ptr<Syntax>> compiled;
    for (const Command& c : commands()) {
      for (const bool no : {false, true}) {
        const std::string_view text = no ? c.no_syntax : c.syntax;
        if (text.empty()) continue;
        compiled.push_back(std::make_unique<Syntax>(text));
        ModeTable& table = all[{c.mode, no}];
        table.candidates.push_back({compiled.back().get(), c.help});
        table.rows.push_back(&c);
      }
    }
    return all;
  }();
  static const ModeTable empty;
  const auto found = tables.find({mode, negated});
  return found == tables.end() ? empty : found->second;
}

Mode mode_after(std::string_view lines) {
  std::vector<Mode> open{Mode::global};
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    step(open, lines.substr(0, end));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return open.back();
}

}  // namespace culvert::control
