// A crowd by hand: not a test, but what the tests of tools/crowd against headends drive. What it reads and prints is
// described in tests/e2e/harness/crowd_peer.py.
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <rte_cycles.h>
#include <unistd.h>

#include "dataplane/eal.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/port/port.hpp"
#include "dataplane/worker/clock.hpp"
#include "tests/tools/crowd_peer/inner_packets.hpp"
#include "tools/crowd/crowd.hpp"

namespace {

using namespace culvert;
using crowd_peer::Echoes;

struct Options {
  std::string device;
  std::string headend, gateway;
  std::vector<std::string> sources;
  unsigned cpu = 0;
  crowd::CrowdConfig crowd;
};

constexpr unsigned kInFlight = 16384;

dp::IpAddress address_of(const std::string& text) {
  const auto address = dp::IpAddress::parse(text);
  if (!address) throw std::runtime_error("no address: " + text);
  return *address;
}

Options parse_options(int argc, char** argv) {
  Options o;
  CLI::App app;
  app.add_option("--device", o.device)->required();
  app.add_option("--headend", o.headend)->required();
  app.add_option("--gateway", o.gateway);
  app.add_option("--from", o.sources)->delimiter(',')->required();
  app.add_option("--cpu", o.cpu);
  app.add_option("--members", o.crowd.members);
  app.add_option("--strangers", o.crowd.strangers);
  app.add_option("--port", o.crowd.port);
  app.add_option("--ca", o.crowd.ca_file);
  app.add_option("--group", o.crowd.group_path);
  app.add_option("--tls12-ciphers", o.crowd.tls12_ciphers);
  app.add_option("--tls13-suites", o.crowd.tls13_suites);
  app.add_option("--dtls-ciphers", o.crowd.dtls_ciphers);
  app.add_option("--dpd", o.crowd.dpd_s);
  app.add_flag("!--no-tls13", o.crowd.tls13);
  app.add_flag("!--no-dtls", o.crowd.want_dtls);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  o.crowd.headend = address_of(o.headend);
  if (!o.gateway.empty()) o.crowd.gateway = address_of(o.gateway);
  for (const std::string& source : o.sources)
    o.crowd.sources.push_back(address_of(source));
  return o;
}

void print(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c < ' ' ? ' ' : c;
  }
  return out;
}

const char* name_of(crowd::EventKind kind) {
  using crowd::EventKind;
  switch (kind) {
    case EventKind::established: return "established";
    case EventKind::dtls_up: return "dtls_up";
    case EventKind::refused: return "refused";
    case EventKind::closed: return "closed";
    case EventKind::dtls_closed: return "dtls_closed";
    case EventKind::stranger_open: return "stranger_open";
    case EventKind::stranger_readable: return "stranger_readable";
    case EventKind::stranger_closed: return "stranger_closed";
  }
  return "unknown";
}

class Peer {
 public:
  Peer(const Options& options, crowd::Crowd& crowd, rte_mempool* pool)
      : members_(options.crowd.members), crowd_(crowd), pool_(pool), echoes_(members_) {
    crowd_.on_arrivals({[](void* self, std::span<const crowd::Arrival> arrivals) {
                          static_cast<Peer*>(self)->echoes_.take(arrivals);
                        },
                        this});
  }

  // False: it is to end.
  bool obey(const std::string& line, dp::Time now) {
    std::istringstream words(line);
    std::string verb;
    uint32_t first = 0, count = 0;
    words >> verb >> first >> count;
    if (verb == "quit") return false;
    if (verb == "send") {
      std::string channel, server;
      words >> channel >> plan_.each >> plan_.size >> server;
      plan_.first = first;
      plan_.count = count;
      plan_.channel = channel == "dtls" ? crowd::Channel::dtls : crowd::Channel::tls;
      plan_.server = address_of(server);
      plan_.next = 0;
      plan_.unsendable = 0;
      plan_.active = true;
    } else if (verb == "report") {
      report();
    } else if (verb == "call") {
      const auto stranger = crowd_.call(now);
      print(fmt::format(R"({{"event": "called", "stranger": {}}})",
                        stranger ? static_cast<int64_t>(*stranger) : -1));
    } else if (verb == "say") {
      const std::vector<uint8_t> noise(count, 'x');
      print(fmt::format(R"({{"event": "said", "bytes": {}}})", crowd_.say(first, noise)));
    } else {
      std::string user, password;
      words >> user >> password;
      uint32_t done = 0;
      for (uint32_t id = first; id < first + count; ++id)
        done += act(verb, id, {user, password}, now) ? 1 : 0;
      print(fmt::format(R"({{"event": "done", "verb": "{}", "members": {}}})", verb, done));
    }
    return true;
  }

  void send_some(dp::Time now) {
    // As fast as an echo server in Python answers without loss.
    if (!plan_.active || now < next_burst_) return;
    next_burst_ = now + dp::kMillisecond;
    std::array<crowd::Outgoing, 16> burst;
    uint32_t n = 0;
    const uint64_t all = uint64_t{plan_.each} * plan_.count;
    for (crowd::Outgoing& o : waiting_)
      burst[n++] = o;
    waiting_.clear();
    for (; n < burst.size() && plan_.next < all; ++plan_.next) {
      const auto member = static_cast<uint32_t>(plan_.first + plan_.next % plan_.count);
      const crowd::Membership membership = crowd_.membership(member);
      const dp::IpAddress& from = plan_.server.is_v4() ? membership.inner.v4 : membership.inner.v6;
      if (from.is_unspecified()) {
        ++plan_.unsendable;
        continue;
      }
      rte_mbuf* m =
          crowd_peer::make_packet(pool_, from, plan_.server, member,
                                  static_cast<uint32_t>(plan_.next / plan_.count), plan_.size);
      if (m == nullptr) break;
      burst[n++] = {m, member};
    }
    (void)crowd_.send(plan_.channel, {burst.data(), n}, now);
    for (uint32_t i = 0; i < n; ++i) {
      if (burst[i].result == crowd::Sent::later) {
        waiting_.push_back(burst[i]);
      } else if (burst[i].result != crowd::Sent::taken) {
        ++plan_.unsendable;
        rte_pktmbuf_free(burst[i].packet);
      }
    }
    if (plan_.next == all && waiting_.empty()) {
      plan_.active = false;
      print(fmt::format(R"({{"event": "sent", "unsendable": {}}})", plan_.unsendable));
    }
  }

  void tell_events() {
    while (const auto e = crowd_.next_event()) {
      print(fmt::format(
          R"({{"event": "{}", "member": {}, "why": "{}", "status": {}, "us": {}, "count": {}, "text": "{}"}})",
          name_of(e->kind), e->member, to_string(e->why), e->http_status,
          e->began == 0 ? 0 : e->at - e->began, e->count, escaped(e->text)));
    }
  }

 private:
  struct Plan {
    bool active = false;
    uint32_t first = 0, count = 0, each = 0;
    uint16_t size = 0;
    crowd::Channel channel{};
    dp::IpAddress server;
    uint64_t next = 0, unsendable = 0;
  };

  bool act(const std::string& verb, uint32_t id, const crowd::Credentials& who, dp::Time now) {
    if (verb == "log_in") return crowd_.log_in(id, who, now);
    if (verb == "reconnect") return crowd_.reconnect(id, now);
    if (verb == "leave") return crowd_.leave(id, now);
    if (verb == "cut") return crowd_.cut(id, now);
    if (verb == "vanish") return crowd_.vanish(id, now);
    if (verb == "part") return crowd_.part_silently(id, now);
    if (verb == "roam_port") return crowd_.roam(id, crowd::Roam::port, now);
    if (verb == "roam_address") return crowd_.roam(id, crowd::Roam::address, now);
    if (verb == "update_keys") return crowd_.update_keys(id);
    if (verb == "hang_up") crowd_.hang_up(id);
    if (verb == "reset") crowd_.reset(id, now);
    if (verb == "forsake") crowd_.forsake(id, now);
    return true;
  }

  void report() {
    std::string members, drops;
    for (uint32_t id = 0; id < members_; ++id) {
      const crowd::Membership m = crowd_.membership(id);
      const auto channel = [&](crowd::Channel c) {
        const crowd::Traffic t = crowd_.traffic(id, c);
        const crowd_peer::Tally& echoes = echoes_.of(id, c);
        return fmt::format(R"({{"sent": {}, "received": {}, "right": {}, "wrong": {}}})",
                           t.sent_packets, t.received_packets, echoes.packets, echoes.wrong);
      };
      members += fmt::format(
          R"({}{{"state": {}, "v4": "{}", "v6": "{}", "tls_mtu": {}, "dtls_mtu": {}, "tls_suite": "{}", )"
          R"("dtls_suite": "{}", "dtls_up": {}, "tls": {}, "dtls": {}}})",
          id == 0 ? "" : ", ", static_cast<int>(crowd_.state(id)), m.inner.v4.to_string(),
          m.inner.v6.to_string(), m.tls_mtu, m.dtls_mtu, m.tls_suite, m.dtls_suite, m.dtls_up,
          channel(crowd::Channel::tls), channel(crowd::Channel::dtls));
    }
    for (size_t i = 0; i < dp::kDropReasons; ++i) {
      const auto reason = static_cast<dp::DropReason>(i);
      if (crowd_.drops().get(reason) == 0) continue;
      drops += fmt::format(R"({}"{}": {})", drops.empty() ? "" : ", ", dp::text(reason).keyword,
                           crowd_.drops().get(reason));
    }
    const crowd::CrowdCounters c = crowd_.counters();
    print(fmt::format(
        R"({{"event": "report", "members": [{}], "drops": {{{}}}, "up": {}, "in_setup": {}, "dtls_up": {}, )"
        R"("log_ins": {}, "reconnects": {}, "key_updates": {}, "silenced": {}, "connections": {}}})",
        members, drops, c.up, c.in_setup, c.dtls_up, c.log_ins, c.reconnects, c.key_updates,
        c.silenced, crowd_.tcp_counters().connections.load()));
  }

  const uint32_t members_;
  crowd::Crowd& crowd_;
  rte_mempool* pool_;
  Echoes echoes_;
  Plan plan_;
  std::vector<crowd::Outgoing> waiting_;
  dp::Time next_burst_ = 0;
};

// Whole lines of standard input, as they come.
class Lines {
 public:
  Lines() { (void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK); }
  // False: standard input has ended.
  template <typename Take>
  bool read(Take&& take) {
    char bytes[4096];
    const ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (n == 0) return false;
    if (n > 0) text_.append(bytes, static_cast<size_t>(n));
    for (size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
      if (!take(text_.substr(0, end))) return false;
    }
    return true;
  }

 private:
  std::string text_;
};

void run(const Options& options) {
  dp::EalConfig config;
  config.control_core = options.cpu;
  config.workers = {options.cpu};
  const uint32_t buffers = crowd::buffers_for(options.crowd, kInFlight);
  config.memory_mb = static_cast<unsigned>(
      (crowd::memory_for(options.crowd) + uint64_t{buffers} * 2560) / 1'000'000 + 64);
  config.devices = {options.device};
  config.on_log = [](uint32_t level, std::string_view line) {
    std::fprintf(stderr, "dpdk %u: %.*s\n", level, static_cast<int>(line.size()), line.data());
  };
  const dp::Eal eal(config);
  dp::register_packet_meta();
  const dp::PacketPool pool =
      dp::make_packet_pool("crowd", buffers, options.crowd.mtu, dp::BufferLayout::within_pages);
  const dp::Clock clock(rte_rdtsc());
  dp::Port port(eal.devices()[0].name);
  port.configure({.workers = 1, .pool = pool.get(), .mtu = options.crowd.mtu});
  port.start();
  crowd::Crowd crowd(options.crowd, port, 0, pool.get(), clock.at(rte_rdtsc()));
  Peer peer(options, crowd, pool.get());
  Lines lines;
  print(R"({"event": "ready"})");
  for (unsigned idle = 0;;) {
    const dp::Time now = clock.at(rte_rdtsc());
    if (!lines.read([&](const std::string& line) { return peer.obey(line, now); })) break;
    peer.send_some(now);
    const bool busy = crowd.poll(now);
    peer.tell_events();
    idle = busy ? 0 : idle + 1;
    // Whoever is tested may need the core.
    if (idle > 64) usleep(50);
  }
  port.stop();
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = dp::missing_cpu_feature()) {
    std::fprintf(stderr, "This CPU lacks %s.\n", missing);
    return 1;
  }
  try {
    run(parse_options(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "crowd_peer: %s\n", e.what());
    return 1;
  }
  return 0;
}
