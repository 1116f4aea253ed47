// Reads a configuration file line by line into a draft, and reports what is wrong as the ASA does.
#include "control/config/parse.hpp"

#include <algorithm>

#include "control/config/match.hpp"
#include "control/config/mode_table.hpp"
#include "control/config/validate.hpp"

namespace culvert::control {

std::vector<unsigned> default_workers() {
  return {1};
}

const Config& config_defaults() {
  static const Config defaults;
  return defaults;
}
namespace {

// Length of the UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629 §4).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                        : (first & 0xf0) == 0xe0        ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

// First byte that does not belong into a line, if any.
size_t find_bad_byte(std::string_view line) {
  for (size_t i = 0; i < line.size();) {
    const auto c = static_cast<unsigned char>(line[i]);
    const size_t length = utf8_length(line.substr(i));
    if (length == 0 || (c < 0x20 && c != '\t') || c == 0x7f) return i;
    i += length;
  }
  return std::string_view::npos;
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

class Reader {
 public:
  Reader(std::string_view file, const PasswordHasher& hasher, const Config& base) : file_(file) {
    draft_.config = base;
    draft_.hasher = &hasher;
    frames_.push_back({Mode::global, "", 0, false});
  }

  ParseResult read(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark
    while (!text.empty() && result_.errors.size() < kMaxConfigErrors) {
      const size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++number_;
      if (is_clean(line)) read_line(line);
    }
    for (size_t i = 1; i < frames_.size(); ++i)
      result_.open_modes.push_back({frames_[i].line, std::string(prompt(frames_[i].mode))});
    if (result_.errors.empty()) finish();
    if (result_.errors.empty()) {
      result_.config = std::move(draft_.config);
    } else {
      result_.config = default_config();
    }
    return std::move(result_);
  }

 private:
  struct Frame {
    Mode mode;
    std::string object;
    size_t indent;       // of the line that entered the mode
    bool indented_body;  // its lines so far are indented deeper
    std::string line{};  // that entered it
  };

  bool is_clean(std::string_view line) {
    if (line.size() > kMaxConfigLine) {
      error_in_text(line, kMaxConfigLine, "The line is longer than 4096 bytes");
      return false;
    }
    const size_t bad = find_bad_byte(line);
    if (bad == std::string_view::npos) return true;
    const bool control = static_cast<unsigned char>(line[bad]) < 0x80;
    error_in_text(
        line, bad,
        control ? "The line holds a control character: only printable text and tabs are allowed"
                : "The line is not valid UTF-8: save the file as UTF-8");
    return false;
  }

  // Of a line that is no text, only its first word is shown, if that is in order; what follows may
  // be a password.
  void error_in_text(std::string_view line, size_t bad, const std::string& sentence) {
    constexpr size_t kMaxShown = 40;
    const size_t start = std::min(line.find_first_not_of(' '), bad);
    std::string shown(line.substr(0, start));
    const size_t end = line.find(' ', start);
    if (end < bad && end - start <= kMaxShown &&
        find_bad_byte(line.substr(0, end)) == std::string_view::npos) {
      shown = std::string(line.substr(0, end)) + " ";
    }
    if (shown.size() > kMaxShown) shown.clear();
    const size_t caret = characters(shown);
    error(bad + 1, caret, shown + "...", sentence);
  }

  // Masks the passwords among the arguments, leaves out what follows the word at fault, and points
  // at that word.
  void error_at(std::string_view line, size_t column, size_t end, const Arguments& before,
                const std::string& sentence) {
    std::string shown;
    size_t at = 0;
    bool secret = false;
    for (const Argument& a : before) {
      if (!a.secret) continue;
      secret = true;
      if (a.column > at) shown += line.substr(at, a.column - at);
      if (a.column == column) break;
      shown += "*****";
      at = a.end;
    }
    if (column > at) shown += line.substr(at, column - at);
    std::replace(shown.begin(), shown.end(), '\t', ' ');
    const size_t caret = characters(shown);
    shown += secret ? "*****" : line.substr(column, end - column);
    error(column + 1, caret, shown, sentence);
  }

  void error(size_t column, size_t caret, std::string shown, const std::string& sentence) {
    ConfigError e;
    e.file = file_;
    e.line = number_;
    e.column = column;
    e.message = sentence + (sentence.ends_with('.') ? "" : ".");
    if (!shown.empty()) e.caret = std::move(shown) + "\n" + std::string(caret, ' ') + "^";
    result_.errors.push_back(std::move(e));
  }

  void read_line(std::string_view line) {
    const Words split = split_words(line);
    // ": Saved" and ": end" stand around a configuration that was copied out of `show
    // running-config`.
    if (split.words.empty() || split.words.front().text.starts_with(':')) return;
    const size_t indent = split.words.front().column;
    // The lines of a block that could not be entered would only repeat that it could not.
    if (skip_deeper_than_ && indent > *skip_deeper_than_) return;
    skip_deeper_than_.reset();
    leave_blocks(indent);
    if (leave_by_word(split)) return;
    std::span<const Word> words = split.words;
    const bool negated = words.front().text == "no" && !words.front().quoted;
    if (negated) words = words.subspan(1);

    Match best;
    std::optional<size_t> depth;
    for (size_t i = frames_.size(); i-- > 0 && !depth;) {
      const Match m = match(mode_table(frames_[i].mode, negated).candidates, words, line);
      if (m.status == MatchStatus::ok) depth = i;
      // The mode that understood most of the line says what is wrong with it.
      if (depth || i + 1 == frames_.size() || m.column > best.column) best = m;
    }
    if (!depth) {
      if (words.empty()) best.column = best.end = split.words.back().end;
      fail(line, best);
    } else if (split.open_quote && !best.took_rest) {
      const Word& last = split.words.back();
      error_at(line, last.column, last.column + 1, best.arguments, "The quote is not closed");
    } else {
      frames_.resize(*depth + 1);
      apply(line, indent, *mode_table(frames_.back().mode, negated).rows[best.row], negated,
            best.arguments);
      return;
    }
    skip_deeper_than_ = indent;
  }

  void leave_blocks(size_t indent) {
    while (frames_.size() > 1 && frames_.back().indented_body && indent <= frames_.back().indent)
      frames_.pop_back();
    if (frames_.size() > 1 && indent > frames_.back().indent) frames_.back().indented_body = true;
  }

  bool leave_by_word(const Words& split) {
    if (split.words.size() != 1) return false;
    const std::string& word = split.words.front().text;
    if (word == "end") frames_.resize(1);
    if ((word == "exit" || word == "quit") && frames_.size() > 1) frames_.pop_back();
    return word == "end" || word == "exit" || word == "quit";
  }

  void fail(std::string_view line, const Match& m) {
    std::string sentence;
    switch (m.status) {
      case MatchStatus::incomplete: sentence = "Incomplete command"; break;
      case MatchStatus::ambiguous: sentence = "Ambiguous command at '^' marker"; break;
      default: sentence = "Invalid input detected at '^' marker"; break;
    }
    if (!m.expected.empty()) sentence += ": expected " + m.expected;
    error_at(line, m.column, m.end, m.arguments, sentence);
  }

  void apply(std::string_view line, size_t indent, const Command& row, bool negated,
             const Arguments& arguments) {
    draft_.object = frames_.back().object;
    draft_.here = {number_, std::string(line), 0, 0};
    try {
      (negated ? row.unset : row.set)(draft_, arguments);
    } catch (const ArgumentError& e) {
      const Argument* a = arguments.find(e.argument);
      const size_t column = a == nullptr ? 0 : a->column;
      error_at(line, column, a == nullptr ? line.size() : a->end, arguments, e.what());
      skip_deeper_than_ = indent;
      return;
    }
    if (!negated && row.enters != Mode::global) {
      frames_.push_back(
          {row.enters, draft_.object, indent, false, std::string(line.substr(indent))});
    }
  }

  void finish() {
    for (const auto& entry : draft_.mtus) {
      const auto found =
          std::find_if(draft_.config.interfaces.begin(), draft_.config.interfaces.end(),
                       [&](const auto& i) { return i.nameif == entry.first; });
      if (found == draft_.config.interfaces.end()) {
        report({"mtu/" + entry.first, "No interface is called " + entry.first, false});
      } else {
        found->mtu = entry.second;
      }
    }
    for (const Problem& p : validate(draft_.config))
      report(p);
    const auto by_line = [](const ConfigError& a, const ConfigError& b) { return a.line < b.line; };
    std::stable_sort(result_.errors.begin(), result_.errors.end(), by_line);
    std::stable_sort(result_.warnings.begin(), result_.warnings.end(), by_line);
    if (result_.errors.size() > kMaxConfigErrors) result_.errors.resize(kMaxConfigErrors);
    if (result_.warnings.size() > kMaxConfigErrors) result_.warnings.resize(kMaxConfigErrors);
  }

  void report(const Problem& p) {
    std::vector<ConfigError> errors;
    const auto origin = draft_.origins.find(p.subject);
    errors.swap(result_.errors);
    if (origin == draft_.origins.end()) {
      number_ = 0;
      error(0, 0, "", p.sentence);
    } else {
      number_ = origin->second.line;
      error_at(origin->second.text, origin->second.column, origin->second.end, {}, p.sentence);
    }
    errors.swap(result_.errors);
    (p.warning ? result_.warnings : result_.errors).push_back(std::move(errors.front()));
  }

  std::string file_;
  ParseResult result_;
  Draft draft_;
  std::vector<Frame> frames_;
  std::optional<size_t> skip_deeper_than_;
  size_t number_ = 0;
};

}  // namespace

std::string ConfigError::to_string() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line);
  out += ": " + message;
  if (!caret.empty()) out += "\n" + caret;
  return out;
}

ParseResult parse_config(std::string_view text, std::string_view file_name,
                         const PasswordHasher& hasher) {
  return Reader(file_name, hasher, default_config()).read(text);
}

ParseResult parse_change(std::string_view text, std::string_view name, const PasswordHasher& hasher,
                         const Config& base) {
  return Reader(name, hasher, base).read(text);
}

std::string lines_of(std::string_view text) {
  std::string out;
  for (;;) {
    // A comment ends where its command does.
    const Words split = split_words(text, Comments::are_words);
    const auto end = std::find_if(split.words.begin(), split.words.end(),
                                  [](const Word& w) { return w.text == ";" && !w.quoted; });
    if (end == split.words.end()) return out += text;
    const std::string_view line = text.substr(0, end->column);
    out += line.substr(0, line.find_last_not_of(" \t") + 1);
    out += '\n';
    text.remove_prefix(end->end);
    // What is indented would be the body of what is not.
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  }
}

Config default_config() {
  Config c;
  c.group_policies["DfltGrpPolicy"].name = "DfltGrpPolicy";
  c.tunnel_groups["DefaultWEBVPNGroup"].name = "DefaultWEBVPNGroup";
  return c;
}

}  // namespace culvert::control
