// The interactive shell, on libedit.
#include "tools/culvertctl/shell.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

#include <histedit.h>
#include <unistd.h>

namespace culvert::ctl {
namespace {

constexpr int kHistory = 500;  // lines

// What was typed, and where: outside of the configuration, or in one of its modes.
class Session {
 public:
  Session(Client& client, std::string host, bool json)
      : client_(client), host_(std::move(host)), json_(json) {}

  // Runs a line. False if it failed.
  bool run(const std::string& line);
  // `exit` and its like outside of the configuration.
  [[nodiscard]] bool leaves(const std::string& line) const {
    return !configuring_ && (line == "exit" || line == "quit" || line == "logout");
  }
  // The line as culvertd wants it, which knows nothing of modes: behind those that entered them.
  [[nodiscard]] std::string in_context(const std::string& line) const;
  [[nodiscard]] const char* prompt();
  [[nodiscard]] Client& client() noexcept { return client_; }

 private:
  struct Mode {
    std::string line;    // that entered it
    std::string prompt;  // "config-webvpn"
  };
  bool configure(const std::string& line);

  Client& client_;
  std::string host_;
  std::string prompt_;
  bool json_;
  bool configuring_ = false;
  std::vector<Mode> modes_;  // each in the one before
};

std::string text_of(const nlohmann::json& answer, const char* name) {
  const auto found = answer.find(name);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string trimmed(std::string_view line) {
  const size_t start = line.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  return std::string(line.substr(start, line.find_last_not_of(" \t\r\n") + 1 - start));
}

// `configure terminal`, as far as anybody types it out.
bool begins_configuration(const std::string& line) {
  const size_t blank = line.find_first_of(" \t");
  if (blank == std::string::npos) return false;
  const std::string first = line.substr(0, blank), second = trimmed(line.substr(blank));
  return first.size() >= 4 && std::string_view("configure").starts_with(first) &&
         std::string_view("terminal").starts_with(second);
}

// ENTER, y and yes confirm, as on the ASA.
bool confirmed_by_user(const std::string& question) {
  if (isatty(STDIN_FILENO) == 0) return true;
  std::cout << question << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  line = trimmed(line);
  return line.empty() || line == "y" || line == "yes";
}

std::string Session::in_context(const std::string& line) const {
  if (!configuring_) return line;
  std::string out = "configure ";
  for (const Mode& mode : modes_)
    out += mode.line + " ; ";
  return out + line;
}

const char* Session::prompt() {
  prompt_ = host_;
  if (configuring_) prompt_ += "(" + (modes_.empty() ? "config" : modes_.back().prompt) + ")";
  prompt_ += "# ";
  return prompt_.c_str();
}

bool Session::run(const std::string& line) {
  if (!configuring_) {
    configuring_ = begins_configuration(line);
    return configuring_ || run_command(client_, line, json_);
  }
  if (line == "end" || ((line == "exit" || line == "quit") && modes_.empty())) {
    configuring_ = false;
    modes_.clear();
    return true;
  }
  if (line == "exit" || line == "quit") {
    modes_.pop_back();
    return true;
  }
  // As on an ASA, one may look while one changes.
  if (line.starts_with("show ")) return run_command(client_, line, json_);
  if (line.starts_with("do ")) return run_command(client_, trimmed(line.substr(3)), json_);
  return configure(line);
}

bool Session::configure(const std::string& line) {
  const nlohmann::json answer = client_.ask({{"command", in_context(line)}, {"json", true}});
  if (answer.value("ok", nlohmann::json(false)) != true) {
    std::cerr << text_of(answer, "text") << "\n";
    return false;
  }
  const nlohmann::json change = answer.value("json", nlohmann::json::object());
  std::cout << text_of(change, "warnings") << std::flush;
  modes_.clear();
  for (const nlohmann::json& mode : change.value("open_modes", nlohmann::json::array()))
    modes_.push_back({text_of(mode, "line"), text_of(mode, "prompt")});
  return true;
}

std::string typed_so_far(EditLine* el) {
  const LineInfo* info = el_line(el);
  return {info->buffer, static_cast<size_t>(info->cursor - info->buffer)};
}

Session& session_of(EditLine* el) {
  Session* session = nullptr;
  el_get(el, EL_CLIENTDATA, &session);
  return *session;
}

const char* show_prompt(EditLine* el) {
  return session_of(el).prompt();
}

// In an expression after a bar, `?` is a character like others.
unsigned char question_mark(EditLine* el, int) {
  const std::string line = typed_so_far(el);
  if (line.find('|') != std::string::npos) {
    el_insertstr(el, "?");
    return CC_REFRESH;
  }
  try {
    std::cout << "?\n"
              << text_of(session_of(el).client().ask({{"help", session_of(el).in_context(line)}}),
                         "text")
              << std::flush;
  } catch (const ConnectionError& e) {
    std::cout << "\n" << e.what() << "\n" << std::flush;
  }
  return CC_REDISPLAY;
}

unsigned char complete_word(EditLine* el, int) {
  const std::string line = typed_so_far(el);
  std::vector<std::string> words;
  try {
    Session& session = session_of(el);
    const auto answer = session.client().ask({{"complete", session.in_context(line)}});
    if (const auto found = answer.find("completions"); found != answer.end() && found->is_array()) {
      for (const auto& w : *found) {
        if (w.is_string()) words.push_back(w.get<std::string>());
      }
    }
  } catch (const ConnectionError&) {
    return CC_ERROR;
  }
  if (words.empty()) return CC_ERROR;
  const size_t blank = line.find_last_of(" \t|");
  const size_t typed = blank == std::string::npos ? line.size() : line.size() - blank - 1;
  std::string same = words.front();
  for (const auto& w : words) {
    const auto end = std::mismatch(same.begin(), same.end(), w.begin(), w.end()).first;
    same.erase(end, same.end());
  }
  if (words.size() == 1) same += ' ';
  if (same.size() > typed) {
    el_insertstr(el, same.c_str() + typed);
    return CC_REFRESH;
  }
  std::cout << "\n";
  for (const auto& w : words)
    std::cout << w << "  ";
  std::cout << "\n" << std::flush;
  return CC_REDISPLAY;
}

std::string ask_hostname(Client& client) {
  const auto answer = client.ask({{"command", "show version"}, {"json", true}});
  const auto found = answer.find("json");
  const std::string name =
      found != answer.end() && found->is_object() ? text_of(*found, "hostname") : "";
  return name.empty() ? "culvert" : name;
}

void run_terminal(Client& client, bool json) {
  Session session(client, ask_hostname(client), json);
  const std::unique_ptr<History, decltype(&history_end)> past(history_init(), history_end);
  const std::unique_ptr<EditLine, decltype(&el_end)> el(
      el_init("culvertctl", stdin, stdout, stderr), el_end);
  HistEvent event{};
  history(past.get(), &event, H_SETSIZE, kHistory);
  history(past.get(), &event, H_SETUNIQUE, 1);
  el_set(el.get(), EL_CLIENTDATA, &session);
  el_set(el.get(), EL_PROMPT, show_prompt);
  el_set(el.get(), EL_EDITOR, "emacs");
  el_set(el.get(), EL_SIGNAL, 1);
  el_set(el.get(), EL_HIST, history, past.get());
  el_set(el.get(), EL_ADDFN, "culvert-help", "What may come next", question_mark);
  el_set(el.get(), EL_ADDFN, "culvert-complete", "Complete the word", complete_word);
  el_set(el.get(), EL_BIND, "?", "culvert-help", nullptr);
  el_set(el.get(), EL_BIND, "^I", "culvert-complete", nullptr);
  while (true) {
    int length = 0;
    const char* raw = el_gets(el.get(), &length);
    if (raw == nullptr || length <= 0) break;
    const std::string line = trimmed(raw);
    if (line.empty()) continue;
    history(past.get(), &event, H_ENTER, line.c_str());
    if (session.leaves(line)) return;
    try {
      session.run(line);
    } catch (const ConnectionError& e) {
      std::cerr << e.what() << "\n";
    }
  }
  std::cout << "\n";
}

}  // namespace

bool run_command(Client& client, const std::string& command, bool json) {
  nlohmann::json request = {{"command", command}, {"json", json}};
  nlohmann::json answer = client.ask(request);
  if (const std::string question = text_of(answer, "confirm"); !question.empty()) {
    if (!confirmed_by_user(question)) return true;
    request["confirmed"] = true;
    answer = client.ask(request);
  }
  const bool good = answer.value("ok", nlohmann::json(false)) == true;
  if (!good) {
    std::cerr << text_of(answer, "text") << "\n";
  } else if (json) {
    std::cout << answer.value("json", nlohmann::json::object()).dump(2) << "\n";
  } else {
    std::cout << text_of(answer, "text");
  }
  std::cout << std::flush;
  return good;
}

bool run_shell(Client& client, bool json) {
  if (isatty(STDIN_FILENO) != 0) {
    run_terminal(client, json);
    return true;
  }
  bool good = true;
  Session session(client, "", json);
  for (std::string line; std::getline(std::cin, line);) {
    line = trimmed(line);
    if (session.leaves(line)) break;
    if (!line.empty()) good = session.run(line) && good;
  }
  return good;
}

}  // namespace culvert::ctl
