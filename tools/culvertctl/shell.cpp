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

struct Session {
  Client& client;
  std::string prompt;
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

bool leaves(const std::string& line) {
  return line == "exit" || line == "quit" || line == "logout";
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
  return session_of(el).prompt.c_str();
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
              << text_of(session_of(el).client.ask({{"help", line}}), "text") << std::flush;
  } catch (const ConnectionError& e) {
    std::cout << "\n" << e.what() << "\n" << std::flush;
  }
  return CC_REDISPLAY;
}

unsigned char complete_word(EditLine* el, int) {
  const std::string line = typed_so_far(el);
  std::vector<std::string> words;
  try {
    const auto answer = session_of(el).client.ask({{"complete", line}});
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
  Session session{client, ask_hostname(client) + "# "};
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
    if (leaves(line)) return;
    try {
      run_command(client, line, json);
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
  for (std::string line; std::getline(std::cin, line);) {
    line = trimmed(line);
    if (leaves(line)) break;
    if (!line.empty()) good = run_command(client, line, json) && good;
  }
  return good;
}

}  // namespace culvert::ctl
