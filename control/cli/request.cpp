// Reads a request, runs it, and writes the answer.
#include "control/cli/request.hpp"

#include "control/cli/exec.hpp"

namespace culvert::control {
namespace {

using nlohmann::json;

constexpr size_t kMaxUser = 64;

std::string write(const json& answer) {
  // Names of users come from clients: bytes that are not UTF-8 must not make an answer impossible.
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

json refusal(const std::string& text) {
  return {{"ok", false}, {"text", text}};
}

bool flag(const json& request, const char* name) {
  const auto found = request.find(name);
  return found != request.end() && found->is_boolean() && found->get<bool>();
}

json run_command(const json& request, StateSource& state, const std::string& user) {
  ExecContext context{state, user.substr(0, kMaxUser), flag(request, "confirmed")};
  const bool as_json = flag(request, "json");
  try {
    Output out = execute(request["command"].get<std::string>(), as_json, context);
    json answer = {{"ok", true}, {"text", as_json ? std::string() : std::move(out.text)}};
    if (as_json) answer["json"] = out.json.is_null() ? json::object() : std::move(out.json);
    return answer;
  } catch (const NeedsConfirmation& e) {
    json answer = refusal(e.what());
    answer["confirm"] = e.what();
    return answer;
  } catch (const std::exception& e) {
    return refusal(e.what());
  }
}

}  // namespace

std::string answer_request(std::string_view line, StateSource& state, const std::string& user) {
  const json request = json::parse(line.begin(), line.end(), nullptr, false);
  const auto is_text = [&](const char* name) {
    const auto found = request.find(name);
    return found != request.end() && found->is_string();
  };
  if (request.is_discarded() || !request.is_object()) {
    return write(refusal("ERROR: a request is one JSON object on one line"));
  }
  if (is_text("command")) return write(run_command(request, state, user));
  if (is_text("complete")) {
    return write({{"ok", true}, {"completions", complete(request["complete"].get<std::string>())}});
  }
  if (is_text("help"))
    return write({{"ok", true}, {"text", help(request["help"].get<std::string>())}});
  return write(
      refusal("ERROR: a request holds \"command\", \"complete\" or \"help\" with a string"));
}

}  // namespace culvert::control
