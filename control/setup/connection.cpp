// The TLS side of a connection in set-up, its time limits, and its end.
#include "control/setup/connection.hpp"

#include <fmt/format.h>

#include "control/http/message.hpp"
#include "control/log/flow_text.hpp"
#include "crypto/record/format.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

namespace {

// RFC 8446 §5.1: what can begin a TLS connection, or continue it.
bool is_record(std::span<const uint8_t> bytes) noexcept {
  return bytes.size() > crypto::record::kHeaderSize && bytes[0] >= 20 && bytes[0] <= 23 &&
         bytes[1] == 3;
}

}  // namespace

Connection::Connection(SetupParts& parts, const ServerContext& tls, const Arrival& arrival,
                       Admission::Token place)
    : parts_(parts),
      conn_(arrival.conn),
      flow_(arrival.flow),
      peer_mss_(arrival.peer_mss),
      timestamps_(arrival.timestamps),
      place_(std::move(place)),
      since_us_(parts.env.now_us()),
      tls_(std::make_unique<TlsConnection>(tls)) {}

// A place is held for as long as the connection costs something: its job may outlive it.
void Connection::leave_place() {
  if (state_ >= State::tunnel && !job_running_) place_.reset();
}

void Connection::enter(State state) {
  state_ = state;
  if (state >= State::closing) {
    if (const auto attempt = attempt_.lock()) attempt->cancelled = true;
  }
  leave_place();
  since_us_ = parts_.env.now_us();
}

// Never two at a time: what was asked for while a password was verified may still have to come.
void Connection::want_record() {
  asked_us_ = parts_.env.now_us();
  if (record_wanted_) return;
  record_wanted_ = true;
  parts_.outbox.want_record(conn_);
}

void tell_failed_handshake(SetupEnv& env, const dp::Flow& flow) {
  env.flow_drops.add(dp::DropReason::ssl_handshake_failed);
  env.log(6, 725006,
          fmt::format("Device failed SSL handshake with client {}", flow_text(*env.config, flow)));
}

// `format` has one place, for the flow as the ASA writes it.
void Connection::log_ssl(int level, unsigned number, std::string_view format) {
  parts_.env.log(level, number,
                 fmt::format(fmt::runtime(format), flow_text(*parts_.env.config, flow_)));
}

void Connection::on_record(std::span<const uint8_t> record) {
  record_wanted_ = false;
  const bool reads = state_ == State::login || state_ == State::verifying;
  // Asked for before we closed, or not asked for at all.
  if (!reads && (state_ != State::handshake || job_running_)) return;
  if (!is_record(record)) {
    if (!saw_record_) parts_.stats.not_tls++;
    fail_handshake("not a TLS record");
    return;
  }
  if (reads) {
    read_plaintext(record);
  } else {
    shake_hands(record);
  }
}

void Connection::read_plaintext(std::span<const uint8_t> record) {
  std::string plaintext;
  plaintext.reserve(record.size());
  const TlsStep step = tls_->read(record, plaintext);
  const bool spoke = !plaintext.empty();
  if (step == TlsStep::more && spoke && state_ == State::login) {
    if (parser_.idle()) request_since_us_ = parts_.env.now_us();
    (void)parser_.feed(plaintext);
  }
  http::Request::wipe(plaintext);
  if (step != TlsStep::more) {
    if (step == TlsStep::closed) parts_.env.flow_drops.add(dp::DropReason::ssl_close_alert);
    close();  // with OpenSSL's alert, if it has one
  } else if (state_ == State::login) {
    on_plaintext();
  } else if (spoke) {
    // RFC 9112 §9.3.2: nobody pipelines behind a POST. As behind any request (http::RequestParser) it is an error.
    refuse_request(400);
  } else {
    want_record();
  }
}

void Connection::shake_hands(std::span<const uint8_t> record) {
  // A client that is new is begun with when those that are on their way have nothing to do.
  const auto kind = saw_record_ ? HandshakePool::Kind::crypto : HandshakePool::Kind::hello;
  if (!saw_record_) log_ssl(6, 725001, "Starting SSL handshake with client {} for TLS session");
  saw_record_ = true;
  struct Job {
    std::vector<uint8_t> record;
    TlsStep step = TlsStep::failed;
  };
  const auto job = std::make_shared<Job>();
  job->record.assign(record.begin(), record.end());
  // The job owns the connection until `done`: nobody else touches tls_ meanwhile.
  const auto self = shared_from_this();
  job_running_ = parts_.pool.submit(
      kind, [self, job] { job->step = self->tls_->handshake(job->record); },
      [self, job](const std::string& error) {
        self->job_running_ = false;
        self->leave_place();
        self->on_handshake_step(error.empty() ? job->step : TlsStep::failed);
      });
  if (!job_running_) {
    parts_.stats.jobs_refused++;
    abort();
  }
}

void Connection::on_handshake_step(TlsStep step) {
  if (state_ == State::gone) {
    tls_.reset();
    return;
  }
  if (state_ != State::handshake) return;
  switch (step) {
    case TlsStep::more:
      send_output();
      want_record();
      break;
    case TlsStep::done:
      parts_.stats.handshakes++;
      established_ = true;
      log_ssl(6, 725002,
              fmt::format("Device completed SSL handshake with client {{}} for {} session",
                          tls_->version_name()));
      log_ssl(7, 725012,
              fmt::format("Device chooses cipher {} for the SSL session with client {{}}",
                          tls_->suite()->name));
      certificate_ = client_certificate(tls_->ssl());
      log_certificate();
      send_output();
      enter(State::login);
      want_record();
      break;
    case TlsStep::closed:
    case TlsStep::failed: fail_handshake(tls_->error()); break;
  }
}

void Connection::log_certificate() {
  const ClientCertificate& c = certificate_;
  if (c.status == ClientCertificate::Status::none) return;
  const std::string which = fmt::format("serial number: {}, subject name: {}, issuer name: {}",
                                        c.serial, c.subject, c.issuer);
  if (c.status == ClientCertificate::Status::valid) {
    parts_.env.log(6, 717022, "Certificate was successfully validated. " + which + ".");
  } else {
    parts_.env.log(3, 717027,
                   fmt::format("Certificate chain failed validation. Reason: {}. IP: {}, {}.",
                               c.refusal, flow_.remote.to_string(), which));
  }
}

void Connection::fail_handshake(const std::string& reason) {
  if (!established_) {
    parts_.stats.handshakes_failed++;
    tell_failed_handshake(parts_.env, flow_);
    if (!reason.empty())
      parts_.env.log(7, 725014, "SSL lib error. Function: accept Reason: " + reason);
  }
  close();
}

void Connection::on_plaintext() {
  switch (parser_.state()) {
    case http::RequestParser::State::more: want_record(); break;
    case http::RequestParser::State::refused:
      parts_.stats.requests_refused++;
      reply(http::refusal(parser_.status()));
      break;
    case http::RequestParser::State::complete: {
      parts_.stats.requests++;
      requests_++;
      since_us_ = parts_.env.now_us();
      const http::Request request = parser_.take();
      last_request_ = !request.keep_alive;
      on_request(request);
      break;
    }
  }
}

void Connection::send_output() {
  const std::vector<uint8_t> output = tls_->take_output();
  if (!output.empty()) parts_.outbox.send(conn_, output);
}

void Connection::reply(const http::Reply& answer) {
  http::Reply copy = answer;
  copy.close = answer.close || last_request_ || requests_ >= parts_.limits.requests;
  std::string text = http::to_text(copy);
  const bool sent = tls_->write(text);
  http::Request::wipe(text);  // may hold a cookie
  http::Request::wipe(copy.body);
  for (auto& [name, value] : copy.headers)
    http::Request::wipe(value);
  if (copy.close || !sent) {
    close();
    return;
  }
  send_output();
  enter(State::login);
  want_record();
}

// Says goodbye in TLS if it can, then FIN.
void Connection::close() {
  if (state_ == State::closing || state_ == State::gone) return;
  const bool on_a_thread = state_ == State::handshake && job_running_;
  if (tls_ && !on_a_thread) {
    tls_->shutdown();
    send_output();
  }
  parts_.outbox.close(conn_, 0, "");
  enter(State::closing);
}

void Connection::abort() {
  parts_.outbox.abort(conn_);
  enter(State::closing);
}

void Connection::on_promoted(const dp::Message& promoted) {
  if (state_ != State::promoting) return;
  parts_.stats.promoted++;
  enter(State::tunnel);
  claim_.info.counters = promoted.counters;
  // Counted at both ends of the mailbox: what the worker gave away, less what OpenSSL had read when
  // CONNECT was answered.
  claim_.info.openssl_bytes_after_connect = promoted.setup_bytes - openssl_bytes_;
  parts_.sessions.promoted(claim_);
}

void Connection::on_key_update(uint8_t wanted) {
  if (state_ != State::tunnel || !keys_) return;
  crypto::record::KeyMaterial receive;
  crypto::record::KeyMaterial transmit;
  try {
    if ((wanted & dp::wanted_keys::kReceive) != 0) receive = keys_->next_receive();
    if ((wanted & dp::wanted_keys::kTransmit) != 0) {
      transmit = keys_->next_transmit();
    } else if ((wanted & dp::wanted_keys::kTransmitAgain) != 0) {
      transmit = keys_->transmit();
    }
  } catch (const std::runtime_error& e) {
    parts_.env.log(3, 725014,
                   std::string("SSL lib error. Function: key update Reason: ") + e.what());
    // Not the session's end: the client comes back with its cookie.
    parts_.outbox.abort(conn_);
    return;
  }
  parts_.stats.key_updates++;
  parts_.outbox.rekey(conn_, receive, transmit);
}

void Connection::on_ended(const dp::Message& ended) {
  if (state_ == State::tunnel) {
    parts_.sessions.tunnel_ended(claim_, ended);
  } else if (state_ != State::closing) {
    parts_.stats.ended_early++;
    if (!established_) {
      parts_.stats.handshakes_failed++;
      tell_failed_handshake(parts_.env, flow_);
    }
  }
  if (established_) log_ssl(6, 725007, "SSL session with client {} terminated");
  claim_ = {};  // the worker no longer uses the session
  keys_.reset();
  enter(State::gone);
  if (!job_running_) tls_.reset();
}

void Connection::give_up_handshake() {
  parts_.stats.handshake_timeouts++;
  tell_failed_handshake(parts_.env, flow_);
  abort();
}

bool Connection::make_way(uint64_t now_us) {
  const SetupLimits& limits = parts_.limits;
  const auto silent_for = [&](unsigned seconds) { return now_us >= asked_us_ + seconds * kSecond; };
  if (state_ == State::handshake && !job_running_ && silent_for(limits.crowded_handshake_s)) {
    give_up_handshake();
  } else if (state_ == State::login && parser_.idle() && !challenge_ &&
             silent_for(limits.crowded_login_s)) {
    // HTTP between two requests (RFC 9112 §9.6): nothing is lost but the connection.
    close();
  } else {
    return false;
  }
  parts_.stats.made_way++;
  return true;
}

void Connection::tick(uint64_t now_us) {
  const auto passed = [now_us](uint64_t since, unsigned seconds) {
    return now_us >= since && now_us - since >= seconds * kSecond;
  };
  const SetupLimits& limits = parts_.limits;
  switch (state_) {
    case State::handshake:
      if (passed(since_us_, limits.handshake_s)) give_up_handshake();
      break;
    case State::login:
      if (passed(since_us_, limits.login_s) ||
          (!parser_.idle() && passed(request_since_us_, limits.request_s))) {
        parts_.stats.login_timeouts++;
        if (parser_.idle()) {
          close();
        } else {
          reply(http::refusal(408));
        }
      }
      break;
    case State::promoting:
      if (passed(since_us_, limits.handshake_s)) abort();
      break;
    case State::closing:
      if (passed(since_us_, limits.close_s)) abort();  // again every close_s, until `ended` comes
      break;
    case State::verifying:
    case State::tunnel:
    case State::gone: break;
  }
}

}  // namespace culvert::control
