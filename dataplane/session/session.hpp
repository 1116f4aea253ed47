// A session as the workers see it: its inner addresses, and the tunnel that reaches its client at this
// moment. Written by control only, read by all workers; freed after a QSBR grace period.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

// Which tunnel carries packets to the client, and the largest inner packet it takes. One word, so
// that a worker reads both in one step and never checks a packet against the MTU of the other
// channel.
class Channel {
 public:
  enum class Kind : uint8_t { none, tls, dtls };

  constexpr Channel() = default;
  constexpr Channel(Kind kind, ConnId conn, uint16_t mtu) noexcept
      : word_((uint64_t{static_cast<uint8_t>(kind)} << 62) | (uint64_t{conn.worker & 0x3fu} << 56) |
              (uint64_t{conn.slot & 0xffffffu} << 32) |
              (uint64_t{conn.generation & 0xffffu} << 16) | mtu) {}
  explicit constexpr Channel(uint64_t word) noexcept : word_(word) {}

  [[nodiscard]] constexpr uint64_t word() const noexcept { return word_; }
  [[nodiscard]] constexpr Kind kind() const noexcept { return static_cast<Kind>(word_ >> 62); }
  [[nodiscard]] constexpr uint8_t worker() const noexcept {
    return static_cast<uint8_t>((word_ >> 56) & 0x3f);
  }
  [[nodiscard]] constexpr uint32_t slot() const noexcept {
    return static_cast<uint32_t>((word_ >> 32) & 0xffffff);
  }
  // Low 16 bits of the connection's generation: enough to notice a slot that was used again.
  [[nodiscard]] constexpr uint16_t generation() const noexcept {
    return static_cast<uint16_t>(word_ >> 16);
  }
  [[nodiscard]] constexpr uint16_t mtu() const noexcept {
    return static_cast<uint16_t>(word_);
  }  // bytes, inner IP packet

 private:
  uint64_t word_ = 0;
};

inline constexpr unsigned kMaxWorkers = 64;

struct alignas(64) Session {
  std::atomic<uint64_t> channel{0};  // a Channel
  InnerAddresses inner;              // the addresses given to the client
  uint32_t index = 0;                // the ASA's "Index"; 0 is never used
  uint8_t home = 0;  // worker that does everything on the way down up to the choice of channel
  // Both as the group policy said when the client's last tunnel was made.
  std::atomic<bool> df_bit_ignore{false};  // `anyconnect ssl df-bit-ignore enable`
  // `anyconnect dtls-fallback smart`: bytes that the client's adapter takes, as far as control can
  // tell; 0: the policy does not say so.
  std::atomic<uint16_t> adapter_mtu{0};

  // Bytes of the largest packet that `through` and the client's adapter both take.
  [[nodiscard]] uint16_t mtu(const Channel& through) const noexcept {
    const uint16_t adapter = adapter_mtu.load(std::memory_order_relaxed);
    return adapter == 0 ? through.mtu() : std::min(adapter, through.mtu());
  }
  [[nodiscard]] Channel current_channel() const noexcept {
    return Channel(channel.load(std::memory_order_acquire));
  }
};

}  // namespace culvert::dp
