// The TCP endpoint alone on a port: not a test, but what tests of the endpoint against another TCP
// talk to. Its modes and the lines that it prints are described in tests/e2e/harness/tcp_peer.py.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>
#include <poll.h>
#include <rte_ethdev.h>
#include <rte_random.h>
#include <time.h>

#include "dataplane/packet/meta.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/worker/clock.hpp"
#include "tests/dataplane/tcp_peer/application.hpp"
#include "tests/dataplane/tcp_peer/dialler.hpp"
#include "tests/dataplane/tcp_peer/link.hpp"

namespace {

using namespace culvert;
using namespace culvert::tcp_peer;

constexpr unsigned kBuffers = 32767;
constexpr dp::Time kPatience = 2 * dp::kSecond;  // after SIGTERM
constexpr unsigned kSpinLoops = 64;              // empty loops before the first sleep
constexpr dp::Time kBlindSleep = 50;             // µs, where no descriptor tells of packets
constexpr dp::Time kLongestSleep = 10'000;       // µs, until the next look for signals

std::sig_atomic_t g_stop = 0;
std::sig_atomic_t g_read = 0;

// Until a packet comes or a timer is due: whoever compares endpoints needs the core for the other one.
void idle(const tcp::Endpoint& endpoint, const dp::Clock& clock, int wake_fd) {
  const dp::Time now = clock.at(rte_rdtsc());
  const dp::Time deadline = endpoint.next_deadline();
  if (deadline <= now) return;
  const dp::Time longest = wake_fd < 0 ? kBlindSleep : kLongestSleep;
  const timespec pause{0, static_cast<long>(std::min(longest, deadline - now)) * 1000};
  pollfd waker{wake_fd, POLLIN, 0};
  (void)ppoll(&waker, 1, &pause, nullptr);
}

// Until SIGTERM came and no connection is left.
void serve(const dp::Clock& clock, Link& link, tcp::Endpoint& endpoint, Dialler& dialler,
           Application& application, int wake_fd) {
  unsigned idle_loops = 0;
  dp::Time stop_at = 0;
  for (;;) {
    const dp::Time now = clock.at(rte_rdtsc());
    if (g_stop != 0) {
      if (stop_at == 0) stop_at = now + kPatience;
      if (endpoint.counters().connections == 0 || now > stop_at) return;
    }
    if (g_read != 0) {
      g_read = 0;
      application.start_reading(now);
    }
    dialler.serve(now);
    bool busy = link.receive(endpoint, now);
    busy |= application.serve(now);
    endpoint.poll(now);
    link.transmit(now);
    idle_loops = busy ? 0 : idle_loops + 1;
    if (idle_loops > kSpinLoops) idle(endpoint, clock, link.unsent() ? -1 : wake_fd);
  }
}

// Drivers look for what was sent when more is to be sent, so they are asked to send nothing until
// all came back.
unsigned available_when_sent(rte_mempool* pool, uint16_t port, unsigned wanted) {
  unsigned available = rte_mempool_avail_count(pool);
  for (unsigned i = 0; i < 1000 && available != wanted; ++i) {
    rte_eth_tx_burst(port, 0, nullptr, 0);
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
    available = rte_mempool_avail_count(pool);
  }
  return available;
}

std::string exit_line(const tcp::Endpoint& endpoint) {
  const tcp::EndpointCounters& c = endpoint.counters();
  return fmt::format(
      R"("connections": {}, "buffers_held": {}, "retransmits": {}, "fast_retransmits": {}, )"
      R"("timeouts": {}, "tail_probes": {}, "undone": {}, "dsacks_in": {}, )"
      R"("out_of_order": {}, "duplicate_acks": {}, "segments_out": {})",
      c.connections.load(), endpoint.buffers_held(), c.retransmits.load(),
      c.fast_retransmits.load(), c.timeouts.load(), c.tail_probes.load(), c.undone.load(),
      c.dsacks_in.load(), c.out_of_order.load(), c.duplicate_acks.load(), c.segments_out.load());
}

// Why packets went, for whoever reads the log of a test that failed.
void print_drops(const dp::DropCounters& drops) {
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    if (drops.get(reason) == 0) continue;
    std::fprintf(stderr, "drop %s %lu\n", std::string(dp::text(reason).keyword).c_str(),
                 drops.get(reason));
  }
}

void run(Options options) {
  dp::EalConfig config;
  config.control_core = options.cpu;
  config.workers = {options.cpu};
  config.memory_mb = 256;
  config.devices = {options.device};
  config.on_log = [](uint32_t level, std::string_view line) {
    std::fprintf(stderr, "dpdk %u: %.*s\n", level, static_cast<int>(line.size()), line.data());
  };
  const dp::Eal eal(std::move(config));
  dp::register_packet_meta();
  const dp::PacketPool pool =
      dp::make_packet_pool("packets", kBuffers, options.mtu, dp::BufferLayout::side_by_side);
  const dp::Clock clock(rte_rdtsc());

  const OpenPort port(eal.devices()[0].name, options, pool.get());
  const unsigned at_start = rte_mempool_avail_count(pool.get());
  std::string counters;
  {
    Link link(port, pool.get(), options.sources, clock.at(rte_rdtsc()));
    options.endpoint.pool = pool.get();
    options.endpoint.isn_key[0] = rte_rand();
    options.endpoint.isn_key[1] = rte_rand();
    const dp::PortCapabilities& can = port.port().capabilities();
    tcp::Offload offload{true, true, can.multi_segment};
    if (options.offload && can.tso) {
      offload.tso_bytes = std::min(60'000u, can.max_tso_size);
      offload.tso_buffers = std::min<uint32_t>(tcp::kMaxTsoBuffers, can.max_tso_segments);
    }
    tcp::Endpoint endpoint(options.endpoint, offload, link.drops(), link.sink());
    if (options.connect.is_unspecified()) (void)endpoint.listen(options.address, options.port);
    Application application(options.mode, options.bytes, endpoint);
    Dialler dialler(options, {rte_rand(), rte_rand()}, endpoint);
    report_line(R"({"event": "ready"})");
    serve(clock, link, endpoint, dialler, application, port.port().wake_fd(0));
    counters = exit_line(endpoint);
    print_drops(link.drops());
  }
  const unsigned at_end = available_when_sent(pool.get(), port.port().id(), at_start);
  report_line(fmt::format(R"({{"event": "exit", "pool_size": {}, "pool_available": {}, {}}})",
                          at_start, at_end, counters));
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = dp::missing_cpu_feature()) {
    std::fprintf(stderr, "This CPU lacks %s.\n", missing);
    return 1;
  }
  std::signal(SIGINT, [](int) { g_stop = 1; });
  std::signal(SIGTERM, [](int) { g_stop = 1; });
  std::signal(SIGUSR1, [](int) { g_read = 1; });
  try {
    run(parse_options(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tcp_peer: %s\n", e.what());
    return 1;
  }
  return 0;
}
