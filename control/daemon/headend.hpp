// The running headend: dataplane, connection set-up and management socket on one event loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <event2/event.h>

#include "control/cli/server.hpp"
#include "control/config/config.hpp"
#include "control/daemon/link_watch.hpp"
#include "control/daemon/live_state.hpp"
#include "control/log/log.hpp"
#include "control/setup/server.hpp"
#include "control/tls/files.hpp"
#include "control/tls/server_context.hpp"
#include "dataplane/eal.hpp"
#include "dataplane/worker/dataplane.hpp"

namespace culvert::control {

// What the dataplane gets of a configuration. Interfaces without a `nameif` are left alone.
[[nodiscard]] dp::DataplaneSpec dataplane_spec(const Config& config);
[[nodiscard]] dp::EalConfig eal_config(const Config& config, Log& log);

class Headend {
 public:
  // Starts everything but the loop. Throws std::runtime_error with a sentence.
  Headend(const Config& config, std::shared_ptr<const ServerContext> tls, Log& log,
          const std::string& config_file);
  ~Headend();
  Headend(const Headend&) = delete;
  Headend& operator=(const Headend&) = delete;

  // Until SIGTERM or SIGINT.
  void run();

 private:
  struct FreeEvent {
    void operator()(event* e) const noexcept { event_free(e); }
    void operator()(event_base* b) const noexcept { event_base_free(b); }
  };
  using EventPtr = std::unique_ptr<event, FreeEvent>;

  void fill_environment();
  void add_event(int fd_or_signal, short what, event_callback_fn callback, long interval_ms = 0);
  void listen_on_interfaces();
  void listen(const IpAddress& address);
  void listen(dp::MessageKind kind, const IpAddress& address, uint16_t port);
  void drain_mailboxes();
  void tick();
  void report_start() const;
  void renew_tls();
  void close_sessions();

  const Config config_;
  Log& log_;
  std::unique_ptr<event_base, FreeEvent> base_;
  Server cli_;  // before the ports: a second headend with the same socket must not touch them
  dp::Eal eal_;
  dp::Dataplane dataplane_;
  SetupEnv env_;
  std::unique_ptr<Setup> setup_;
  TlsFiles tls_files_;
  std::optional<LinkWatch> links_;  // once the ports run
  unsigned ticks_ = 0;
  LiveState state_;
  std::vector<EventPtr> events_;
  uint64_t arp_clashes_ = 0;
  bool stopping_ = false;
};

}  // namespace culvert::control
