// session-crowd: opens many sessions with both tunnels and holds them, so that somebody can look at
// the headend meanwhile. tools/session-memory does.
//
// Kernel sockets and OpenSSL, none of our records. It writes a line to standard output when all
// sessions are there and each tunnel has carried a question and its answer; then it waits for SIGINT,
// and leaves without a word to the headend.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <poll.h>
#include <sys/resource.h>

#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/password.hpp"
#include "tools/session-crowd/member.hpp"

namespace {

using culvert::crowd::Member;

// Each session has a socket of each kind.
void raise_descriptor_limit(size_t sessions) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = 2 * sessions + 100;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  limit.rlim_max = std::max(limit.rlim_max, wanted);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw culvert::client::Failure("the kernel does not give it " + std::to_string(wanted) +
                                   " descriptors: run it as root");
  }
}

class Crowd {
 public:
  Crowd(const culvert::client::Options& options, culvert::client::Signals& signals, size_t size)
      : options_(options), signals_(signals), members_(size) {}

  // Throws the first member's Failure.
  void gather(unsigned threads) {
    {
      std::vector<std::jthread> pool;
      for (unsigned i = 0; i < threads; i++)
        pool.emplace_back([this] { work(); });
    }
    if (!failure_.empty()) throw culvert::client::Failure(failure_);
  }

 private:
  void work() {
    while (!failed_) {
      const size_t at = next_++;
      if (at >= members_.size()) return;
      try {
        members_[at] = std::make_unique<Member>(options_, signals_);
        members_[at]->exchange(signals_);
      } catch (const std::exception& e) {
        fail("session " + std::to_string(at + 1) + ": " + e.what());
      } catch (culvert::client::Wish) {
        fail("interrupted");
      }
      const size_t done = ++done_;
      if (done % 500 == 0) std::cerr << done << " of " << members_.size() << " sessions\n";
    }
  }
  void fail(std::string&& why) {
    const std::lock_guard lock(mutex_);
    if (!failed_.exchange(true)) failure_ = std::move(why);
  }

  const culvert::client::Options& options_;
  culvert::client::Signals& signals_;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<size_t> next_{0};
  std::atomic<size_t> done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::string failure_;  // guarded by mutex_ until the threads have ended
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Opens many sessions with a TLS and a DTLS tunnel each, and holds them until "
      "SIGINT.");
  culvert::client::Options options;
  options.user_agent = "session-crowd";
  std::string password_file;
  size_t sessions = 100;
  unsigned threads = 4;
  app.add_option("URL", options.url, "https://HOST[:PORT][/PATH]")->required();
  app.add_option("--servercert", options.pins, "Pin of the headend's certificate")->required();
  app.add_option("--user", options.user, "Whom all of them log in as")->required();
  app.add_option("--passwd-file", password_file, "Its first line is the password")->required();
  app.add_option("--sessions", sessions, "How many")
      ->check(CLI::Range(size_t{1}, size_t{25'000}))
      ->capture_default_str();
  app.add_option("--threads", threads, "How many log in at the same time")
      ->check(CLI::Range(1U, 64U))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    raise_descriptor_limit(sessions);
    options.password = culvert::client::password_from(password_file);
    culvert::client::Signals signals;
    Crowd crowd(options, signals, sessions);
    crowd.gather(threads);
    std::cout << "up" << std::endl;
    pollfd waiting{signals.fd(), POLLIN, 0};
    while (!signals.take())
      ::poll(&waiting, 1, -1);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "session-crowd: " << e.what() << "\n";
    return 1;
  }
}
