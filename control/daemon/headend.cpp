#include "control/daemon/headend.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "control/cli/request.hpp"
#include "control/daemon/clock.hpp"
#include "dataplane/packet/drop.hpp"

namespace culvert::control {

namespace {

constexpr unsigned kMessagesPerPass = 64;  // per worker

// Virtual devices share their cores with other software, so there a worker without work sleeps.
bool sleeps_when_idle(const Config& config) {
  if (config.dataplane.idle != IdlePolicy::automatic) {
    return config.dataplane.idle == IdlePolicy::sleep;
  }
  return std::any_of(config.interfaces.begin(), config.interfaces.end(),
                     [](const InterfaceConfig& i) {
                       return !i.nameif.empty() && !dp::parse_device_name(i.device).pci;
                     });
}

CaptureSource capture_source(dp::Dataplane& dataplane) {
  return {.attach = [&dataplane] { return dataplane.attach_drop_taps(); },
          .detach = [&dataplane] { dataplane.detach_drop_taps(); },
          .now = [&dataplane] { return dataplane.now(); },
          .port_name =
              [&dataplane](uint16_t port) {
                const dp::Interface* interface = dataplane.interfaces().by_port(port);
                return interface == nullptr ? std::string() : interface->nameif;
              }};
}

}  // namespace

dp::DataplaneSpec dataplane_spec(const Config& config) {
  dp::DataplaneSpec spec;
  for (const InterfaceConfig& i : config.interfaces) {
    if (i.nameif.empty()) continue;
    spec.interfaces.push_back(
        {i.nameif, i.address, i.prefix, i.mtu, !i.shutdown, i.has_ipv6(), i.ipv6_addresses});
  }
  for (const RouteConfig& r : config.routes) {
    spec.routes.push_back({r.network, r.prefix, r.gateway.v4_value(), r.nameif, r.metric});
  }
  for (const Route6Config& r : config.routes6)
    spec.routes6.push_back({r.network, r.gateway, r.nameif, r.metric});
  for (const auto& [name, pool] : config.pools6)
    spec.pools.v6.push_back({pool.first, pool.last()});
  for (const auto& [name, pool] : config.pools)
    spec.pools.v4.push_back({pool.first, pool.last});
  spec.workers = static_cast<unsigned>(config.dataplane.workers.size());
  spec.buffers = config.dataplane.buffers;
  spec.max_sessions = config.dataplane.max_sessions;
  spec.isa = crypto::best_isa(config.dataplane.simd);
  spec.sleep_when_idle = sleeps_when_idle(config);
  spec.unreachable_rate = config.icmp.unreachable_rate;
  spec.unreachable_burst = config.icmp.unreachable_burst;
  spec.settings = worker_settings(config);
  return spec;
}

dp::WorkerSettings worker_settings(const Config& config, unsigned key_limit) {
  dp::WorkerSettings settings;
  settings.tcpmss = static_cast<uint16_t>(config.tcpmss);
  settings.tcpmss_minimum = static_cast<uint16_t>(config.tcpmss_minimum);
  settings.answer_too_big = config.icmp.too_big;
  if (key_limit != 0) settings.sealing_limit = key_limit;
  unsigned index = 0;
  for (const InterfaceConfig& i : config.interfaces) {
    if (i.nameif.empty()) continue;
    const bool guarded = i.security_level == 0 && config.webvpn.serves(i.nameif);
    if (guarded && index < dp::kMaxInterfaces) settings.guarded |= 1u << index;
    ++index;
  }
  return settings;
}

dp::EalConfig eal_config(const Config& config, Log& log) {
  dp::EalConfig eal;
  eal.control_core = config.dataplane.control_core;
  eal.workers = config.dataplane.workers;
  eal.memory_mb = config.dataplane.memory_mb;
  eal.simd_bits = config.dataplane.simd;
  eal.huge_pages = config.dataplane.huge_pages == HugePages::never ? dp::HugePagePolicy::never
                                                                   : dp::HugePagePolicy::automatic;
  for (const InterfaceConfig& i : config.interfaces) {
    if (!i.nameif.empty()) eal.devices.push_back(i.device);
  }
  eal.on_log = [&log](uint32_t, std::string_view line) {
    log.log(Severity::debugging, fmt::format("DPDK: {}", line));
  };
  return eal;
}

Headend::Headend(const Config& config, std::shared_ptr<const ServerContext> tls, TlsFiles tls_files,
                 Log& log, const std::string& config_file, std::optional<unsigned> stderr_level)
    : config_(config),
      log_(log),
      base_(event_base_new()),
      cli_(base_.get(), config_.socket_path,
           [this](std::string_view line, const std::string& user) {
             return answer_request(line, state_, user);
           }),
      eal_(eal_config(config_, log)),
      dataplane_(eal_, dataplane_spec(config_)),
      captures_(capture_source(dataplane_), config_.state_dir + "/captures"),
      tls_files_(std::move(tls_files)),
      listeners_([this](dp::MessageKind kind, const IpAddress& address, uint16_t port) {
        orders_->listen(kind, address, port);
      }),
      config_file_(config_file),
      stderr_level_(stderr_level),
      state_(config_, log, dataplane_, listeners_, captures_, config_file,
             [this](const std::string& lines, const std::string& by) {
               return configure(lines, by);
             }) {
  log_.start();  // its threads belong on the control core, as everything that this thread starts
  fill_environment();
  orders_.emplace(env_);
  setup_ = std::make_unique<Setup>(env_, std::move(tls));
  state_.set_setup(setup_.get());
  for (const std::string& warning : eal_.warnings())
    log_.log(Severity::warning, warning);

  // The workers find what they shall serve in their first loop, before what they receive is refused.
  listeners_.follow(config_);
  dataplane_.start();
  report_start();
  links_.emplace(dataplane_, log_);

  const auto stop = [](evutil_socket_t, short, void* self) {
    static_cast<Headend*>(self)->stopping_ = true;
  };
  add_event(SIGTERM, EV_SIGNAL | EV_PERSIST, stop);
  add_event(SIGINT, EV_SIGNAL | EV_PERSIST, stop);
  add_event(SIGHUP, EV_SIGNAL | EV_PERSIST,
            [](evutil_socket_t, short, void* self) { static_cast<Headend*>(self)->reload(); });
  // Readable when a worker rang while this thread slept.
  add_event(dataplane_.control_bell().fd(), EV_READ | EV_PERSIST,
            [](evutil_socket_t, short, void* self) {
              static_cast<Headend*>(self)->dataplane_.control_bell().woke();
            });
  add_event(setup_->job_fd(), EV_READ | EV_PERSIST, [](evutil_socket_t, short, void* self) {
    static_cast<Headend*>(self)->setup_->on_jobs();
  });
  add_event(reader_.event_fd(), EV_READ | EV_PERSIST, [](evutil_socket_t, short, void* self) {
    static_cast<Headend*>(self)->reader_.collect();
  });
  add_event(setup_->radius_fd(), EV_READ | EV_PERSIST, [](evutil_socket_t, short, void* self) {
    static_cast<Headend*>(self)->setup_->on_radius();
  });
  add_event(
      -1, EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Headend*>(self)->tick(); }, kTickMs);
}

Headend::~Headend() {
  no_more_hashing_ = true;
  close_sessions();
  dataplane_.stop();
}

void Headend::fill_environment() {
  env_.config = &config_;
  env_.workers = dataplane_.workers();
  env_.allocate = [this](unsigned worker) {
    return dataplane_.mailbox(worker).allocate_for_worker();
  };
  env_.post = [this](unsigned worker, dp::Message* m) { dataplane_.mailbox(worker).to_worker(m); };
  env_.free_message = [this](unsigned worker, dp::Message* m) {
    dataplane_.mailbox(worker).free(m);
  };
  env_.home_of = [this](const IpAddress& address) { return dataplane_.home_of(address); };
  env_.publish = [this](const SessionSpec& spec) {
    return dataplane_.sessions().publish(spec.inner, spec.index, spec.home, spec.df_bit_ignore);
  };
  env_.set_channel = [](dp::Session* session, dp::Channel channel) {
    session->channel.store(channel.word(), std::memory_order_release);
  };
  env_.retire = [this](dp::Session* session) { dataplane_.sessions().retire(session); };
  env_.log = [this](int level, unsigned number, const std::string& text) {
    const auto severity = static_cast<Severity>(level);
    // What the ASA has no number for is a line of our own.
    number == 0 ? log_.log(severity, text) : log_.log(severity, number, text);
  };
  env_.debug = &state_.debug();
  env_.now_us = steady_us;
  env_.wall_time = [] { return std::time(nullptr); };
}

void Headend::add_event(int fd_or_signal, short what, event_callback_fn callback,
                        long interval_ms) {
  EventPtr e(event_new(base_.get(), fd_or_signal, what, callback, this));
  const timeval interval{interval_ms / 1000, (interval_ms % 1000) * 1000};
  if (e == nullptr || event_add(e.get(), interval_ms != 0 ? &interval : nullptr) != 0) {
    throw std::runtime_error("cannot watch for events: raise the limit of open files");
  }
  events_.push_back(std::move(e));
}

void Headend::report_start() const {
  for (size_t i = 0; i < dataplane_.ports(); ++i) {
    log_.log(Severity::informational,
             dataplane_.port(static_cast<unsigned>(i))
                 .describe(dataplane_.interfaces()[static_cast<uint8_t>(i)].nameif));
  }
  log_.log(
      Severity::notification,
      fmt::format("ready: {} worker{}, {} and {}, {}", dataplane_.workers(),
                  dataplane_.workers() == 1 ? "" : "s",
                  crypto::to_string(crypto::best_isa(config_.dataplane.simd)),
                  eal_.huge_pages() ? "huge pages" : "ordinary pages",
                  config_.webvpn.anyconnect_enable && !config_.webvpn.enabled_on.empty()
                      ? fmt::format("TLS port {}, DTLS port {}", config_.webvpn.port,
                                    config_.webvpn.dtls_port)
                      : "no VPN service: `webvpn` needs `enable NAMEIF` and `anyconnect enable`"));
}

void Headend::drain_mailboxes() {
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
    // Not until it is empty: an answer may bring the next message at once, and timers, jobs and the other workers
    // want their turn.
    for (unsigned n = 0; n < kMessagesPerPass; ++n) {
      dp::Message* m = dataplane_.mailbox(worker).from_worker();
      if (m == nullptr) break;
      setup_->on_message(worker, m);
    }
  }
}

// A certificate that was renewed and a new revocation list count for connections from now on; what
// cannot be read leaves everything as it was.
void Headend::renew_tls() {
  if (!tls_files_.changed()) return;
  try {
    setup_->set_tls(
        std::make_shared<const ServerContext>(config_.ssl, config_.state_dir, config_.hostname));
    log_.log(Severity::notification,
             "certificates and revocation lists were read again, because a file has changed");
  } catch (const std::runtime_error& e) {
    log_.log(Severity::error,
             fmt::format("the files of TLS stay as they were read before: {}", e.what()));
  }
}

void Headend::tick() {
  setup_->tick();
  if (++ticks_ % kTicksPerSecond == 0) {
    renew_tls();
    if (links_) links_->look();
  }
  if (state_.debug().key_limit != key_limit_) {
    key_limit_ = state_.debug().key_limit;
    orders_->settings(worker_settings(config_, key_limit_));
  }
  dataplane_.sessions().reclaim();
  state_.tick();
  uint64_t clashes = 0;
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
    clashes += dataplane_.arp_counters(worker).clashes.load(std::memory_order_relaxed) +
               dataplane_.nd_counters(worker).clashes.load(std::memory_order_relaxed);
  }
  if (clashes != arp_clashes_) {
    arp_clashes_ = clashes;
    log_.log(Severity::warning,
             "another station uses one of this box's addresses (ARP or ND clash): change one of "
             "the two");
  }
}

void Headend::run() {
  dp::Doorbell& bell = dataplane_.control_bell();
  while (!stopping_) {
    drain_mailboxes();
    setup_->flush();
    orders_->flush();
    bell.announce_sleep();
    bool waiting = false;
    for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
      waiting |= !dataplane_.mailbox(worker).control_ring_empty();
    }
    // Without EVLOOP_ONCE a non-blocking pass would go on for as long as anything is readable.
    event_base_loop(base_.get(), waiting ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE);
    bell.woke();
  }
  log_.log(Severity::notification, "stopping");
}

void Headend::close_sessions() {
  if (setup_ == nullptr) return;
  state_.set_setup(nullptr);
  // Clients are told; then the workers get a moment to say it on the wire.
  setup_->logoff_all(EndCause::shutdown);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while ((setup_->connections() != 0 || setup_->dtls().tunnels().size() != 0) &&
         std::chrono::steady_clock::now() < deadline) {
    drain_mailboxes();
    setup_->on_jobs();
    setup_->on_radius();
    setup_->tick();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  events_.clear();
  setup_.reset();
  // What a worker without a transmit queue of its own has said is still on its way to one that has.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace culvert::control
