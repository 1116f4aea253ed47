#include "control/radius/authenticator.hpp"

#include <fmt/format.h>

#include "control/radius/attributes.hpp"

namespace culvert::control::radius {
namespace {

// What an answer of a server means, and what the ASA would log about it.
void judge(AuthAttempt& attempt, const Config& config, const Result& result) {
  const std::string server = result.server.to_string();
  const Attributes& attributes = result.answer.attributes;
  AuthAnswer& answer = attempt.answer;
  const auto log = [&](unsigned number, std::string text) {
    answer.log.push_back({6, number, std::move(text)});
  };
  switch (result.answer.code) {
    case Code::access_accept: {
      answer.verdict = AuthVerdict::accepted;
      answer.attributes = session_attributes(attributes);
      log(113004, fmt::format("AAA user authentication Successful : server = {} : user = {}",
                              server, attempt.user));
      auto& policy = answer.attributes.group_policy;
      // Class may as well hold something of the server's own, for accounting.
      if (policy && !config.group_policies.contains(*policy)) policy.reset();
      if (policy) {
        log(113003,
            fmt::format("AAA group policy for user {} is being set to {}", attempt.user, *policy));
      }
      log(113008, "AAA transaction status ACCEPT : user = " + attempt.user);
      break;
    }
    case Code::access_challenge: {
      answer.verdict = AuthVerdict::challenged;
      answer.message = reply_message(attributes);
      if (const Attribute* state = attributes.find(Type::state)) answer.state = state->text();
      log(113010,
          fmt::format("AAA challenge received for user {} from server {}", attempt.user, server));
      break;
    }
    default:
      answer.verdict = AuthVerdict::rejected;
      answer.message = reply_message(attributes);
      // The name is not logged: people type passwords into the wrong field.
      log(113005, fmt::format("AAA user authentication Rejected : reason = Invalid password : "
                              "server = {} : user = ***** : user IP = {}",
                              server, attempt.client.to_string()));
      break;
  }
}

}  // namespace

bool RadiusAuthenticator::ask(std::shared_ptr<AuthAttempt> attempt, std::function<void()> done) {
  const Config& config = *env_.config;
  const auto servers = config.aaa_servers.find(group_);
  if (servers == config.aaa_servers.end()) return false;
  const auto tunnel_group = config.tunnel_groups.find(attempt->tunnel_group);
  const bool fallback = tunnel_group != config.tunnel_groups.end() &&
                        tunnel_group->second.authentication_local_fallback;
  Question question;
  question.attributes =
      describe(config, {attempt->user, attempt->tunnel_group, attempt->client, attempt->headend});
  if (!attempt->state.empty()) question.attributes.text(Type::state, attempt->state);
  question.attempt = attempt;
  question.has_fallback = fallback;
  return client_.ask(servers->second, std::move(question),
                     [this, attempt, done = std::move(done), fallback](Result result) {
                       on_result(attempt, std::move(result), done, fallback);
                     });
}

void RadiusAuthenticator::on_result(const std::shared_ptr<AuthAttempt>& attempt, Result result,
                                    const std::function<void()>& done, bool has_fallback) {
  AuthAnswer& answer = attempt->answer;
  answer.log = std::move(result.log);
  if (result.kind == Result::Kind::unreachable && has_fallback && local_.ask(attempt, done))
    return;  // which adds its own lines to the log
  attempt->password.clear();
  if (result.kind == Result::Kind::answered) {
    judge(*attempt, *env_.config, result);
  } else {
    answer.verdict = AuthVerdict::unavailable;
  }
  done();
}

}  // namespace culvert::control::radius
