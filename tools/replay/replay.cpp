// One run of traffic, from what was prepared to the report.
#include "tools/replay/replay.hpp"

#include <random>

#include "tools/link_wait.hpp"
#include "tools/replay/capture_writer.hpp"
#include "tools/replay/preparation.hpp"
#include "tools/replay/queues.hpp"
#include "tools/replay/traffic_run.hpp"

namespace culvert::replay {

namespace {

constexpr unsigned kWaitingToBeWritten = 16384;  // packets; a power of two

// Which sender's packets are whose, for receivers.
uint32_t stream_name(uint32_t process, size_t sender) {
  return process << 8 | static_cast<uint32_t>(sender & 0xff);
}

// The recording that a part plays, dealt to the queues of its port.
void add_senders(const Options& options, const dp::Port& port, Part& part, uint64_t origin_ns,
                 const TickClock& clock, rte_mempool* copies, TrafficRun& run) {
  Recording& recording = part.recording;
  const Timetable table =
      make_timetable(options.pace, recording.recorded, origin_ns, clock.ticks_per_second());
  part.out_of_order = table.out_of_order;
  part.shortened_gaps = table.shortened_gaps;
  part.filling = filling_of(recording.recorded);
  static const uint32_t process = std::random_device{}();
  std::vector<SenderConfig> configs = deal(recording, table, port, 0);
  part.first_sender = run.senders().size();
  part.senders = configs.size();
  for (SenderConfig& config : configs) {
    config.rounds = options.loops;
    config.burst = options.burst;
    if (options.track) config.stream = stream_name(process, run.senders().size());
    config.copies = copies;
    run.add(std::make_unique<Sender>(std::move(config)));
  }
  recording = {};  // the senders have it
}

void add_receivers(const Options& options, const dp::Port& port, CaptureWriter* writer,
                   TrafficRun& run) {
  for (uint16_t q = 0; q < port.rx_queues(); ++q) {
    run.add(std::make_unique<Receiver>(
        ReceiverConfig{.port = port.id(),
                       .queue = q,
                       .marks = options.track,
                       .writer = writer == nullptr ? nullptr : writer->ring()}));
  }
}

}  // namespace

Report replay(const Options& options, const std::atomic<bool>& interrupted) {
  TickClock clock;
  Progress progress(options.progress);
  Prepared prepared(options, progress, interrupted);
  std::vector<Part>& parts = prepared.parts;
  PortSet& ports = *prepared.ports;
  clock.calibrate();

  std::unique_ptr<CaptureWriter> writer;
  if (!options.write.empty()) {
    writer = std::make_unique<CaptureWriter>(options.write, kWaitingToBeWritten, clock);
  }
  TrafficRun run(clock,
                 {.seconds = options.seconds, .count = options.count, .idle_s = options.idle_s},
                 interrupted);
  const uint64_t earliest_ns = earliest(parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    const uint64_t origin_ns = options.common_time ? earliest_ns : parts[i].found.first_ns;
    add_senders(options, *ports.sending()[i], parts[i], origin_ns, clock, ports.copies(), run);
  }
  for (const dp::Port* port : ports.receiving())
    add_receivers(options, *port, writer.get(), run);

  ports.start();
  wait_for_links(ports.sending(), options.link_wait_s, [&] { return interrupted.load(); });
  const std::string end = run.run(prepared.workers, progress);
  linger(ports, options.linger_s, interrupted);
  if (writer) writer->finish();
  Report report = gather({options, parts, ports, clock, run, writer.get()});
  report.end = end;
  ports.stop();
  return report;
}

}  // namespace culvert::replay
