#include "control/dtls/server.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "control/dtls/legacy/handshake.hpp"
#include "control/log/flow_text.hpp"
#include "control/setup/arrival.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

namespace {

constexpr uint16_t kDtls12 = 0xfefd;  // versions count downwards but the oldest
// A client repeats its last flight after a second (RFC 6347 §4.2.4.1). More often is somebody else in its name.
constexpr uint64_t kRepeatInterval = 200'000;  // us

}  // namespace

// One handshake, by the flow that it runs on.
struct DtlsServer::Attempt {
  dp::Flow flow;
  uint8_t worker = 0;
  std::weak_ptr<DtlsOffer> offer;
  uint32_t session = 0;
  std::array<uint8_t, 32> random{};  // of its ClientHello
  uint64_t began_us = 0;
  uint64_t timer_us = 0;  // when it wants to send its flight again; 0 = not
  std::vector<Datagram> inbox;
  size_t inbox_bytes = 0;
  bool counted = false;  // as under way
  bool done = false;
  // Empty if the client has the last word. It waits until the client's answer can be opened, and is then
  // kept for a client that has not got it: a record that comes twice is dropped there (RFC 6347 §4.1.2.6).
  std::vector<Datagram> last_flight;
  uint64_t sent_us = 0;  // the last flight; 0: it waits
  std::shared_ptr<DtlsTunnel> tunnel;
  bool busy = false;
  bool gone = false;
  std::unique_ptr<DtlsHandshake> handshake;  // the job's while busy; nullptr once it is done
};

struct DtlsServer::Job {
  std::vector<Datagram> in, out;
  DtlsHandshake::Step step = DtlsHandshake::Step::failed;
  std::optional<uint64_t> timer_us;
  std::optional<DtlsKeys> keys;
};

size_t DtlsServer::HashFlow::operator()(const dp::Flow& flow) const noexcept {
  std::array<char, sizeof flow> bytes{};
  std::memcpy(bytes.data(), &flow, sizeof flow);
  return std::hash<std::string_view>{}({bytes.data(), bytes.size()});
}

DtlsServer::DtlsServer(SetupEnv& env, Outbox& outbox, HandshakePool& pool, DtlsLimits limits)
    : env_(env),
      limits_(limits),
      outbox_(outbox),
      pool_(pool),
      tunnels_(env, limits_, stats_, outbox) {}

void DtlsServer::attach(DtlsOwner& owner) noexcept {
  owner_ = &owner;
  tunnels_.attach(owner);
}

std::shared_ptr<DtlsOffer> DtlsServer::offer(DtlsOffer offer) {
  auto out = std::make_shared<DtlsOffer>(std::move(offer));
  offers_.add(out);
  return out;
}

void DtlsServer::abandon() {
  for (const auto& [flow, attempt] : attempts_)
    attempt->gone = true;
  attempts_.clear();
  per_source_.clear();
  per_session_.clear();
  under_way_ = 0;
  tunnels_.abandon();
}

void DtlsServer::log_ssl(int level, unsigned number, std::string_view format,
                         const dp::Flow& flow) const {
  env_.log(level, number, fmt::format(fmt::runtime(format), flow_text(*env_.config, flow)));
}

void DtlsServer::on_message(unsigned worker, const dp::Message& message) {
  if (message.kind == dp::MessageKind::datagram) {
    on_datagram(static_cast<uint8_t>(worker), message.flow, {message.data, message.size});
  } else {
    tunnels_.on_message(message);
  }
}

void DtlsServer::on_datagram(uint8_t worker, const dp::Flow& flow,
                             std::span<const uint8_t> datagram) {
  stats_.datagrams++;
  const auto hello = parse_client_hello(datagram);
  const auto found = attempts_.find(flow);
  if (found != attempts_.end()) {
    const AttemptPtr attempt = found->second;
    // With another random it is not the same hello once more: the client has begun anew.
    const bool anew = hello && !std::equal(hello->random.begin(), hello->random.end(),
                                           attempt->random.begin(), attempt->random.end());
    if (!anew) return attempt->done ? repeat(*attempt) : feed(attempt, datagram);
  }
  if (!hello) {
    stats_.strays++;
    return;
  }
  on_hello(worker, flow, *hello, datagram);
}

void DtlsServer::on_hello(uint8_t worker, const dp::Flow& flow, const ClientHello& hello,
                          std::span<const uint8_t> datagram) {
  const bool legacy = hello.version == crypto::record::kDtls09WireVersion;
  if (!legacy && (hello.version > kDtls12 || hello.version < 0xfe00)) {
    stats_.unsupported++;
    return;
  }
  const std::shared_ptr<DtlsOffer> offer = offers_.find(hello.session_id);
  if (offer == nullptr || !owner_->dtls_wanted(offer->session, offer->serial)) {
    stats_.unknown_id++;
    return;
  }
  if (legacy != (offer->suite->version == crypto::Version::dtls09)) {
    stats_.unsupported++;
    return;
  }
  env_.flow_drops.add(dp::DropReason::dtls_hello_done);
  const bool brings_cookie = !hello.cookie.empty();
  const bool verified = brings_cookie && verifier_.verify(hello, flow, env_.now_us());
  if (!verified && (brings_cookie || wants_cookie(*offer, flow))) {
    stats_.verify_requests++;
    outbox_.send_datagram(worker, flow, verifier_.request(hello, flow, env_.now_us()));
    return;
  }
  if (const auto old = attempts_.find(flow); old != attempts_.end()) drop(AttemptPtr(old->second));
  if (!has_room(*offer, flow)) {
    stats_.limited++;
    return;
  }
  const auto attempt = std::make_shared<Attempt>();
  try {
    attempt->handshake = begin(*offer, verified);
  } catch (const std::runtime_error& e) {
    env_.log(3, 725014, std::string("SSL lib error. Function: new Reason: ") + e.what());
    return;
  }
  attempt->flow = flow;
  attempt->worker = worker;
  attempt->offer = offer;
  attempt->session = offer->session;
  std::copy(hello.random.begin(), hello.random.end(), attempt->random.begin());
  attempt->began_us = env_.now_us();
  attempts_.emplace(flow, attempt);
  count(*attempt);
  stats_.begun++;
  log_ssl(6, 725001,
          fmt::format("Starting SSL handshake with client {{}} for {} session",
                      to_string(offer->suite->version)),
          flow);
  feed(attempt, datagram);
}

std::unique_ptr<DtlsHandshake> DtlsServer::begin(const DtlsOffer& offer, bool after_cookie) {
  DtlsHandshake::Parameters parameters;
  parameters.form = offer.form;
  parameters.suite = offer.suite;
  parameters.id = offer.id;
  parameters.secret = offer.secret;
  parameters.datagram_mtu = offer.datagram_mtu;
  parameters.after_cookie = after_cookie;
  if (offer.suite->version == crypto::Version::dtls09) {
    return std::make_unique<LegacyHandshake>(std::move(parameters));
  }
  return std::make_unique<OpensslHandshake>(context_, std::move(parameters));
}

bool DtlsServer::wants_cookie(const DtlsOffer& offer, const dp::Flow& flow) const {
  if (env_.config->webvpn.dtls_always_verify) return true;
  const unsigned threshold =
      offer.tls_remote == flow.remote ? 2 * limits_.cookie_from : limits_.cookie_from;
  return under_way_ >= threshold;
}

bool DtlsServer::has_room(const DtlsOffer& offer, const dp::Flow& flow) const {
  return under_way_ < limits_.handshakes &&
         per_source_.below(source_of(flow.remote), limits_.per_source) &&
         per_session_.below(offer.session, limits_.per_session);
}

void DtlsServer::count(Attempt& attempt) {
  attempt.counted = true;
  under_way_++;
  per_source_.add(source_of(attempt.flow.remote));
  per_session_.add(attempt.session);
}

// A client may take its time before it says something under the new keys, and keeps nobody from beginning.
void DtlsServer::no_longer_under_way(Attempt& attempt) {
  if (!std::exchange(attempt.counted, false)) return;
  under_way_--;
  per_source_.remove(source_of(attempt.flow.remote));
}

void DtlsServer::feed(const AttemptPtr& attempt, std::span<const uint8_t> datagram) {
  if (attempt->inbox.size() >= limits_.waiting_datagrams ||
      attempt->inbox_bytes + datagram.size() > limits_.waiting_bytes) {
    stats_.limited++;
    return;
  }
  attempt->inbox.emplace_back(datagram.begin(), datagram.end());
  attempt->inbox_bytes += datagram.size();
  if (!attempt->busy) start_job(attempt);
}

void DtlsServer::start_job(const AttemptPtr& attempt) {
  const auto job = std::make_shared<Job>();
  job->in = std::exchange(attempt->inbox, {});
  attempt->inbox_bytes = 0;
  attempt->busy = pool_.submit(
      HandshakePool::Kind::crypto,
      [attempt, job] {
        DtlsHandshake& handshake = *attempt->handshake;
        job->step = handshake.advance(std::move(job->in));
        job->out = handshake.take_output();
        job->timer_us = handshake.timer_us();
        if (job->step == DtlsHandshake::Step::done) job->keys = handshake.keys();
      },
      [this, attempt, job](const std::string& error) {
        attempt->busy = false;
        if (!attempt->gone) on_job(attempt, *job, error);
      });
  if (!attempt->busy) {
    stats_.jobs_refused++;
    drop(attempt);
  }
}

void DtlsServer::on_job(const AttemptPtr& attempt, Job& job, const std::string& error) {
  if (!error.empty()) return fail(attempt, error);
  attempt->timer_us = job.timer_us ? env_.now_us() + *job.timer_us : 0;
  switch (job.step) {
    case DtlsHandshake::Step::more: send(*attempt, job.out); break;
    case DtlsHandshake::Step::done: return finish(attempt, job);
    case DtlsHandshake::Step::failed:
      send(*attempt, job.out);
      return fail(attempt, attempt->handshake->error());
  }
  if (!attempt->gone && !attempt->inbox.empty()) start_job(attempt);
}

void DtlsServer::finish(const AttemptPtr& attempt, Job& job) {
  attempt->done = true;
  attempt->timer_us = 0;
  attempt->handshake.reset();
  attempt->inbox.clear();
  no_longer_under_way(*attempt);
  const std::shared_ptr<DtlsOffer> offer = attempt->offer.lock();
  if (offer == nullptr || !job.keys || !owner_->dtls_wanted(offer->session, offer->serial)) {
    return drop(attempt);
  }
  stats_.done++;
  log_ssl(6, 725002,
          fmt::format("Device completed SSL handshake with client {{}} for {} session",
                      to_string(offer->suite->version)),
          attempt->flow);
  log_ssl(7, 725012,
          fmt::format("Device chooses cipher {} for the SSL session with client {{}}",
                      offer->suite->name),
          attempt->flow);
  // With pre-shared keys the last flight is ours: the client sends data as soon as it has it.
  attempt->last_flight = std::move(job.out);
  attempt->tunnel = tunnels_.begin(*offer, attempt->flow, attempt->worker, *job.keys,
                                   [this, weak = std::weak_ptr<Attempt>(attempt)] {
                                     const AttemptPtr ready = weak.lock();
                                     if (ready == nullptr || ready->gone) return;
                                     ready->sent_us = env_.now_us();
                                     send(*ready, ready->last_flight);
                                   });
  if (attempt->tunnel == nullptr) drop(attempt);
}

// The client has not got the last flight, or its own came twice.
void DtlsServer::repeat(Attempt& attempt) {
  const uint64_t now = env_.now_us();
  if (attempt.sent_us == 0 || now < attempt.sent_us + kRepeatInterval) return;
  attempt.sent_us = now;
  send(attempt, attempt.last_flight);
}

void DtlsServer::send(const Attempt& attempt, const std::vector<Datagram>& datagrams) {
  for (const Datagram& datagram : datagrams)
    outbox_.send_datagram(attempt.worker, attempt.flow, datagram);
}

void DtlsServer::fail(const AttemptPtr& attempt, const std::string& reason) {
  stats_.failed++;
  log_ssl(6, 725006, "Device failed SSL handshake with client {}", attempt->flow);
  if (!reason.empty()) {
    env_.log(7, 725014, "SSL lib error. Function: DTLS accept Reason: " + reason);
  }
  drop(attempt);
}

void DtlsServer::drop(const AttemptPtr& attempt) {
  attempt->gone = true;
  const auto found = attempts_.find(attempt->flow);
  if (found == attempts_.end() || found->second != attempt) return;
  attempts_.erase(found);
  no_longer_under_way(*attempt);
  per_session_.remove(attempt->session);
}

void DtlsServer::tick(uint64_t now_us) {
  std::vector<AttemptPtr> all;
  all.reserve(attempts_.size());
  for (const auto& [flow, attempt] : attempts_)
    all.push_back(attempt);
  for (const AttemptPtr& attempt : all) {
    const DtlsTunnel* tunnel = attempt->tunnel.get();
    if (attempt->offer.expired() ||
        (tunnel != nullptr && (tunnel->heard || tunnel->state == DtlsTunnel::State::removing))) {
      drop(attempt);
    } else if (now_us >= attempt->began_us + limits_.handshake_s * kSecond) {
      stats_.timeouts++;
      if (!attempt->done) {
        log_ssl(6, 725006, "Device failed SSL handshake with client {}", attempt->flow);
      }
      drop(attempt);
    } else if (attempt->timer_us != 0 && now_us >= attempt->timer_us && !attempt->busy) {
      attempt->timer_us = 0;
      start_job(attempt);
    }
  }
  tunnels_.tick(now_us);
  if (now_us >= next_sweep_us_) {
    next_sweep_us_ = now_us + kSecond;
    offers_.sweep();
  }
}

}  // namespace culvert::control
