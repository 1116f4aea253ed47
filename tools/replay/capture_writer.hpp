// Writes received packets to a file, on a thread of its own, so that no receiving core waits for a disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include <rte_ring.h>

#include "tools/replay/capture_format.hpp"
#include "tools/replay/tick_clock.hpp"

namespace culvert::replay {

class CaptureWriter {
 public:
  // `waiting`: how many packets may wait to be written; a power of two. The clock must be calibrated, and
  // live longer. Throws Failure if the file cannot be made.
  CaptureWriter(std::string path, unsigned waiting, const TickClock& clock);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  // Any number of receivers may put packets in, with their arrival_time(); they are the writer's then.
  [[nodiscard]] rte_ring* ring() noexcept { return ring_.get(); }
  // Writes what still waits, and ends. After the last receiver has stopped.
  void finish();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] uint64_t written() const noexcept { return written_; }  // after finish()
  // Why the file is not whole; empty if it is. After finish().
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  struct FreeRing {
    void operator()(rte_ring* r) const noexcept { rte_ring_free(r); }
  };
  struct CloseFile {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  void run();
  [[nodiscard]] bool take_burst();
  void flush();

  std::string path_;
  CaptureFormat format_;
  const TickClock& clock_;
  std::unique_ptr<rte_ring, FreeRing> ring_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string pending_;
  uint64_t pending_packets_ = 0, written_ = 0;
  std::string trouble_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace culvert::replay
