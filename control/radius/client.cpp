#include "control/radius/client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/socket/descriptor.hpp"
#include "control/socket/socket_address.hpp"
#include "crypto/secret.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control::radius {

using dp::kSecond;

namespace {

constexpr size_t kMaxRunning = 256;  // each has a socket
constexpr size_t kMaxRunningAccounts =
    kMaxRunning / 2;                  // a silent accounting server keeps nobody out
constexpr size_t kMaxWaiting = 4096;  // passwords
constexpr uint64_t kWakeId = 0;

// The address that this box asks from, as the servers know it.
void add_nas_address(Attributes& attributes, int socket) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0) return;
  if (own.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &own, sizeof v4);
    attributes.integer(Type::nas_ip_address, ntohl(v4.sin_addr.s_addr));
  } else if (own.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &own, sizeof v6);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&v6.sin6_addr);
    attributes.add({Type::nas_ipv6_address, {bytes, bytes + sizeof v6.sin6_addr}});
  }
}

}  // namespace

struct Client::Exchange {
  uint64_t id = 0;
  AaaServerConfig group;  // a copy: the configuration may change meanwhile
  Question question;
  Done done;
  std::vector<IpAddress> tried;
  const AaaHostConfig* host = nullptr;  // of `group`: that is being asked
  Descriptor socket;
  std::vector<uint8_t> packet;
  uint64_t give_up_us = 0;
  uint64_t send_again_us = 0;
  bool complained = false;  // of an answer that was ignored
  Result result;

  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { crypto::wipe(packet); }  // MD5 is all that hides the password in it

  [[nodiscard]] bool cancelled() const noexcept {
    return question.attempt && question.attempt->cancelled;
  }
  void send() const noexcept {
    // What the kernel does not take now is sent again, as what the network loses.
    (void)::send(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
  }
};

Client::Client(SetupEnv& env)
    : env_(env),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0)
    throw std::runtime_error("cannot watch RADIUS sockets: raise the limit of open files");
}

Client::~Client() {
  running_.clear();
  ::close(wake_);
  ::close(epoll_);
}

bool Client::ask(const AaaServerConfig& group, Question question, Done done) {
  const bool accounting = question.attempt == nullptr;
  // All sessions may end in one go, and each must be accounted for; who waits longer is one too many all the
  // same, since a server that is silent for long must not cost memory without end.
  const size_t limit = accounting ? kMaxWaiting + env_.config->dataplane.max_sessions : kMaxWaiting;
  auto& queue = accounting ? waiting_accounts_ : waiting_;
  if (queue.size() >= limit) return false;
  auto e = std::make_unique<Exchange>();
  e->id = next_id_++;
  e->group = group;
  e->question = std::move(question);
  e->done = std::move(done);
  queue.push_back(std::move(e));
  // Later, so that nobody is answered before ask() has returned.
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
  return true;
}

ServerHealth& Client::health_of(const Exchange& e) {
  return health_[{e.group.name, e.question.attempt == nullptr}];
}

void Client::begin_waiting() {
  while (running_.size() < kMaxRunning) {
    // A user waits for the answer about a password, nobody for one about an account.
    const bool accounting = waiting_.empty();
    if (accounting && (waiting_accounts_.empty() || running_accounts_ >= kMaxRunningAccounts))
      return;
    auto& queue = accounting ? waiting_accounts_ : waiting_;
    std::unique_ptr<Exchange> next = std::move(queue.front());
    queue.pop_front();
    if (accounting) running_accounts_++;
    Exchange& e = *next;
    running_.emplace(e.id, std::move(next));
    if (e.cancelled()) {
      finish(e, Result::Kind::cancelled);
    } else if (e.question.attempt && e.question.attempt->password.view().size() > kMaxPassword) {
      // No server could be asked about it (RFC 2865 §5.2), so it is nobody's password.
      e.result.answer.code = Code::access_reject;
      finish(e, Result::Kind::answered);
    } else if (!ask_next(e)) {
      finish(e, Result::Kind::unreachable);
    }
  }
}

bool Client::ask_next(Exchange& e) {
  ServerHealth& health = health_of(e);
  if (e.tried.empty()) {
    for (const AaaHostConfig& host : e.group.hosts) {
      if (!host.key.empty()) continue;
      e.result.log.push_back({4, 0,
                              fmt::format("RADIUS: server {} is not asked, since it has no key",
                                          host.address.to_string())});
    }
  }
  while (const auto at = health.choose(e.group, e.tried, e.question.has_fallback, env_.now_us())) {
    const AaaHostConfig& host = e.group.hosts[*at];
    e.tried.push_back(host.address);
    e.result.server = host.address;
    if (open(e, host)) return true;
    no_answer(e);
  }
  return false;
}

bool Client::open(Exchange& e, const AaaHostConfig& host) {
  e.host = &host;
  e.complained = false;
  const bool accounting = e.question.attempt == nullptr;
  const SocketAddress to(host.address,
                         accounting ? host.accounting_port : host.authentication_port);
  e.socket = Descriptor(::socket(to.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  std::array<uint8_t, 17> random;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = e.id;
  if (!e.socket || ::connect(e.socket.get(), to.get(), to.size()) != 0 ||
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, e.socket.get(), &event) != 0 ||
      RAND_bytes(random.data(), random.size()) != 1) {
    return false;
  }
  Attributes attributes = e.question.attributes;
  add_nas_address(attributes, e.socket.get());
  crypto::wipe(e.packet);  // for the server that was asked before
  try {
    if (accounting) {
      e.packet = encode_accounting(random[16], host.key, attributes);
    } else {
      RequestAuthenticator authenticator;
      std::copy_n(random.begin(), authenticator.size(), authenticator.begin());
      e.packet = encode_access(random[16], authenticator, host.key,
                               e.question.attempt->password.view(), attributes);
    }
  } catch (const std::runtime_error& fault) {
    without_digests(fault);
    return false;
  }
  const uint64_t now = env_.now_us();
  e.give_up_us = now + host.timeout_s * kSecond;
  e.send_again_us = now + host.retry_interval_s * kSecond;
  e.send();
  return true;
}

void Client::on_event() {
  std::array<epoll_event, 64> events;
  const int n = ::epoll_wait(epoll_, events.data(), events.size(), 0);
  for (int i = 0; i < n; i++) {
    const uint64_t id = events[static_cast<size_t>(i)].data.u64;
    if (id == kWakeId) {
      uint64_t rung = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_, &rung, sizeof rung);
    } else if (const auto found = running_.find(id); found != running_.end()) {
      read(*found->second);
    }
  }
  begin_waiting();
  report_finished();
}

void Client::read(Exchange& e) {
  std::array<uint8_t, kMaxPacket + 1> buffer;
  for (;;) {
    const ssize_t size = ::recv(e.socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      // "Connection refused": nobody listens there, so there is nothing to wait for.
      no_answer(e);
      if (!ask_next(e)) finish(e, Result::Kind::unreachable);
      return;
    }
    ServerHealth& health = health_of(e);
    const bool must_sign = e.host->message_authenticator_required || health.signs(e.host->address);
    Fault fault = Fault::none;
    try {
      fault = decode_answer({buffer.data(), static_cast<size_t>(size)}, e.packet, e.host->key,
                            must_sign, e.result.answer);
    } catch (const std::runtime_error& cause) {
      without_digests(cause);
      no_answer(e);
      if (!ask_next(e)) finish(e, Result::Kind::unreachable);
      return;
    }
    if (fault == Fault::none) {
      if (e.question.attempt && e.result.answer.attributes.find(Type::message_authenticator))
        health.signs_from_now_on(e.host->address);
      if (health.answered(e.host->address)) {
        e.result.log.push_back(
            {2, 113023,
             fmt::format("AAA Marking RADIUS server {} in aaa-server group {} as ACTIVE",
                         e.host->address.to_string(), e.group.name)});
      }
      return finish(e, Result::Kind::answered);
    }
    // It may be forged: the true one may still come.
    if (!std::exchange(e.complained, true)) {
      env_.log(4, 0,
               fmt::format("RADIUS: an answer from {} is ignored: it is {}",
                           e.host->address.to_string(), to_string(fault)));
    }
  }
}

void Client::no_answer(Exchange& e) {
  e.socket.reset();
  const std::string server = e.host->address.to_string();
  if (e.question.attempt) {
    e.result.log.push_back(
        {6, 113014,
         fmt::format("AAA authentication server not accessible : server = {} : user = *****",
                     server)});
  } else {
    e.result.log.push_back(
        {4, 0, fmt::format("RADIUS: accounting server {} does not answer", server)});
  }
  if (health_of(e).failed(e.group, e.host->address, env_.now_us())) {
    e.result.log.push_back(
        {2, 113022,
         fmt::format("AAA Marking RADIUS server {} in aaa-server group {} as FAILED", server,
                     e.group.name)});
  }
}

// OpenSSL has no MD5 in its FIPS mode, and will have none for the next question either.
void Client::without_digests(const std::runtime_error& cause) {
  if (!std::exchange(told_of_digests_, true)) env_.log(3, 0, cause.what());
}

void Client::tick() {
  const uint64_t now = env_.now_us();
  // What ends, ends in the list of the finished; running_ itself must not change on the way.
  std::vector<Exchange*> running;
  for (const auto& [id, e] : running_)
    running.push_back(e.get());
  for (Exchange* e : running) {
    if (e->cancelled()) {
      finish(*e, Result::Kind::cancelled);
    } else if (now >= e->give_up_us) {
      no_answer(*e);
      if (!ask_next(*e)) finish(*e, Result::Kind::unreachable);
    } else if (now >= e->send_again_us) {
      e->send_again_us = now + e->host->retry_interval_s * kSecond;
      e->send();
    }
  }
  begin_waiting();
  report_finished();
}

void Client::finish(Exchange& e, Result::Kind kind) {
  e.socket.reset();
  e.result.kind = kind;
  if (e.question.attempt == nullptr) running_accounts_--;
  const auto found = running_.find(e.id);
  finished_.push_back(std::move(found->second));
  running_.erase(found);
}

void Client::report_finished() {
  std::vector<std::unique_ptr<Exchange>> finished;
  finished.swap(finished_);
  for (const auto& e : finished)
    e->done(std::move(e->result));
}

void Client::send_and_forget() {
  for (const auto& e : waiting_accounts_) {
    (void)ask_next(*e);
    e->socket.reset();
  }
  waiting_accounts_.clear();
  waiting_.clear();
  running_.clear();
  running_accounts_ = 0;
}

}  // namespace culvert::control::radius
