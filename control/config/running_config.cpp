// Walks the table of commands and lets each row show what it set; and walks it once more for the
// reference in docs/.
#include <array>

#include "control/config/match.hpp"
#include "control/config/parse.hpp"

namespace culvert::control {
namespace {

class Walk final : public Lines {
 public:
  Walk(const Config& config, Secrets secrets) : config_(config), secrets_(secrets) {}

  void mode(Mode mode, const std::string& object) {
    for (const Command& c : commands()) {
      if (c.mode != mode || c.show == nullptr) continue;
      row_ = &c;
      c.show(config_, object, *this);
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

  void add(const std::string& line) override {
    if (indent_ == 0 && in_block_) text_ += "!\n";
    in_block_ = false;
    text_.append(indent_, ' ');
    text_ += line;
    text_ += '\n';
  }

  void add_secret(const std::string& line, const std::string& secret) override {
    add(line + (secrets_ == Secrets::shown ? secret : "*****"));
  }

  void open(const std::string& line, const std::string& object, bool omit_empty) override {
    const Command& opener = *row_;
    const std::string before = text_;
    const bool was_in_block = in_block_;
    add(line);
    const size_t start = text_.size();
    ++indent_;
    mode(opener.enters, object);
    --indent_;
    row_ = &opener;
    in_block_ = true;
    if (omit_empty && text_.size() == start) {
      text_ = before;
      in_block_ = was_in_block;
    }
  }

 private:
  const Config& config_;
  Secrets secrets_;
  const Command* row_ = nullptr;
  std::string text_;
  size_t indent_ = 0;
  bool in_block_ = false;
};

constexpr std::array kModes = {Mode::global,
                               Mode::dataplane,
                               Mode::interface,
                               Mode::webvpn,
                               Mode::aaa_group,
                               Mode::aaa_host,
                               Mode::group_policy,
                               Mode::group_policy_webvpn,
                               Mode::username,
                               Mode::tunnel_group_general,
                               Mode::tunnel_group_webvpn};

// The table's syntax as people write it: NAME for a word, a range for a number.
std::string readable(std::string_view syntax) {
  std::string out;
  for (size_t i = 0; i < syntax.size();) {
    if (syntax[i] != '<') {
      out += syntax[i++];
      continue;
    }
    const size_t end = syntax.find('>', i);
    const std::string_view symbol = syntax.substr(i + 1, end - i - 1);
    const std::string_view name = symbol.substr(0, symbol.find(':'));
    const std::string_view type = symbol.substr(symbol.find(':') + 1);
    for (const char c : name)
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (type.front() >= '0' && type.front() <= '9') out += "(" + std::string(type) + ")";
    i = end + 1;
  }
  return out;
}

}  // namespace

std::string running_config(const Config& config, Secrets secrets) {
  Walk walk(config, secrets);
  walk.mode(Mode::global, "");
  return walk.take();
}

std::string config_reference() {
  std::string out =
      "# Configuration\n\n"
      "The configuration file is written in the ASA's own language. Words may be shortened to what "
      "is unique (`sysopt\n"
      "conn tcpmss 1460`). A word that starts with `!` begins a comment, except in the text of a "
      "banner. A word with\n"
      "spaces goes in double quotes, in which `\\\"` and `\\\\` stand for themselves. The lines of "
      "a mode follow the line\n"
      "that enters it; if they are indented, the mode ends where the indentation does, otherwise "
      "at the first line that\n"
      "belongs elsewhere; `exit` and `end` leave a mode too. `no` and the command sets the default "
      "again or removes\n"
      "what the command made. Lines are at most 4096 bytes of UTF-8.\n\n"
      "Passwords may be given in clear; the running configuration shows only their hashes\n"
      "(`$sha512$ITERATIONS$SALT$HASH`, with `pbkdf2` after it), which are accepted in the file as "
      "well.\n\n"
      "Severities are `emergencies` (0), `alerts`, `critical`, `errors`, `warnings`, "
      "`notifications`, `informational`\n"
      "and `debugging` (7). A number in parentheses is the range of a value.\n\n"
      "This page is made from the table of commands: do not edit it by hand.\n";
  for (const Mode mode : kModes) {
    out +=
        "\n## " +
        (mode == Mode::global ? std::string(title(mode)) : "`" + std::string(title(mode)) + "`") +
        "\n\n";
    for (const Command& c : commands()) {
      if (c.mode != mode) continue;
      out += "- `" + readable(c.syntax) + "`  \n  " + std::string(c.help) + ".";
      if (!c.no_syntax.empty()) out += "  \n  `no " + readable(c.no_syntax) + "`";
      out += "\n";
    }
  }
  return out;
}

}  // namespace culvert::control
