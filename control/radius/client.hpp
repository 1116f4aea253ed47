// Asks RADIUS servers and waits for their answers, on the control thread and without blocking it.
//
// Each question has a socket of its own, connected to the server it asks: only that server's
// datagrams come in, and nobody can guess the port beforehand. The packets go by the network of
// this process, the kernel's, not by the dataplane's ports.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/auth/authenticator.hpp"
#include "control/radius/packet.hpp"
#include "control/radius/server_health.hpp"
#include "control/setup/environment.hpp"

namespace culvert::control::radius {

struct Question {
  Attributes attributes;  // without those that depend on the server
  // Whose password it is; nullptr: accounting.
  std::shared_ptr<AuthAttempt> attempt;
  // Somebody else answers if no server does, so dead servers need not be tried again at once.
  bool has_fallback = false;
};

struct Result {
  enum class Kind : uint8_t { answered, unreachable, cancelled };
  Kind kind = Kind::unreachable;
  Answer answer;     // of `answered`
  IpAddress server;  // that answered, or was asked last
  std::vector<AuthLogLine> log;
};

class Client {
 public:
  using Done = std::function<void(Result)>;

  // Throws std::runtime_error without file descriptors.
  explicit Client(SetupEnv& env);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `done` is called once, later, from on_event() or tick(). False: too many questions wait, 4096 about
  // passwords or, about accounts, as many and one for each session that there may be.
  [[nodiscard]] bool ask(const AaaServerConfig& group, Question question, Done done);

  [[nodiscard]] int event_fd() const noexcept { return epoll_; }  // readable: call on_event()
  void on_event();
  void tick();  // about every 100 ms: sends again, gives up
  // At the end: whatever still waits for its turn is sent once, and nobody waits for answers.
  void send_and_forget();
  // Questions without an answer.
  [[nodiscard]] size_t pending() const noexcept {
    return waiting_.size() + waiting_accounts_.size() + running_.size();
  }

 private:
  struct Exchange;

  [[nodiscard]] ServerHealth& health_of(const Exchange& e);
  void begin_waiting();
  // Both take the next server when this one cannot be asked; false: there is none left.
  [[nodiscard]] bool ask_next(Exchange& e);
  [[nodiscard]] bool open(Exchange& e, const AaaHostConfig& host);
  void read(Exchange& e);
  void no_answer(Exchange& e);
  void without_digests(const std::runtime_error& cause);
  void finish(Exchange& e, Result::Kind kind);
  void report_finished();

  SetupEnv& env_;
  int epoll_ = -1;
  int wake_ = -1;  // rung by ask()
  uint64_t next_id_ = 1;
  bool told_of_digests_ = false;
  std::map<uint64_t, std::unique_ptr<Exchange>> running_;
  size_t running_accounts_ = 0;
  std::deque<std::unique_ptr<Exchange>> waiting_;  // about passwords
  std::deque<std::unique_ptr<Exchange>> waiting_accounts_;
  std::vector<std::unique_ptr<Exchange>> finished_;
  // By group, and whether it is about accounting: that is another port and may be another program.
  std::map<std::pair<std::string, bool>, ServerHealth> health_;
};

}  // namespace culvert::control::radius
