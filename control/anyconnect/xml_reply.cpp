// Templates of the documents; whatever comes from outside is escaped.
#include "control/anyconnect/xml_reply.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "control/http/wiping_allocator.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kProlog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// Bytes of the character of two to four bytes that `text` begins with (RFC 3629 §4); 0 if it is
// none, or one that XML cannot hold (XML 1.0 §2.2).
size_t utf8_sequence(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return 0;
  uint32_t code = byte(0) & (0x7fu >> size);
  for (size_t i = 1; i < size; i++) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kLeast[] = {0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool good = code >= kLeast[size - 2] && code <= 0x10ffff && !surrogate && code != 0xfffe &&
                    code != 0xffff;
  return good ? size : 0;
}

}  // namespace

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const size_t size = utf8_sequence(text.substr(i));
      out += size == 0 ? std::string_view("?") : text.substr(i, size);
      i += std::max<size_t>(size, 1);
      continue;
    }
    i++;
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

namespace {

// openconnect puts param1 and param2 where the text has %s; an escaped text has none of ours.
std::string error_element(std::string_view error) {
  return fmt::format("<error id=\"88\" param1=\"{}\" param2=\"\">Login failed: %s</error>\n",
                     xml_escape(error));
}

void write_inputs(std::string& out, const LoginForm& form) {
  const auto at = std::back_inserter(out);
  const std::string name = xml_escape(form.username);
  if (form.ask != LoginForm::Ask::both) {
    fmt::format_to(at, "<input type=\"hidden\" name=\"username\" value=\"{}\"></input>\n", name);
    // A form without XML has no <opaque>.
    if (!form.selected.empty()) {
      fmt::format_to(at, "<input type=\"hidden\" name=\"group_list\" value=\"{}\"></input>\n",
                     xml_escape(form.selected));
    }
  } else {
    const std::string value = name.empty() ? "" : fmt::format(" value=\"{}\"", name);
    fmt::format_to(at, "<input type=\"text\" name=\"username\" label=\"Username:\"{}></input>\n",
                   value);
  }
  fmt::format_to(at, "<input type=\"password\" name=\"password\" label=\"{}\"></input>\n",
                 form.ask == LoginForm::Ask::answer ? "Response:" : "Password:");
}

std::string message_element(const LoginForm& form) {
  // As with errors: what somebody else wrote is a parameter, not a format.
  if (!form.message.empty()) {
    return fmt::format("<message id=\"89\" param1=\"{}\" param2=\"\">%s</message>\n",
                       xml_escape(form.message));
  }
  return fmt::format("<message>Please enter your {}.</message>\n",
                     form.ask == LoginForm::Ask::both       ? "username and password"
                     : form.ask == LoginForm::Ask::password ? "password"
                                                            : "response");
}

// `noaaa` tells clients that a group wants neither name nor password.
void write_list(std::string& out, const LoginForm& form) {
  out += "<select name=\"group_list\" label=\"GROUP:\">\n";
  for (const LoginForm::Group& group : form.groups) {
    const std::string text = xml_escape(group.alias);
    fmt::format_to(std::back_inserter(out), "<option value=\"{}\"{}{}>{}</option>\n", text,
                   group.password ? "" : " noaaa=\"1\"",
                   group.alias == form.selected ? " selected=\"true\"" : "", text);
  }
  out += "</select>\n";
}

}  // namespace

std::string login_form(const LoginForm& form) {
  std::string out(kProlog);
  fmt::format_to(std::back_inserter(out),
                 "<config-auth client=\"vpn\" type=\"auth-request\" aggregate-auth-version=\"2\">\n"
                 "<opaque is-for=\"sg\"><tunnel-group>{}</tunnel-group></opaque>\n"
                 "<auth id=\"{}\">\n<title>Login</title>\n{}",
                 xml_escape(form.tunnel_group),
                 form.ask == LoginForm::Ask::answer ? "challenge" : "main", message_element(form));
  if (!form.error.empty()) out += error_element(form.error);
  fmt::format_to(std::back_inserter(out), "<form method=\"post\" action=\"{}\">\n",
                 xml_escape(form.action));
  write_inputs(out, form);
  if (!form.groups.empty() && form.ask == LoginForm::Ask::both) write_list(out, form);
  out += "</form>\n</auth>\n</config-auth>\n";
  return out;
}

std::string login_refusal(std::string_view error) {
  return fmt::format(
      "{}<config-auth client=\"vpn\" type=\"auth-request\" aggregate-auth-version=\"2\">\n"
      "<auth id=\"main\">\n<title>Login</title>\n{}</auth>\n</config-auth>\n",
      kProlog, error_element(error));
}

std::string certificate_request() {
  return std::string(kProlog) +
         "<config-auth client=\"vpn\" type=\"auth-request\" aggregate-auth-version=\"2\">\n"
         "<client-cert-request></client-cert-request>\n</config-auth>\n";
}

std::string login_complete(const LoginComplete& complete) {
  std::string banner;
  for (const std::string& line : complete.banner) {
    if (!banner.empty()) banner += '\n';
    banner += line;
  }
  http::WipingString out(kProlog);
  const auto at = std::back_inserter(out);
  fmt::format_to(at,
                 "<config-auth client=\"vpn\" type=\"complete\" aggregate-auth-version=\"2\">\n"
                 "<session-id>{}</session-id>\n<session-token>",
                 complete.session_index);
  out += complete.session_token;  // not by fmt, which would leave it in a buffer of its own
  out += "</session-token>\n<auth id=\"success\">\n<title>SSL VPN Service</title>\n";
  if (!banner.empty()) fmt::format_to(at, "<banner>{}</banner>\n", xml_escape(banner));
  out += "<message id=\"0\" param1=\"\" param2=\"\"></message>\n</auth>\n";
  fmt::format_to(at,
                 "<config client=\"vpn\" type=\"private\">\n<vpn-base-config>\n"
                 "<server-cert-hash>{}</server-cert-hash>\n</vpn-base-config>\n",
                 complete.certificate_sha1);
  if (!complete.profile_uri.empty()) {
    fmt::format_to(at,
                   "<vpn-profile-manifest>\n<vpn rev=\"1.0\">\n"
                   "<file type=\"profile\" service-type=\"user\">\n<uri>{}</uri>\n"
                   "<hash type=\"sha1\">{}</hash>\n</file>\n</vpn>\n</vpn-profile-manifest>\n",
                   xml_escape(complete.profile_uri), complete.profile_sha1);
  }
  out += "</config>\n</config-auth>\n";
  return std::string(out);
}

std::string logout_complete() {
  return std::string(kProlog) +
         "<config-auth client=\"vpn\" type=\"complete\" aggregate-auth-version=\"2\">\n"
         "</config-auth>\n";
}

}  // namespace culvert::control
