// Templates of the documents; whatever comes from outside is escaped.
#include "control/anyconnect/xml_reply.hpp"

#include <iterator>

#include <fmt/format.h>

namespace culvert::control {
namespace {

constexpr std::string_view kProlog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

}  // namespace

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      case '\n':
      case '\t': out += c; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string login_form(const LoginForm& form) {
  std::string out(kProlog);
  const auto at = std::back_inserter(out);
  out += "<config-auth client=\"vpn\" type=\"auth-request\" aggregate-auth-version=\"2\">\n";
  fmt::format_to(at,
                 "<opaque is-for=\"sg\"><tunnel-group>{}</tunnel-group></opaque>\n"
                 "<auth id=\"main\">\n<title>Login</title>\n"
                 "<message>Please enter your username and password.</message>\n",
                 xml_escape(form.tunnel_group));
  // openconnect puts param1 and param2 where the text has %s; an escaped text has none of ours.
  if (!form.error.empty()) {
    fmt::format_to(at, "<error id=\"88\" param1=\"{}\" param2=\"\">Login failed: %s</error>\n",
                   xml_escape(form.error));
  }
  out +=
      "<form method=\"post\" action=\"/\">\n"
      "<input type=\"text\" name=\"username\" label=\"Username:\"></input>\n"
      "<input type=\"password\" name=\"password\" label=\"Password:\"></input>\n";
  if (!form.aliases.empty()) {
    out += "<select name=\"group_list\" label=\"GROUP:\">\n";
    for (const std::string& alias : form.aliases) {
      const std::string text = xml_escape(alias);
      fmt::format_to(at, "<option value=\"{}\"{}>{}</option>\n", text,
                     alias == form.selected_alias ? " selected=\"true\"" : "", text);
    }
    out += "</select>\n";
  }
  out += "</form>\n</auth>\n</config-auth>\n";
  return out;
}

std::string login_complete(const LoginComplete& complete) {
  std::string banner;
  for (const std::string& line : complete.banner) {
    if (!banner.empty()) banner += '\n';
    banner += line;
  }
  std::string out(kProlog);
  const auto at = std::back_inserter(out);
  fmt::format_to(at,
                 "<config-auth client=\"vpn\" type=\"complete\" aggregate-auth-version=\"2\">\n"
                 "<session-id>{}</session-id>\n<session-token>{}</session-token>\n"
                 "<auth id=\"success\">\n<title>SSL VPN Service</title>\n",
                 complete.session_index, complete.session_token);
  if (!banner.empty()) fmt::format_to(at, "<banner>{}</banner>\n", xml_escape(banner));
  out += "<message id=\"0\" param1=\"\" param2=\"\"></message>\n</auth>\n</config-auth>\n";
  return out;
}

std::string logout_complete() {
  return std::string(kProlog) +
         "<config-auth client=\"vpn\" type=\"complete\" aggregate-auth-version=\"2\">\n"
         "</config-auth>\n";
}

}  // namespace culvert::control
