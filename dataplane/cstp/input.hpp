// TCP bytes to inner packets.
#pragma once

#include <array>

#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

// Records gathered from many connections, opened in one burst.
class OpenBurst {
 public:
  explicit OpenBurst(Context& c) noexcept : c_(c) {}

  // Takes every whole record that waits on the connection. Packets that came up go to `up`, with
  // meta.conn naming their tunnel and the inner IP header first.
  void gather(Tunnel& t, const dp::BatchSink& up, Time now) noexcept;
  // Opens what was gathered and deals with it. Always call it before TCP runs again.
  void finish(const dp::BatchSink& up, Time now) noexcept;

 private:
  struct Entry {
    rte_mbuf* packet;  // holds, or receives, the record
    uint32_t slot;
    uint32_t
        consume;  // bytes of the stream to give back after opening; 0 if the buffer was taken out
    bool held;    // waits for new keys
  };
  void hold(Tunnel& t, Entry& entry) noexcept;
  void put_back() noexcept;
  bool add_record(Tunnel& t, uint32_t offset, uint32_t size) noexcept;
  void open_large(Tunnel& t, uint32_t size, const dp::BatchSink& up, Time now) noexcept;

  Context& c_;
  uint32_t count_ = 0;
  std::array<crypto::record::OpenOp, dp::kBurst> ops_;
  std::array<Entry, dp::kBurst> entries_;
};

}  // namespace culvert::cstp
