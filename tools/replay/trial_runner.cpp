// Senders and receivers made anew for each trial, on ports that stay.
#include "tools/replay/trial_runner.hpp"

#include <cmath>
#include <random>

#include "dataplane/port/port.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/queues.hpp"
#include "tools/replay/timetable.hpp"
#include "tools/replay/traffic_run.hpp"

namespace culvert::replay {

namespace {

// Streams of a trial, so that a packet which comes late is not taken for one of the next.
uint32_t stream_of_trial(uint32_t trial, size_t sender) {
  static const uint32_t process = std::random_device{}() << 16;
  return process | (trial & 0xff) << 8 | static_cast<uint32_t>(sender & 0xff);
}

// For the queues of a port: those that have a share of the packets of that rate and time.
std::vector<SenderConfig> senders_for(const Source& source, double rate, double seconds,
                                      const TickClock& clock) {
  const Recording& recording = *source.recording;
  const bool paced = std::isfinite(rate);
  const Pace pace{.kind = paced ? PaceKind::packets_per_second : PaceKind::unlimited,
                  .value = paced ? rate : 1};
  const Timetable table = make_timetable(pace, recording.recorded, 0, clock.ticks_per_second());
  std::vector<SenderConfig> configs =
      deal(recording, table, *source.port, paced ? packets_for(rate, seconds) : 0);
  for (SenderConfig& config : configs) {
    config.rounds = 0;
    config.deadline =
        static_cast<uint64_t>((seconds + (paced ? kGraceSeconds : 0)) * clock.ticks_per_second());
  }
  // A queue without a share would go on for ever.
  if (paced) std::erase_if(configs, [](const SenderConfig& c) { return c.limit == 0; });
  return configs;
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
    for (SenderConfig& config : senders_for(source, rate, seconds, clock_)) {
      record.expected += config.limit;
      config.burst = wire_.burst;
      config.stream = stream_of_trial(trial, traffic.senders().size());
      config.copies = wire_.copies;
      traffic.add(std::make_unique<Sender>(std::move(config)));
    }
  }
  for (const dp::Port* port : wire_.to) {
    for (uint16_t q = 0; q < port->rx_queues(); ++q)
      traffic.add(
          std::make_unique<Receiver>(ReceiverConfig{.port = port->id(),
                                                    .queue = q,
                                                    .marks = true,
                                                    .prefix = stream_of_trial(trial, 0) >> 8}));
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
