#include "tools/culvert-client/auth_document.hpp"

namespace culvert::client {
namespace {

using control::http::WipingString;

void append_escaped(WipingString& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

void append_element(WipingString& out, std::string_view name, std::string_view text) {
  out += '<';
  out += name;
  out += '>';
  append_escaped(out, text);
  out += "</";
  out += name;
  out += '>';
}

WipingString envelope(std::string_view type) {
  WipingString out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config-auth client=\"vpn\" type=\"";
  out += type;
  out +=
      "\" aggregate-auth-version=\"2\"><version who=\"vpn\">4.10.07073</version>"
      "<device-id>win</device-id>";
  return out;
}

void finish(WipingString& out, std::string_view group) {
  if (!group.empty()) append_element(out, "group-select", group);
  out += "</config-auth>\n";
}

}  // namespace

std::optional<std::string_view> answer_to(const Input& input, const Answers& answers) noexcept {
  if (input.name.empty()) return std::nullopt;
  if (input.type == "password") return answers.password;
  if (input.type == "text") return answers.user;
  if (input.type == "hidden") return input.value;
  return std::nullopt;
}

WipingString init_document(std::string_view access, std::string_view group) {
  WipingString out = envelope("init");
  append_element(out, "group-access", access);
  finish(out, group);
  return out;
}

WipingString reply_document(const Document& form, const Answers& answers) {
  WipingString out = envelope("auth-reply");
  out += form.opaque;
  out += "<auth>";
  for (const Input& input : form.inputs) {
    if (const auto value = answer_to(input, answers)) append_element(out, input.name, *value);
  }
  out += "</auth>";
  finish(out, answers.group);
  return out;
}

}  // namespace culvert::client
