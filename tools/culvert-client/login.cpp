#include "tools/culvert-client/login.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/culvert-client/auth_document.hpp"
#include "tools/culvert-client/document.hpp"
#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/http.hpp"

namespace culvert::client {
namespace {

using control::http::WipingString;

constexpr unsigned kMostRounds = 6;  // group chosen, name, password, and some to spare

class Dialogue {
 public:
  Dialogue(const Gateway& gateway, const Options& options, Signals& signals)
      : gateway_(gateway), options_(options), signals_(signals) {}

  LoggedIn run() {
    Reply reply = begin("");
    bool asked_for_group = false, credentials_sent = false;
    for (unsigned round = 0; round < kMostRounds; round++) {
      if (reply.status == 401 || reply.status == 403)
        refuse("the headend refused the log-in", reply);
      if (reply.status != 200) {
        throw Failure(
            fmt::format("the headend answered the log-in with {} {}", reply.status, reply.reason));
      }
      const Document form = Document::parse(reply.body);
      if (form.complete) return finish(reply, form);
      if (form.wants_certificate) {
        throw Failure("the headend wants a client certificate, which this client cannot give",
                      ExitStatus::refused);
      }
      // With the form of another try, and wrong names and passwords do not become right.
      if (credentials_sent && !form.error.empty()) {
        throw Failure("the log-in was refused: " + form.error, ExitStatus::refused);
      }
      if (!form.has_form) {
        throw Failure(form.error.empty() ? "the headend sent neither a form nor a cookie"
                                         : "the headend refuses: " + form.error,
                      ExitStatus::refused);
      }
      const std::string group = group_of(form);
      if (options_.login == LoginForm::xml && !group.empty() && !asked_for_group &&
          !selected(form, group)) {
        asked_for_group = true;
        reply = begin(group);
        continue;
      }
      reply = answer(form, group);
      credentials_sent = true;
    }
    throw Failure("the log-in does not come to an end", ExitStatus::refused);
  }

 private:
  [[noreturn]] static void refuse(const std::string& what, const Reply& reply) {
    throw Failure(fmt::format("{}: {} {}", what, reply.status, reply.reason), ExitStatus::refused);
  }

  // The value of the group that was asked for by value or text; "" if none was asked for.
  [[nodiscard]] std::string group_of(const Document& form) const {
    if (options_.group.empty() || form.groups.empty()) return {};
    for (const Choice& each : form.groups) {
      if (each.value == options_.group || each.text == options_.group) return each.value;
    }
    throw Failure("the headend has no group '" + options_.group + "'", ExitStatus::refused);
  }

  static bool selected(const Document& form, const std::string& group) {
    return std::any_of(form.groups.begin(), form.groups.end(),
                       [&](const Choice& each) { return each.selected && each.value == group; });
  }

  Reply begin(const std::string& group) {
    if (options_.login == LoginForm::plain) return send("GET", gateway_.path, "", "");
    const std::string access =
        "https://" + gateway_.authority() + (gateway_.path == "/" ? "" : gateway_.path);
    return send("POST", gateway_.path, "application/xml; charset=utf-8",
                init_document(access, group));
  }

  Reply answer(const Document& form, const std::string& group) {
    if (form.inputs.empty()) {
      throw Failure("the headend's form asks for nothing", ExitStatus::refused);
    }
    const Answers answers{options_.user, options_.password.view(), group};
    if (options_.login == LoginForm::xml) {
      return send("POST", form.action, "application/xml; charset=utf-8",
                  reply_document(form, answers));
    }
    WipingString body;
    for (const Input& input : form.inputs) {
      if (const auto value = answer_to(input, answers)) append_field(body, input.name, *value);
    }
    if (!group.empty()) append_field(body, "group_list", group);
    return send("POST", form.action, "application/x-www-form-urlencoded", body);
  }

  static void append_field(WipingString& body, std::string_view name, std::string_view value) {
    if (!body.empty()) body += '&';
    append_urlencoded(body, name);
    body += '=';
    append_urlencoded(body, value);
  }

  Reply send(std::string_view method, const std::string& path, std::string_view type,
             const WipingString& body) {
    if (!tls_) tls_ = std::make_unique<TlsStream>(gateway_, options_, signals_);
    WipingString request;
    request += fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nX-Transcend-Version: 1\r\n",
        method, path, gateway_.authority(), options_.user_agent);
    if (options_.login == LoginForm::xml) request += "X-Aggregate-Auth: 1\r\n";
    if (!context_.empty()) request += fmt::format("Cookie: webvpncontext={}\r\n", context_);
    if (!type.empty()) request += fmt::format("Content-Type: {}\r\n", type);
    request += fmt::format("Content-Length: {}\r\n\r\n", body.size());
    request += body;
    Reply reply = exchange(*tls_, request, false, signals_, Clock::now() + options_.patience);
    if (const auto context = reply.cookie("webvpncontext"); !context.empty()) context_ = context;
    if (!reply.keep_alive) tls_.reset();
    return reply;
  }

  LoggedIn finish(const Reply& reply, const Document& document) {
    LoggedIn out;
    std::string_view cookie = reply.cookie("webvpn");
    if (cookie.empty()) cookie = document.session_token;
    if (cookie.empty() || !out.cookie.append(cookie)) {
      throw Failure("the headend sent no cookie that could be used");
    }
    out.banner = document.message;
    out.tls = std::move(tls_);
    return out;
  }

  const Gateway& gateway_;
  const Options& options_;
  Signals& signals_;
  std::unique_ptr<TlsStream> tls_;
  std::string context_;
};

}  // namespace

LoggedIn log_in(const Gateway& gateway, const Options& options, Signals& signals) {
  return Dialogue(gateway, options, signals).run();
}

}  // namespace culvert::client
