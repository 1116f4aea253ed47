// The HTTP side of a connection in set-up: forms, passwords, CONNECT, logout.
#include <fmt/format.h>

#include "control/anyconnect/connect_reply.hpp"
#include "control/anyconnect/connect_request.hpp"
#include "control/anyconnect/xml_reply.hpp"
#include "control/setup/connection.hpp"
#include "control/tls/key_export.hpp"

namespace culvert::control {
namespace {

http::Reply document(std::string body) {
  http::Reply reply;
  reply.content_type = "text/xml; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

bool is_form_path(std::string_view path, const Config& config) {
  if (path == "/" || path == "/auth" || path == "/VPN" || path == "/index.html") return true;
  // The address of a group, "https://host/alias".
  return path.size() > 1 && path.front() == '/' &&
         find_tunnel_group(config, std::string(path.substr(1))).has_value();
}

// A user name goes into logs: one line, no control characters.
bool good_username(std::string_view name) noexcept {
  if (name.empty() || name.size() > 128) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

// A login that waits for its password to be verified.
struct Connection::PendingLogin {
  Sessions::Login login;
  std::string group_choice;
  std::shared_ptr<AuthAttempt> attempt;
};

void Connection::on_request(const http::Request& request) {
  const Config& config = *parts_.env.config;
  const std::string_view path = request.path();
  if (is_tunnel_path(path)) {
    if (request.method != "CONNECT") return refuse_request(405);
    return on_connect(request);
  }
  if (request.method == "CONNECT") return refuse_request(404);
  if (request.method != "GET" && request.method != "POST") {
    const bool known = request.method == "HEAD" || request.method == "PUT" ||
                       request.method == "DELETE" || request.method == "OPTIONS" ||
                       request.method == "TRACE" || request.method == "PATCH";
    return refuse_request(known ? 405 : 501);
  }
  if (path == "/logout") return on_logout(request.cookie("webvpn"), false);
  if (!is_form_path(path, config)) return refuse_request(404);
  on_document(request);
}

void Connection::refuse_request(unsigned status) {
  parts_.stats.requests_refused++;
  http::Reply answer = http::refusal(status);
  if (status == 405) answer.headers.emplace_back("Allow", "GET, POST, CONNECT");
  reply(answer);
}

void Connection::on_document(const http::Request& request) {
  AuthRequest document;
  try {
    document = parse_auth_request(request.body);
  } catch (const std::runtime_error&) {
    parts_.stats.documents_refused++;
    return reply(http::refusal(400));
  }
  if (document.group.empty() && request.path() != "/" && request.path() != "/auth" &&
      request.path() != "/VPN" && request.path() != "/index.html") {
    document.group = request.path().substr(1);
  }
  switch (document.type) {
    case AuthRequestType::init: return send_form(document.group, "");
    case AuthRequestType::auth_reply:
      return on_auth_reply(std::move(document),
                           std::string(request.header("User-Agent").substr(0, 256)));
    case AuthRequestType::logout:
      return on_logout(
          document.session_token.empty() ? request.cookie("webvpn") : document.session_token.view(),
          true);
  }
}

void Connection::send_form(const std::string& group_choice, const std::string& error) {
  const Config& config = *parts_.env.config;
  const auto group = find_tunnel_group(config, group_choice);
  LoginForm form;
  form.tunnel_group = group.value_or(std::string(kDefaultTunnelGroup));
  form.error = error;
  form.aliases = group_aliases(config);
  form.selected_alias = group_choice;
  for (const auto& [name, tunnel_group] : config.tunnel_groups) {
    // Chosen by name: the list shows aliases.
    if (name == group_choice && !tunnel_group.aliases.empty())
      form.selected_alias = tunnel_group.aliases.front();
  }
  reply(document(login_form(form)));
}

// The ASA's way, which clients take for "try again": 200 with the form and an error. After the last
// try 401, and the end.
void Connection::refuse_login(const std::string& group_choice, const std::string& error) {
  parts_.stats.logins_failed++;
  if (++tries_ >= parts_.limits.password_tries) {
    reply(http::refusal(401));
  } else {
    send_form(group_choice, error);
  }
}

void Connection::on_auth_reply(AuthRequest request, std::string user_agent) {
  const Config& config = *parts_.env.config;
  if (!request.has_password || request.username.empty()) return send_form(request.group, "");
  const auto group = find_tunnel_group(config, request.group);
  if (!group) return refuse_login("", "There is no such group.");
  if (!good_username(request.username)) return refuse_login(request.group, "Login failed.");

  const auto pending = std::make_shared<PendingLogin>();
  pending->login.user = request.username;
  pending->login.tunnel_group = *group;
  pending->login.user_agent = std::move(user_agent);
  pending->login.device = request.device;
  pending->login.flow = flow_;
  pending->group_choice = request.group;
  pending->attempt = std::make_shared<AuthAttempt>();
  AuthAttempt& attempt = *pending->attempt;
  attempt.user = request.username;
  attempt.password = std::move(request.password);
  attempt.tunnel_group = *group;
  attempt.client = flow_.remote;
  attempt_ = pending->attempt;
  const auto self = shared_from_this();
  job_running_ = authenticator(*group).ask(pending->attempt, [self, pending] {
    self->job_running_ = false;
    self->leave_place();
    if (self->state_ == State::verifying) {
      self->on_verified(*pending);
    } else if (self->state_ == State::gone) {
      self->tls_.reset();
    }
  });
  if (!job_running_) {
    parts_.stats.jobs_refused++;
    return send_form(request.group, "The headend is busy. Please try again.");
  }
  enter(State::verifying);
}

Authenticator& Connection::authenticator(const std::string& tunnel_group) {
  const std::string& name =
      parts_.env.config->tunnel_groups.at(tunnel_group).authentication_server_group;
  const auto found = parts_.authenticators.find(name);
  return found != parts_.authenticators.end()
             ? *found->second
             : *parts_.authenticators.at(std::string(kLocalServerGroup));
}

void Connection::on_verified(const PendingLogin& pending) {
  const AuthAnswer& answer = pending.attempt->answer;
  for (const AuthLogLine& line : answer.log)
    parts_.env.log(line.level, line.number, line.text);
  if (answer.verdict != AuthVerdict::accepted) {
    return refuse_login(pending.group_choice, !answer.message.empty() ? answer.message
                                              : answer.verdict == AuthVerdict::unavailable
                                                  ? "The authentication server does not answer."
                                                  : "Wrong user name or password.");
  }
  Sessions::Login login = pending.login;
  login.attributes = answer.attributes;
  Sessions::LoginResult result = parts_.sessions.login(login);
  if (result.session == nullptr) return refuse_login(pending.group_choice, result.refusal);
  parts_.stats.logins++;
  tries_ = 0;
  LoginComplete complete;
  complete.session_index = result.session->index;
  complete.session_token = result.cookie;
  complete.banner = result.session->policy.banner;
  http::Reply welcome = document(login_complete(complete));
  welcome.headers.emplace_back("Set-Cookie",
                               fmt::format("webvpn={}; path=/; Secure; HttpOnly", result.cookie));
  http::Request::wipe(result.cookie);
  reply(welcome);
  http::Request::wipe(welcome.body);
  http::Request::wipe(welcome.headers.back().second);
}

void Connection::on_logout(std::string_view cookie, bool as_document) {
  (void)parts_.sessions.logout(cookie);  // says the same whether there was a session or not
  http::Reply answer;
  if (as_document) {
    answer = document(logout_complete());
  } else {
    answer.content_type = "text/html; charset=utf-8";
    answer.body = "<html></html>\n";
  }
  answer.headers.emplace_back("Set-Cookie",
                              "webvpn=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; Secure; "
                              "HttpOnly");
  reply(answer);
}

void Connection::on_connect(const http::Request& request) {
  parts_.stats.bytes_after_connect += tls_->leftover();
  const ConnectRequest wanted = parse_connect(request);
  if (!request.body.empty() || tls_->leftover() != 0) return refuse_request(400);
  TunnelInfo peer;
  peer.conn = conn_;
  peer.flow = flow_;
  peer.suite = tls_->suite();
  peer.client_mss = peer_mss_;
  Sessions::ConnectResult result = parts_.sessions.connect(wanted, peer, tls_->max_plaintext());
  const bool granted = result.status == 200;
  (granted ? parts_.stats.connects : parts_.stats.connects_refused)++;
  if (!tls_->write(result.reply)) return close();
  if (!granted) return close();
  send_output();
  try {
    TunnelKeys keys = export_keys(*tls_);
    result.promotion.rx = keys.rx;
    result.promotion.tx = keys.tx;
  } catch (const std::runtime_error& e) {
    parts_.env.log(4, 722004,
                   fmt::format("IP <{}> Error responding to SVC connect request: {}.",
                               flow_.remote.to_string(), e.what()));
    return abort();
  }
  parts_.outbox.promote(conn_, result.promotion);
  claim_ = std::move(result.claim);
  // OpenSSL's part is over: 45 KB a connection go back.
  tls_.reset();
  enter(State::promoting);
}

}  // namespace culvert::control
