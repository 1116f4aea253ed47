// The sockets of the box: bound and given up as the configuration says, while the headend runs.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "control/config/config.hpp"
#include "dataplane/session/mailbox.hpp"

namespace culvert::control {

class Listeners {
 public:
  struct Socket {
    bool dtls = false;
    IpAddress address{};
    uint16_t port = 0;
    uint32_t handle = 0;  // as `show asp table socket` shows it; new whenever it is bound

    [[nodiscard]] bool same_as(const Socket& other) const noexcept {
      return dtls == other.dtls && address == other.address && port == other.port;
    }
  };
  // Tells all workers: listen, unlisten, listen_dtls or unlisten_dtls.
  using Tell = std::function<void(dp::MessageKind, const IpAddress&, uint16_t port)>;

  explicit Listeners(Tell tell) : tell_(std::move(tell)) {}

  // Gives up what is not wanted any more, and then binds what is new.
  void follow(const Config& config);
  // In the order of the configuration's interfaces.
  [[nodiscard]] const std::vector<Socket>& sockets() const noexcept { return sockets_; }

 private:
  Tell tell_;
  std::vector<Socket> sockets_;
  uint32_t bound_ = 0;  // how many there have been
};

}  // namespace culvert::control
