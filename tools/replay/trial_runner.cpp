// Senders and receivers made anew for each trial, on ports that stay.
#include "tools/replay/trial_runner.hpp"

#include <cmath>
#include <random>

#include "dataplane/port/port.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/timetable.hpp"
#include "tools/replay/traffic_run.hpp"

namespace culvert::replay {

namespace {

// Streams of a trial, so that a packet which comes late is not taken for one of the next.
uint32_t stream_name(uint32_t trial, size_t sender) {
  static const uint32_t process = std::random_device{}() << 16;
  return process | (trial & 0xff) << 8 | static_cast<uint32_t>(sender & 0xff);
}

struct Dealt {
  std::vector<SenderConfig> configs;
  uint64_t packets = 0;  // 0: no limit
};

// A recording dealt to its port's queues, each with its share of the packets of that rate and time.
Dealt deal(const Source& source, double rate, double seconds, const TickClock& clock) {
  const Recording& recording = *source.recording;
  const bool paced = std::isfinite(rate);
  const Pace pace{.kind = paced ? PaceKind::packets_per_second : PaceKind::unlimited,
                  .value = paced ? rate : 1};
  const Timetable table = make_timetable(pace, recording.recorded, 0, clock.ticks_per_second());
  const size_t queues = source.port->tx_queues();
  Dealt dealt{.configs = std::vector<SenderConfig>(queues)};
  if (paced) dealt.packets = packets_for(rate, seconds);
  const uint64_t round = recording.packets.size();
  for (uint64_t i = 0; i < round; ++i) {
    SenderConfig& config = dealt.configs[queues == 1 ? 0 : recording.flows[i] % queues];
    config.packets.push_back(recording.packets[i]);
    if (!table.due.empty()) config.due.push_back(table.due[i]);
    config.limit += dealt.packets / round + (i < dealt.packets % round ? 1 : 0);
  }
  for (size_t q = 0; q < queues; ++q) {
    SenderConfig& config = dealt.configs[q];
    config.port = source.port->id();
    config.queue = static_cast<uint16_t>(q);
    config.period = table.period;
    config.rounds = 0;
    config.deadline =
        static_cast<uint64_t>((seconds + (paced ? kGrace_s : 0)) * clock.ticks_per_second());
  }
  // A queue without a share would go on for ever.
  if (paced) std::erase_if(dealt.configs, [](const SenderConfig& c) { return c.limit == 0; });
  return dealt;
}

}  // namespace

TrialRunner::TrialRunner(Wire wire, unsigned workers, const TickClock& clock, Progress& progress,
                         const std::atomic<bool>& interrupted)
    : wire_(std::move(wire)),
      workers_(workers),
      clock_(clock),
      progress_(progress),
      interrupted_(interrupted) {}

TrialRecord TrialRunner::run(double rate, double seconds) {
  TrafficRun traffic(clock_, {}, interrupted_);
  TrialRecord record{.rate = rate, .seconds = seconds};
  const uint32_t trial = trials_++;
  for (const Source& source : wire_.from) {
    Dealt dealt = deal(source, rate, seconds, clock_);
    record.expected += dealt.packets;
    for (SenderConfig& config : dealt.configs) {
      config.burst = wire_.burst;
      config.stream = stream_name(trial, traffic.senders().size());
      config.copies = wire_.copies;
      traffic.add(std::make_unique<Sender>(std::move(config)));
    }
  }
  for (const dp::Port* port : wire_.to) {
    for (uint16_t q = 0; q < port->rx_queues(); ++q)
      traffic.add(std::make_unique<Receiver>(ReceiverConfig{
          .port = port->id(), .queue = q, .marks = true, .prefix = stream_name(trial, 0) >> 8}));
  }
  const uint64_t missed_before = missed_by(wire_.to);
  traffic.run(workers_, progress_);
  if (interrupted_.load()) throw Failure("Interrupted in the middle of a trial.");
  record.missed = missed_by(wire_.to) - missed_before;

  Histogram late, latency;
  TickSpan span;
  for (const auto& sender : traffic.senders()) {
    record.sent += sender->counters().packets.load();
    late.add(sender->lateness());
    span.add(sender->first_tick(), sender->last_tick());
  }
  if (!std::isfinite(rate)) record.expected = record.sent;
  record.sent_seconds = clock_.seconds(span.ticks());
  for (const auto& receiver : traffic.receivers()) {
    latency.add(receiver->latency());
    for (const auto& stream : receiver->streams()) {
      const Sequence& sequence = stream->sequence;
      if (sequence.arrived() == 0) continue;
      record.arrived += sequence.arrived() - sequence.duplicates();
      record.duplicates += sequence.duplicates();
      record.reordered += sequence.reordered();
    }
  }
  record.latency = distribution(latency, clock_);
  record.lateness = distribution(late, clock_);
  return record;
}

}  // namespace culvert::replay
