// Sums over queues, ticks into nanoseconds.
#include "tools/replay/gather.hpp"

#include <algorithm>
#include <array>

#include "tools/replay/pace.hpp"
#include "tools/replay/streams.hpp"

namespace culvert::replay {

namespace {

constexpr std::array kPercents{50.0, 90.0, 99.0, 99.9, 99.99, 99.999};

SentReport sent(const Results& results, size_t index) {
  const Part& part = results.parts[index];
  SentReport report;
  report.port = results.ports.sending()[index]->name();
  report.captures = part.captures;
  report.a_round = part.found.packets;
  if (results.options.loops != 0) report.asked = part.found.packets * results.options.loops;
  report.pace = describe(results.options.pace);
  report.out_of_order = part.out_of_order;
  report.shortened_gaps = part.shortened_gaps;
  report.left_out = part.found.left_out;
  Histogram late;
  TickSpan span;
  for (size_t i = part.first_sender; i < part.first_sender + part.senders; ++i) {
    const Sender& sender = *results.run.senders()[i];
    report.sent.packets += sender.counters().packets.load();
    report.sent.bytes += sender.counters().bytes.load();
    report.refusals += sender.counters().refusals.load();
    late.add(sender.lateness());
    span.add(sender.first_tick(), sender.last_tick());
  }
  report.sent.filling = part.filling * static_cast<double>(report.sent.packets);
  report.sent.seconds = results.clock.seconds(span.ticks());
  report.lateness = distribution(late, results.clock);
  return report;
}

ReceivedReport received(const Results& results, const dp::Port& port, size_t first_receiver) {
  ReceivedReport report;
  report.port = port.name();
  report.tracked = results.options.track;
  report.missed = port.stats().rx_missed;
  Histogram latency;
  TickSpan span;
  const std::span queues =
      std::span(results.run.receivers()).subspan(first_receiver, port.rx_queues());
  const StreamCounts streams = count_streams(queues);
  report.streams = streams.streams;
  report.missing = streams.missing;
  for (const auto& queue : queues) {
    const Receiver& receiver = *queue;
    report.received.packets += receiver.counters().packets.load();
    report.received.bytes += receiver.counters().bytes.load();
    report.unmarked += receiver.counters().unmarked.load();
    latency.add(receiver.latency());
    span.add(receiver.first_tick(), receiver.last_tick());
    for (const auto& stream : receiver.streams()) {
      const Sequence& sequence = stream->sequence;
      report.duplicates += sequence.duplicates();
      report.reordered += sequence.reordered();
      report.furthest = std::max(report.furthest, sequence.furthest());
    }
  }
  report.received.seconds = results.clock.seconds(span.ticks());
  report.latency = distribution(latency, results.clock);
  return report;
}

uint64_t unwritten(const TrafficRun& run) {
  uint64_t packets = 0;
  for (const auto& receiver : run.receivers())
    packets += receiver->counters().unwritten.load();
  return packets;
}

}  // namespace

std::optional<Distribution> distribution(const Histogram& histogram, const TickClock& clock) {
  if (histogram.count() == 0) return std::nullopt;
  Distribution d;
  d.count = histogram.count();
  d.min = clock.nanoseconds(histogram.min());
  d.mean = clock.seconds(1) * 1e9 * histogram.mean();
  d.max = clock.nanoseconds(histogram.max());
  for (const double percent : kPercents)
    d.percentiles.emplace_back(percent, clock.nanoseconds(histogram.percentile(percent)));
  return d;
}

StoreSize store_size(const Survey& found) noexcept {
  return {.small = found.packets - found.large_packets,
          .large = found.large_packets,
          .bytes = found.stored_bytes};
}

uint64_t earliest(std::span<const Part> parts) noexcept {
  uint64_t first = UINT64_MAX;
  for (const Part& part : parts) {
    if (part.found.packets != 0) first = std::min(first, part.found.first_ns);
  }
  return first == UINT64_MAX ? 0 : first;
}

double filling_of(std::span<const Recorded> packets) noexcept {
  uint64_t bytes = 0;
  for (const Recorded& packet : packets)
    bytes += bytes_on_layer2(packet.size) - kFrameCheck - packet.size;
  return packets.empty() ? 0 : static_cast<double>(bytes) / static_cast<double>(packets.size());
}

Report gather(const Results& results) {
  Report report;
  for (size_t i = 0; i < results.parts.size(); ++i)
    report.sent.push_back(sent(results, i));
  size_t receiver = 0;
  for (const dp::Port* port : results.ports.receiving()) {
    report.received.push_back(received(results, *port, receiver));
    receiver += port->rx_queues();
  }
  if (!report.sent.empty() && !report.received.empty()) {
    const uint64_t sent = results.run.packets_sent();
    const uint64_t arrived = results.run.tracked() ? count_streams(results.run.receivers()).arrived
                                                   : results.run.packets_received();
    if (arrived <= sent) report.lost = sent - arrived;
    if (arrived > sent) report.surplus = arrived - sent;
  }
  report.complete =
      results.run.all_sent() && results.run.packets_received() >= results.options.count;
  if (results.writer == nullptr) return report;
  report.written = {.path = results.writer->path(),
                    .packets = results.writer->written(),
                    .unwritten = unwritten(results.run),
                    .trouble = results.writer->trouble()};
  report.complete =
      report.complete && report.written->unwritten == 0 && report.written->trouble.empty();
  return report;
}

}  // namespace culvert::replay
