// One capture, packet by packet, as libpcap reads it: pcap and pcapng, compressed ones not.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <pcap/pcap.h>

namespace culvert::replay {

struct CapturedPacket {
  uint64_t time_ns = 0;              // since 1970
  std::span<const uint8_t> bytes{};  // until the next packet is read
  uint32_t wire_size = 0;            // what the packet had before it was cut to the snap length

  [[nodiscard]] bool truncated() const noexcept { return bytes.size() < wire_size; }
};

class CaptureFile {
 public:
  // Throws Failure (ExitStatus::refused) if it is no capture, or not of Ethernet frames, with a sentence
  // that names it; ExitStatus::command_line for a filter (pcap-filter(7); empty: everything) that does
  // not compile.
  CaptureFile(std::string path, const std::string& filter);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // False at the end, or where the file is damaged: damage() tells which.
  [[nodiscard]] bool next(CapturedPacket& packet);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // A sentence; empty while nothing is wrong.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }
  // Packets that the filter did not let through so far.
  [[nodiscard]] uint64_t filtered() const noexcept { return filtered_; }
  // How much of the file is behind, 0 to 1.
  [[nodiscard]] double progress() const noexcept;

 private:
  struct Close {
    void operator()(pcap_t* p) const noexcept { pcap_close(p); }
  };
  void open();
  void compile(const std::string& filter);

  std::string path_;
  std::unique_ptr<pcap_t, Close> file_;
  bpf_program filter_{};
  bool has_filter_ = false;
  std::string damage_;
  uint64_t packets_ = 0;
  uint64_t filtered_ = 0;
  uint64_t size_ = 0;  // bytes
};

}  // namespace culvert::replay
