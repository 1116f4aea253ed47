// A connection to culvertd's management socket.
#pragma once

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace culvert::ctl {

// culvertd cannot be reached; what() says what to do.
struct ConnectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Client {
 public:
  explicit Client(std::string path) : path_(std::move(path)) {}
  ~Client() { disconnect(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends one request and waits for its answer; connects if there is no connection. After a
  // ConnectionError the next request tries anew.
  nlohmann::json ask(const nlohmann::json& request);

 private:
  void connect();
  void disconnect() noexcept;
  void send_line(const std::string& line);
  std::string receive_line();

  std::string path_;
  int fd_ = -1;
};

}  // namespace culvert::ctl
