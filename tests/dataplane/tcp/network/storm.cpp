// The weather of a seed, and its aftermath.
#include "tests/dataplane/tcp/network/storm.hpp"

#include <algorithm>
#include <cstdio>

namespace culvert::tcp::test {

namespace {

constexpr Time kSecond = 1'000'000;
// Longer than the worst of these storms may take on its own clock; a connection that hangs takes for ever.
constexpr Time kPatience = 1200 * kSecond;
// Longer than the longest pause between two FINs: a side that has left TIME-WAIT answers with a reset.
constexpr Time kTimeWait = 240 * kSecond;

LinkConfig weather(Dice& dice) {
  LinkConfig link;
  link.delay = dice.between(100, 60'000);
  if (dice.happens(0.5)) {
    link.rate = dice.between(1, 50) * 1'000'000;
    link.queue = static_cast<uint32_t>(dice.between(6'000, 120'000));
  }
  if (dice.happens(0.6)) link.loss = static_cast<double>(dice.below(100)) / 1000;
  if (dice.happens(0.2)) {
    link.burst_begins = static_cast<double>(dice.below(20)) / 1000;
    link.burst_lasts = dice.below(100'000);
  }
  if (dice.happens(0.2)) link.ack_loss = static_cast<double>(dice.below(200)) / 1000;
  if (dice.happens(0.4)) {
    link.reorder = static_cast<double>(dice.below(200)) / 1000;
    link.reorder_by = dice.between(1, 80'000);
  }
  if (dice.happens(0.3)) link.duplicate = static_cast<double>(dice.below(100)) / 1000;
  if (dice.happens(0.3)) link.corrupt = static_cast<double>(dice.below(50)) / 1000;
  if (dice.happens(0.3)) link.jitter = dice.below(20'000);
  return link;
}

EndpointConfig endpoint(Dice& dice) {
  EndpointConfig config;
  config.max_connections = 16;  // a quarter of them may be half open
  config.time_wait = kTimeWait;
  const uint32_t buffers[] = {3'000, 8'000, 20'000, 65'536, 200'000};
  config.receive_buffer = dice.one_of(buffers);
  config.send_buffer = dice.one_of(buffers);
  const uint16_t sizes[] = {200, 536, 1200, 1380, 1460};
  config.tcpmss_max = dice.one_of(sizes);
  const uint32_t runs[] = {0, 40, 4096};
  config.receive_runs = dice.one_of(runs);
  config.pacing = dice.happens(0.7);
  if (dice.happens(0.3)) config.congestion = CongestionAlgorithm::newreno;
  return config;
}

Offload card(Dice& dice) {
  if (dice.happens(0.5)) return {};
  Offload offload{.ip_checksum = true, .tcp_checksum = true, .multi_segment = true};
  if (dice.happens(0.5)) {
    offload.tso_bytes = 60'000;
    offload.tso_buffers = static_cast<uint32_t>(dice.between(2, 16));
  }
  return offload;
}

TransferConfig transfer(Dice& dice) {
  const auto size = [&] { return dice.happens(0.05) ? dice.below(150'000) : dice.below(16'000); };
  TransferConfig config;
  config.up = size();
  config.down = size();
  config.starts = dice.below(200'000);
  config.writes = dice.happens(0.1) ? 100 : 4000;
  if (dice.happens(0.1)) {
    config.reads = static_cast<uint32_t>(dice.between(500, 5'000));
    config.read_pause = dice.between(1'000, 300'000);
  }
  return config;
}

std::string text(const LinkConfig& l) {
  char out[400];
  std::snprintf(out, sizeof out,
                "rate %.0f Mbit/s, delay %.1f ms, queue %u, loss %.3f, bursts %.3f of %.1f ms, ACK "
                "loss %.3f, "
                "reorder %.3f by %.1f ms, duplicate %.3f, corrupt %.3f, jitter %.1f ms%s%s%s",
                static_cast<double>(l.rate) / 1e6, static_cast<double>(l.delay) / 1e3, l.queue,
                l.loss, l.burst_begins, static_cast<double>(l.burst_lasts) / 1e3, l.ack_loss,
                l.reorder, static_cast<double>(l.reorder_by) / 1e3, l.duplicate, l.corrupt,
                static_cast<double>(l.jitter) / 1e3, l.strip_sack ? ", no SACK" : "",
                l.strip_timestamps ? ", no timestamps" : "", l.strip_scale ? ", no scale" : "");
  return out;
}

constexpr uint64_t kMostTransfers = 3;

// What a host's queues may hold: twice what the buffers are configured for, and a few more for each
// connection.
uint64_t most_buffers(const EndpointConfig& config, rte_mempool* pool) {
  const uint32_t cost = rte_pktmbuf_data_room_size(pool);
  const uint32_t each = 2 * (config.receive_buffer + config.send_buffer) / cost + 4;
  return kMostTransfers * each + dp::kBurst;
}

void add(StormTotals& totals, const Link& link) {
  const LinkCounters& c = link.counters();
  totals.packets += c.packets;
  totals.lost += c.lost;
  totals.reordered += c.reordered;
  totals.duplicated += c.duplicated;
  totals.corrupted += c.corrupted;
  totals.overflowed += c.overflowed;
}

std::string aftermath(Host& host, const EndpointConfig& config, rte_mempool* pool) {
  Endpoint& e = host.endpoint();
  if (e.counters().connections != 0) return "a connection is left";
  if (e.buffers_held() != 0) return "a packet buffer is left in a queue";
  if (host.most_buffers() > most_buffers(config, pool)) {
    return "the queues held " + std::to_string(host.most_buffers()) + " packet buffers";
  }
  return {};
}

std::string storm_over(Network& network, Dice& dice, StormTotals& totals, std::string& description,
                       std::FILE* trace) {
  LinkConfig there = weather(dice);
  LinkConfig back = weather(dice);
  there.strip_sack = back.strip_sack = dice.happens(0.15);
  there.strip_timestamps = back.strip_timestamps = dice.happens(0.15);
  there.strip_scale = back.strip_scale = dice.happens(0.1);
  const EndpointConfig configs[2] = {endpoint(dice), endpoint(dice)};
  Host& client = network.add_host(configs[0], card(dice));
  Host& server = network.add_host(configs[1], card(dice));
  Link& up = network.add_link(there);
  Link& down = network.add_link(back);
  network.route(client, server, {&up});
  network.route(server, client, {&down});
  Transfers transfers(network);
  transfers.trace(trace);
  const uint64_t count = dice.between(1, kMostTransfers);
  for (uint64_t i = 0; i < count; ++i) {
    const TransferConfig& config = transfers.add(client, server, transfer(dice)).config;
    totals.bytes += config.up + config.down;
    ++totals.transfers;
  }
  description = "  there: " + text(there) + "\n  back: " + text(back) + "\n";
  for (const EndpointConfig& c : configs) {
    description += "  buffers " + std::to_string(c.receive_buffer) + " and " +
                   std::to_string(c.send_buffer) + ", MSS " + std::to_string(c.tcpmss_max) + "\n";
  }
  const Time start = network.now();
  const bool over = transfers.run(kPatience);
  totals.longest = std::max(totals.longest, network.now() - start);
  if (!transfers.wrong().empty()) return transfers.wrong();
  if (!over) return "it hangs:" + transfers.progress();
  network.run_until(network.now() + 2 * kTimeWait);
  uint64_t refused = 0;
  for (Host* host : {&client, &server}) {
    const EndpointConfig& config = configs[host == &client ? 0 : 1];
    std::string left = aftermath(*host, config, network.pool());
    if (!left.empty()) return left;
    totals.retransmits += host->endpoint().counters().retransmits;
    totals.timeouts += host->endpoint().counters().timeouts;
    refused += host->drops().get(dp::DropReason::tcp_bad_checksum) +
               host->drops().get(dp::DropReason::tcp_bad_header);
  }
  if (refused != up.counters().corrupted + down.counters().corrupted) {
    return std::to_string(refused) + " of the corrupted packets were noticed";
  }
  add(totals, up);
  add(totals, down);
  return {};
}

}  // namespace

std::string storm(rte_mempool* pool, uint64_t seed, StormTotals& totals, std::string& description,
                  std::FILE* trace) {
  const unsigned before = rte_mempool_avail_count(pool);
  std::string wrong;
  {
    Dice dice(seed);
    Network network(pool, dice.roll());
    wrong = storm_over(network, dice, totals, description, trace);
  }
  if (wrong.empty() && rte_mempool_avail_count(pool) != before) wrong = "a packet buffer is lost";
  return wrong;
}

}  // namespace culvert::tcp::test
