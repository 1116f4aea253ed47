#include "tests/dataplane/tcp_peer/dialler.hpp"

#include "tests/dataplane/tcp_peer/application.hpp"

namespace culvert::tcp_peer {

Dialler::Dialler(const Options& options, const tcp::SipKey& key, tcp::Endpoint& endpoint)
    : endpoint_(endpoint),
      remote_(options.connect),
      port_(options.port),
      left_(options.connect.is_unspecified() ? 0 : options.connections),
      ports_(key, options.sources) {}

void Dialler::serve(tcp::Time now) {
  constexpr uint32_t kAtOnce = 32;
  for (uint32_t i = 0; i < kAtOnce && left_ > 0; ++i, --left_) {
    const auto flow = ports_.next(
        remote_, port_, [this](const dp::Flow& candidate) { return !endpoint_.knows(candidate); });
    if (!flow || endpoint_.connect(*flow, now).generation == 0)
      report_line(R"({"event": "error", "text": "no port or no slot for a connection"})");
  }
}

}  // namespace culvert::tcp_peer
