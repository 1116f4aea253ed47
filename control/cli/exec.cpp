// Finds the command of a line and runs it.
#include "control/cli/exec.hpp"

#include <algorithm>
#include <memory>

#include "control/cli/filter.hpp"
#include "control/config/mode_table.hpp"
#include "control/config/parse.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxCommand = 4096;  // bytes

const std::vector<Candidate>& candidates() {
  static const auto all = [] {
    static std::vector<std::unique_ptr<Syntax>> compiled;
    std::vector<Candidate> out;
    for (const ExecCommand& c : exec_commands()) {
      compiled.push_back(std::make_unique<Syntax>(c.syntax));
      out.push_back({compiled.back().get(), c.help});
    }
    return out;
  }();
  return all;
}

[[noreturn]] void refuse(std::string_view line, const Match& m) {
  const std::string expected = m.expected.empty() ? "" : "\nExpected " + m.expected;
  if (m.status == MatchStatus::incomplete)
    throw ExecError("ERROR: % Incomplete command" + expected);
  if (m.status == MatchStatus::ambiguous) {
    throw ExecError("ERROR: % Ambiguous command:  \"" + std::string(line.substr(0, m.end)) + "\"" +
                    expected);
  }
  throw ExecError(std::string(line) + "\n" + std::string(m.column, ' ') +
                  "^\nERROR: % Invalid input detected at '^' marker." + expected);
}

std::string clean(std::string_view line) {
  std::string out(line.substr(0, kMaxCommand));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }, ' ');
  return out;
}

// Splits off the word that is being typed.
struct Typed {
  Words before;
  std::string last;
};

Typed typed_words(std::string_view line) {
  Typed out{split_words(line), ""};
  const bool open = !line.empty() && line.back() != ' ' && line.back() != '\t';
  if (open && !out.before.words.empty()) {
    out.last = out.before.words.back().text;
    out.before.words.pop_back();
  }
  return out;
}

// Of lines that change the configuration, what may come next in the last one.
std::vector<Choice> config_choices(const std::string& lines, std::string& last) {
  const size_t start = lines.rfind('\n') + 1;  // 0 if there is only one
  const std::string_view line = std::string_view(lines).substr(start);
  Typed typed = typed_words(line);
  last = typed.last;
  const Mode mode = mode_after(std::string_view(lines).substr(0, start));
  std::span<const Word> words = typed.before.words;
  const bool negated = !words.empty() && words.front().text == "no";
  if (negated) words = words.subspan(1);
  std::vector<Choice> all = choices(mode_table(mode, negated).candidates, words, line);
  if (typed.before.words.empty()) all.push_back({"no", "Undo a command", true});
  return all;
}

std::vector<Choice> fitting_choices(std::string_view line) {
  static const std::vector<Choice> filters = {
      {"begin", "From the first line that matches on", true},
      {"count", "How many lines match", true},
      {"exclude", "Lines that do not match", true},
      {"grep", "Lines that match, or with -v those that do not", true},
      {"include", "Lines that match", true}};
  const Piped piped = split_pipe(line);
  std::vector<Choice> all;
  std::string last;
  const Words words = split_words(line);
  const bool blank_behind = !line.empty() && (line.back() == ' ' || line.back() == '\t');
  if (!words.words.empty() && words.words.front().text == "configure" &&
      (words.words.size() > 1 || blank_behind)) {
    all = config_choices(lines_of(line.substr(words.words.front().end)), last);
  } else if (piped.has_filter) {
    if (piped.filter.find(' ') != std::string_view::npos ||
        (!piped.filter.empty() && line.back() == ' ')) {
      return {{"LINE", "expression", false}};
    }
    all = filters;
    last = piped.filter;
  } else {
    const Typed typed = typed_words(line);
    all = choices(candidates(), typed.before.words, line);
    last = typed.last;
    if (last.empty() && !all.empty() && all.back().text == "<cr>")
      all.push_back({"|", "Filter the output", false});
  }
  if (!last.empty()) {
    const bool any_word =
        std::any_of(all.begin(), all.end(), [](const Choice& c) { return !c.keyword; });
    std::erase_if(all, [&](const Choice& c) {
      return c.keyword ? !c.text.starts_with(last) : c.text == "<cr>" || c.text == "|" || !any_word;
    });
  }
  return all;
}

}  // namespace

Output execute(std::string_view raw, bool json, ExecContext& context) {
  if (raw.size() > kMaxCommand) throw ExecError("ERROR: % A command is at most 4096 bytes long");
  const std::string line = clean(raw);
  if (line != raw) throw ExecError("ERROR: % A command is one line of printable text");
  // What takes the rest of its line as it stands takes bars, too.
  if (const Words whole = split_words(line); !whole.words.empty()) {
    const Match m = match(candidates(), whole.words, line);
    if (m.status == MatchStatus::ok && m.took_rest)
      return exec_commands()[m.row].run(context, m.arguments);
  }
  const Piped piped = split_pipe(line);
  if (json && piped.has_filter) throw ExecError("ERROR: % Output filters do not apply to JSON");
  const Words split = split_words(piped.command);
  if (split.words.empty()) return {};
  const Match m = match(candidates(), split.words, piped.command);
  if (m.status != MatchStatus::ok)
    refuse(piped.command.substr(0, piped.command.find_last_not_of(' ') + 1), m);
  Output out = exec_commands()[m.row].run(context, m.arguments);
  if (!piped.has_filter) return out;
  try {
    out.text = apply_filter(piped.filter, out.text);
  } catch (const std::runtime_error& e) {
    throw ExecError(std::string("ERROR: ") + e.what());
  }
  return out;
}

std::vector<std::string> complete(std::string_view raw) {
  std::vector<std::string> out;
  for (const Choice& c : fitting_choices(clean(raw))) {
    if (c.keyword) out.push_back(c.text);
  }
  return out;
}

std::string help(std::string_view raw) {
  const auto all = fitting_choices(clean(raw));
  if (all.empty()) return "ERROR: % Unrecognized command\n";
  size_t width = 0;
  for (const Choice& c : all)
    width = std::max(width, c.text.size());
  std::string out;
  for (const Choice& c : all) {
    out += "  " + c.text;
    if (!c.help.empty()) out += std::string(width - c.text.size() + 2, ' ') + c.help;
    out += "\n";
  }
  return out;
}

}  // namespace culvert::control
