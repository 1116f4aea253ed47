// The running headend: dataplane, connection set-up and management socket on one event loop.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <event2/event.h>

#include "control/cli/server.hpp"
#include "control/config/config.hpp"
#include "control/config/parse.hpp"
#include "control/daemon/link_watch.hpp"
#include "control/daemon/live_state.hpp"
#include "control/log/log.hpp"
#include "control/setup/listeners.hpp"
#include "control/setup/outbox.hpp"
#include "control/setup/server.hpp"
#include "control/tls/files.hpp"
#include "control/tls/handshake_pool.hpp"
#include "control/tls/server_context.hpp"
#include "dataplane/eal.hpp"
#include "dataplane/worker/dataplane.hpp"

namespace culvert::control {

// What the dataplane gets of a configuration. Interfaces without a `nameif` are left alone.
[[nodiscard]] dp::DataplaneSpec dataplane_spec(const Config& config);
// `key_limit`: 16-byte blocks, 0 = what is safe.
[[nodiscard]] dp::WorkerSettings worker_settings(const Config& config, unsigned key_limit = 0);
[[nodiscard]] dp::EalConfig eal_config(const Config& config, Log& log);

class Headend {
 public:
  // Starts everything but the loop. Throws std::runtime_error with a sentence.
  // `stderr_level`: overrides `logging console`, at the start and when the file is read again.
  // `tls_files`: as they were before `tls` was made of them.
  Headend(const Config& config, std::shared_ptr<const ServerContext> tls, TlsFiles tls_files,
          Log& log, const std::string& config_file,
          std::optional<unsigned> stderr_level = std::nullopt);
  ~Headend();
  Headend(const Headend&) = delete;
  Headend& operator=(const Headend&) = delete;

  // Until SIGTERM or SIGINT. At SIGHUP the configuration file is read again.
  void run();

 private:
  struct FreeEvent {
    void operator()(event* e) const noexcept { event_free(e); }
    void operator()(event_base* b) const noexcept { event_base_free(b); }
  };
  using EventPtr = std::unique_ptr<event, FreeEvent>;

  void fill_environment();
  void add_event(int fd_or_signal, short what, event_callback_fn callback, long interval_ms = 0);
  void drain_mailboxes();
  void tick();
  void report_start() const;
  void renew_tls();
  void close_sessions();

  // --- reconfigure.cpp ---
  // Makes `wanted` the configuration in force. Throws std::runtime_error with one sentence, and then
  // nothing has changed.
  enum class Files : uint8_t { as_they_were, read_again };  // profiles for clients
  void apply(Config wanted, Files files);
  [[nodiscard]] ConfigChange configure(const std::string& lines, const std::string& by);
  void reload();
  // False: it was refused, and nothing has changed.
  bool on_reload(const ParseResult& result);

  Config config_;  // in force
  Log& log_;
  std::unique_ptr<event_base, FreeEvent> base_;
  Server cli_;  // before the ports: a second headend with the same socket must not touch them
  dp::Eal eal_;
  dp::Dataplane dataplane_;
  Captures captures_;
  SetupEnv env_;
  std::unique_ptr<Setup> setup_;
  TlsFiles tls_files_;
  std::optional<LinkWatch> links_;  // once the ports run
  unsigned ticks_ = 0;
  std::optional<Outbox> orders_;  // to all workers
  unsigned key_limit_ = 0;        // of `debug key-limit`, as the workers know it
  Listeners listeners_;
  const std::string config_file_;
  const std::optional<unsigned> stderr_level_;
  LiveState state_;
  std::vector<EventPtr> events_;
  uint64_t arp_clashes_ = 0;
  unsigned changes_ = 0;  // by `configure`
  bool stopping_ = false;
  std::atomic<bool> no_more_hashing_ = false;
  // Reads the configuration file again, beside log-ins and handshakes. Last: its thread ends before
  // what it uses goes.
  HandshakePool reader_{1, 1};
};

}  // namespace culvert::control
