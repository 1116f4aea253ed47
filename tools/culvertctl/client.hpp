// A connection to culvertd's management socket.
#pragma once

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "control/socket/descriptor.hpp"

namespace culvert::ctl {

// culvertd cannot be reached; what() says what to do.
struct ConnectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Client {
 public:
  explicit Client(std::string path) : path_(std::move(path)) {}

  // Sends one request and waits for its answer; connects if there is no connection. After a
  // ConnectionError the next request tries anew.
  nlohmann::json ask(const nlohmann::json& request);

 private:
  void connect();
  void send_line(const std::string& line);
  std::string receive_line();

  std::string path_;
  control::Descriptor socket_;
};

}  // namespace culvert::ctl
