// The steps of a login: group, certificate, user name, password, and the forms between them. Clients
// that speak XML and clients that post forms get the same documents.
#include <fmt/format.h>

#include "control/anyconnect/client_text.hpp"
#include "control/http/message.hpp"
#include "control/http/wiping_allocator.hpp"
#include "control/setup/connection.hpp"

namespace culvert::control {
namespace {

using CertificateStatus = ClientCertificate::Status;

// A user name goes into logs: one line, no control characters.
bool good_username(std::string_view name) {
  return !name.empty() && name.size() <= 128 && client_text(name) == name;
}

}  // namespace

// A login that waits for its password to be verified.
struct Connection::PendingLogin {
  LoginStep step;
  Sessions::Login login;
  std::shared_ptr<AuthAttempt> attempt;
};

void Connection::on_document(const http::Request& request) {
  AuthRequest document;
  try {
    document = parse_auth_request(request.body);
  } catch (const std::runtime_error&) {
    parts_.stats.documents_refused++;
    return reply(http::refusal(400));
  }
  if (document.type == AuthRequestType::logout) {
    return on_logout(
        document.session_token.empty() ? request.cookie("webvpn") : document.session_token.view(),
        true);
  }
  const auto group = choose_group(*parts_.env.config, {request.header("Host"), request.path(),
                                                       document.group, document.opaque_group});
  LoginStep step;
  if (group) step.group = *group;
  if (step.group.by_url) step.action = request.path();
  std::string user_agent = client_text(request.header("User-Agent").substr(0, kMaxUserAgent));
  if (document.type == AuthRequestType::init) return on_init(step, document, std::move(user_agent));
  if (!group) return refuse_login(step, "There is no such group.");
  on_auth_reply(step, std::move(document), std::move(user_agent));
}

// While a password is verified the group may be taken out of the configuration: see on_verified().
const TunnelGroupConfig& Connection::group_of(const LoginStep& step) const {
  const auto& groups = parts_.env.config->tunnel_groups;
  const auto found = groups.find(step.group.name);
  return found != groups.end() ? found->second : groups.at(std::string(kDefaultTunnelGroup));
}

void Connection::on_init(const LoginStep& step, const AuthRequest& request,
                         std::string user_agent) {
  const TunnelGroupConfig& group = group_of(step);
  // A group that is only our proposal asks for nothing but its form.
  if (!group.authenticate_certificate || !step.group.by_client) return send_form(step, "");
  if (certificate_.status == CertificateStatus::none && request.xml && !request.no_certificate) {
    return reply(http::xml_document(certificate_request()));
  }
  if (certificate_.status != CertificateStatus::valid) return refuse_certificate(step);
  if (group.authenticate_aaa) return send_form(step, "");
  log_in_by_certificate(step, request.device, std::move(user_agent));
}

void Connection::on_auth_reply(const LoginStep& step, AuthRequest request, std::string user_agent) {
  const TunnelGroupConfig& group = group_of(step);
  if (group.authenticate_certificate && certificate_.status != CertificateStatus::valid)
    return refuse_certificate(step);
  if (!group.authenticate_aaa)
    return log_in_by_certificate(step, request.device, std::move(user_agent));
  if (request.username.empty()) return send_form(step, "");
  if (!good_username(request.username)) return refuse_login(step, "Wrong user name or password.");
  if (!request.has_password) {
    LoginForm form = form_for(step);
    form.ask = LoginForm::Ask::password;
    form.username = request.username;
    return reply(http::xml_document(login_form(form)));
  }
  if (group.authenticate_certificate && group.prefill_username &&
      user_of(certificate_, group.certificate_user) != request.username) {
    return refuse_login(step, "The certificate belongs to another user.");
  }
  verify(step, std::move(request), std::move(user_agent));
}

void Connection::verify(const LoginStep& step, AuthRequest request, std::string user_agent) {
  const auto pending = std::make_shared<PendingLogin>();
  pending->step = step;
  pending->login.user = request.username;
  pending->login.tunnel_group = step.group.name;
  pending->login.user_agent = std::move(user_agent);
  pending->login.device = request.device;
  pending->login.flow = flow_;
  if (group_of(step).authenticate_certificate)
    pending->login.mode = AuthMode::certificate_and_password;
  pending->attempt = std::make_shared<AuthAttempt>();
  AuthAttempt& attempt = *pending->attempt;
  attempt.user = request.username;
  attempt.password = std::move(request.password);
  attempt.tunnel_group = step.group.name;
  attempt.client = flow_.remote;
  attempt.headend = flow_.local;
  if (challenge_ && challenge_->user == attempt.user &&
      challenge_->tunnel_group == attempt.tunnel_group) {
    attempt.state = std::move(challenge_->state);
  }
  challenge_.reset();
  attempt_ = pending->attempt;
  const auto self = shared_from_this();
  job_running_ = authenticator(group_of(step)).ask(pending->attempt, [self, pending] {
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
    return send_form(step, "The headend is busy. Please try again.");
  }
  enter(State::verifying);
  want_record();  // of a FIN, too, the worker tells only who wants a record
}

Authenticator& Connection::authenticator(const TunnelGroupConfig& group) {
  const auto found = parts_.authenticators.find(group.authentication_server_group);
  return found != parts_.authenticators.end()
             ? *found->second
             : *parts_.authenticators.at(std::string(kLocalServerGroup));
}

void Connection::on_verified(const PendingLogin& pending) {
  const AuthAnswer& answer = pending.attempt->answer;
  for (const AuthLogLine& line : answer.log)
    parts_.env.log(line.level, line.number, line.text);
  if (!parts_.env.config->tunnel_groups.contains(pending.step.group.name))
    return refuse_login(pending.step, "There is no such group any more.");
  if (answer.verdict == AuthVerdict::challenged) return pass_challenge_on(pending);
  if (answer.verdict != AuthVerdict::accepted) {
    return refuse_login(pending.step, !answer.message.empty() ? answer.message
                                      : answer.verdict == AuthVerdict::unavailable
                                          ? "The authentication server does not answer."
                                          : "Wrong user name or password.");
  }
  Sessions::Login login = pending.login;
  login.attributes = answer.attributes;
  finish_login(pending.step, login);
}

// The form that asks what the server asks. How often it may do so, the limit of requests says.
void Connection::pass_challenge_on(const PendingLogin& pending) {
  const AuthAttempt& attempt = *pending.attempt;
  challenge_ = Challenge{attempt.user, attempt.tunnel_group, attempt.answer.state};
  LoginForm form = form_for(pending.step);
  form.ask = LoginForm::Ask::answer;
  form.username = attempt.user;
  form.message = attempt.answer.message;
  reply(http::xml_document(login_form(form)));
}

void Connection::log_in_by_certificate(const LoginStep& step, const std::string& device,
                                       std::string user_agent) {
  const auto user = user_of(certificate_, group_of(step).certificate_user);
  if (!user || !good_username(*user))
    return refuse_certificate(step, "The certificate names no user.");
  Sessions::Login login;
  login.user = *user;
  login.tunnel_group = step.group.name;
  login.user_agent = std::move(user_agent);
  login.device = device;
  login.flow = flow_;
  login.mode = AuthMode::certificate;
  parts_.env.log(6, 716038,
                 fmt::format("Group <{}> User <{}> IP <{}> Authentication: successful, Session "
                             "Type: WebVPN.",
                             login.tunnel_group, login.user, flow_.remote.to_string()));
  finish_login(step, login);
}

void Connection::finish_login(const LoginStep& step, const Sessions::Login& login) {
  Sessions::LoginResult result = parts_.sessions.login(login);
  if (result.session == nullptr) return refuse_login(step, result.refusal);
  parts_.stats.logins++;
  tries_ = 0;
  LoginComplete complete;
  complete.session_index = result.session->index;
  complete.session_token = result.cookie;
  complete.banner = result.session->policy.banner;
  complete.certificate_sha1 = tls_->own_certificate_sha1();
  const auto profile = parts_.profiles.find(result.session->policy.profile);
  const bool has_profile = profile != parts_.profiles.end();
  if (has_profile) {
    complete.profile_uri = fmt::format("{}profiles/{}", kClientFiles, profile->second.file);
    complete.profile_sha1 = profile->second.sha1;
  }
  http::Reply welcome = http::xml_document(login_complete(complete));
  http::WipingString cookie("webvpn=");
  ((cookie += result.cookie) += "; path=/; Secure; HttpOnly");
  welcome.headers.emplace_back("Set-Cookie", std::string(cookie));
  http::Request::wipe(result.cookie);
  welcome.headers.emplace_back(
      "Set-Cookie", fmt::format("webvpnc={}; path=/; Secure",
                                client_cookie(complete.certificate_sha1,
                                              has_profile ? &profile->second : nullptr)));
  reply(welcome);
  http::Request::wipe(welcome.body);
  http::Request::wipe(welcome.headers.front().second);
}

LoginForm Connection::form_for(const LoginStep& step) const {
  const TunnelGroupConfig& group = group_of(step);
  LoginForm form;
  form.tunnel_group = step.group.name;
  form.action = step.action;
  if (!step.group.by_url) {
    for (const ListedGroup& listed : listed_groups(*parts_.env.config))
      form.groups.push_back({listed.alias, listed.password});
    form.selected = step.group.alias;
  }
  if (group.prefill_username && certificate_.status == CertificateStatus::valid)
    form.username = user_of(certificate_, group.certificate_user).value_or("");
  return form;
}

void Connection::send_form(const LoginStep& step, const std::string& error) {
  LoginForm form = form_for(step);
  form.error = error;
  reply(http::xml_document(login_form(form)));
}

// The ASA's way, which clients take for "try again": 200 with the form and an error. After the last
// try 401, and the end.
void Connection::refuse_login(const LoginStep& step, const std::string& error) {
  parts_.stats.logins_failed++;
  if (++tries_ >= parts_.limits.password_tries) {
    reply(http::refusal(401));
  } else {
    send_form(step, error);
  }
}

// Where another group may be chosen, the form comes again; elsewhere nothing that a user could type
// helps, and the client gets an error alone.
void Connection::refuse_certificate(const LoginStep& step, std::string error) {
  if (error.empty()) {
    error = certificate_.status == CertificateStatus::none
                ? "A client certificate is needed."
                : fmt::format("Certificate validation failure: {}.", certificate_.refusal);
  }
  parts_.env.log(
      6, 716039,
      fmt::format("Group <{}> User <unknown> IP <{}> Authentication: rejected, Session Type: "
                  "WebVPN: {}",
                  step.group.name, flow_.remote.to_string(), error));
  if (!form_for(step).groups.empty()) return refuse_login(step, error);
  parts_.stats.logins_failed++;
  tries_++;
  reply(tries_ >= parts_.limits.password_tries ? http::refusal(401)
                                               : http::xml_document(login_refusal(error)));
}

}  // namespace culvert::control
