// Hostile and slow clients on the crowd's port: who comes when, what they say, and when they have had enough.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "tools/culvert-delay/split_mix.hpp"
#include "tools/load/stranger_kind.hpp"
#include "tools/load/time.hpp"
#include "tools/replay/histogram.hpp"

namespace culvert::load {

// What a stranger does next; the caller does it on the wire.
enum class StrangerAct : uint8_t {
  call,      // opens a connection; called() tells which it became
  say,       // sends `bytes`
  hang_up,   // FIN
  reset,     // RST
  forsake,   // no frame more
  transmit,  // `bytes` are an IP packet
};
struct StrangerOrder {
  StrangerAct act{};
  uint32_t stranger = 0;
  std::vector<uint8_t> bytes{};
};

struct StrangerCount {
  uint64_t came = 0;
  uint64_t not_sent = 0;     // there was no connection for them, or the port took no more
  uint64_t opened = 0;       // of those with a connection
  uint64_t shown_out = 0;    // closed by the headend
  replay::Histogram stay{};  // of those: from when it was open, microseconds
};

struct StrangersConfig {
  StrangerRates rates{};
  dp::IpAddress headend{};
  uint16_t port = 443;
  std::vector<uint8_t> hello{};  // client_hello()
  Time patience = 45 * kSecond;  // then they go by themselves
  Time drip = kSecond / 2;       // between two bytes of slow ones
  uint64_t seed = 1;
};

class Strangers {
 public:
  Strangers(StrangersConfig config, Time start);

  // How many connections they have at the same time, at most, by rates and patience.
  [[nodiscard]] static uint32_t at_once(const StrangerRates& rates, Time patience) noexcept;

  // The next thing that is due; nullopt: nothing now.
  [[nodiscard]] std::optional<StrangerOrder> next(Time now);
  // To the order `call`: which connection it became; nullopt: none.
  void called(std::optional<uint32_t> stranger);
  void not_transmitted() noexcept;
  void opened(uint32_t stranger, Time now);
  void closed(uint32_t stranger, Time now);
  // No new ones come; those that are there go.
  void send_away(Time now);

  [[nodiscard]] const StrangerCount& count(StrangerKind kind) const noexcept {
    return counts_[static_cast<size_t>(kind)];
  }
  [[nodiscard]] size_t present() const noexcept { return present_.size(); }

 private:
  struct Stranger {
    StrangerKind kind{};
    bool open = false;
    Time opened_at = 0;
    size_t said = 0;  // bytes of the hello
  };
  // Something to do for a stranger, unless it has gone meanwhile or its number is another's.
  struct Due {
    Time at;
    uint32_t stranger;
    uint64_t call;
    bool goes;
  };
  struct Entry {
    Stranger stranger{};
    uint64_t call = 0;
  };

  [[nodiscard]] std::optional<StrangerOrder> arrival(Time now);
  [[nodiscard]] std::optional<StrangerOrder> doing(std::deque<Due>& line, Time now);
  [[nodiscard]] StrangerOrder packet_of(StrangerKind kind);
  [[nodiscard]] StrangerOrder first_words(uint32_t id, Entry& entry, Time now);
  [[nodiscard]] StrangerOrder farewell(uint32_t id);
  [[nodiscard]] StrangerCount& count_of(StrangerKind kind) noexcept {
    return counts_[static_cast<size_t>(kind)];
  }

  const StrangersConfig config_;
  delay::SplitMix64 chance_;
  Time start_;
  bool closing_ = false;
  std::array<StrangerCount, kStrangerKinds> counts_{};
  std::unordered_map<uint32_t, Entry> present_;
  // Each in order of time, since all wait equally long.
  std::deque<Due> speaks_, drips_, leaves_;
  uint64_t calls_ = 0;
  StrangerKind asked_{};  // whose call or packet the last order was
};

}  // namespace culvert::load
