// From a ring into a file, a megabyte at a time.
#include "tools/replay/capture_writer.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fmt/format.h>
#include <rte_mbuf.h>

#include "tools/replay/arrival_time.hpp"
#include "tools/replay/failure.hpp"

namespace culvert::replay {

namespace {
constexpr size_t kWriteAtOnce = 1 << 20;
constexpr unsigned kWrittenAtOnce = 64;
// Between two looks at an empty ring, which holds what comes meanwhile. Each look takes a moment from a core that
// may be polling a port.
constexpr std::chrono::milliseconds kRest{2};
}  // namespace

CaptureWriter::CaptureWriter(std::string path, unsigned waiting, const TickClock& clock)
    : path_(std::move(path)),
      format_(format_of(path_)),
      clock_(clock),
      ring_(rte_ring_create("replay-writer", waiting, SOCKET_ID_ANY, RING_F_SC_DEQ)),
      file_(std::fopen(path_.c_str(), "wb")) {
  if (!file_) throw Failure(fmt::format("{} cannot be written: {}.", path_, std::strerror(errno)));
  if (!ring_ || !register_arrival_time()) {
    throw Failure("There is no memory for writing what is received.");
  }
  pending_ = file_header(format_);
  flush();
  thread_ = std::thread(&CaptureWriter::run, this);
}

CaptureWriter::~CaptureWriter() {
  if (thread_.joinable()) finish();
}

void CaptureWriter::finish() {
  stop_.store(true, std::memory_order_release);
  thread_.join();
  if (trouble_.empty() && std::fflush(file_.get()) != 0) {
    trouble_ = fmt::format("{} cannot be written: {}.", path_, std::strerror(errno));
  }
}

bool CaptureWriter::take_burst() {
  std::array<void*, kWrittenAtOnce> packets;
  const unsigned n = rte_ring_dequeue_burst(ring_.get(), packets.data(), kWrittenAtOnce, nullptr);
  for (unsigned i = 0; i < n; ++i) {
    auto* m = static_cast<rte_mbuf*>(packets[i]);
    append_packet(format_, pending_, clock_.time_of_day(arrival_time(m)), m);
    rte_pktmbuf_free(m);
  }
  pending_packets_ += n;
  return n != 0;
}

void CaptureWriter::flush() {
  if (trouble_.empty() &&
      std::fwrite(pending_.data(), 1, pending_.size(), file_.get()) == pending_.size()) {
    written_ += pending_packets_;
  } else if (trouble_.empty()) {
    trouble_ = fmt::format("{} cannot be written: {}.", path_, std::strerror(errno));
  }
  pending_.clear();
  pending_packets_ = 0;
}

void CaptureWriter::run() {
  for (;;) {
    // Asked before the ring: what a receiver put in before it stopped is then seen.
    const bool last = stop_.load(std::memory_order_acquire);
    const bool any = take_burst();
    if (pending_.size() >= kWriteAtOnce || (!any && !pending_.empty())) flush();
    if (any) continue;
    if (last) return;
    std::this_thread::sleep_for(kRest);
  }
}

}  // namespace culvert::replay
