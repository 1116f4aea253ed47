// Slow readers over time: they come with the hold, ask for echoes, stop reading once the first has come, and leave at
// the end if the headend has kept them until then. It knows neither packets nor clocks.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tools/load/reasons.hpp"
#include "tools/load/slow_reader_kind.hpp"
#include "tools/load/time.hpp"
#include "tools/replay/histogram.hpp"

namespace culvert::load {

enum class SlowAct : uint8_t {
  log_in,  // without DTLS, with the kind's receive buffer
  ask,     // for an echo: asked() if the request could be sent
  stop,    // what comes from now on is left where it is
  read,    // but for what is there now
  leave,   // with a word
};
struct SlowOrder {
  SlowAct act{};
  uint32_t reader = 0;
};

// Of one kind. Whose log-in worked is `up`; who has read an echo, and then begun to read badly, is `slow`.
struct SlowReaderCount {
  uint64_t wanted = 0, up = 0, refused = 0, slow = 0;
  uint64_t shown_out = 0;              // of the slow ones: the headend ended their session
  uint64_t kept = 0;                   // ... or had it still when they left
  Reasons ends{};                      // why log-ins were refused and sessions ended by the headend
  uint64_t requests = 0, answers = 0;  // echoes asked for and read
  uint64_t damaged = 0, foreign = 0;   // other packets that they read
  replay::Histogram stay{};            // of the slow ones: until one or the other, microseconds
};

struct SlowReadersConfig {
  SlowReaderNumbers numbers{};
  Time ask_every = kSecond / 100;  // each of them
  Time asks_on = 2 * kSecond;      // after it stopped reading, who hangs
  Time read_every = kSecond;       // of a trickle
  uint32_t at_once = 16;           // log-ins on their way
};

class SlowReaders {
 public:
  explicit SlowReaders(const SlowReadersConfig& config);

  [[nodiscard]] uint32_t size() const noexcept { return static_cast<uint32_t>(readers_.size()); }
  [[nodiscard]] SlowReaderKind kind(uint32_t reader) const noexcept {
    return readers_[reader].kind;
  }

  // From now on they come.
  void begin() noexcept { begun_ = true; }
  // No new ones come; those that are there leave.
  void send_away();
  // The next thing that is due; nullopt: nothing now.
  [[nodiscard]] std::optional<SlowOrder> next(Time now);

  // What came of it.
  void came_up(uint32_t reader, Time now);
  void refused(uint32_t reader, const std::string& why);
  void asked(uint32_t reader) noexcept { ++count_of(reader).requests; }
  void answered(uint32_t reader, Time now);
  void got_damaged(uint32_t reader) noexcept { ++count_of(reader).damaged; }
  void got_foreign(uint32_t reader) noexcept { ++count_of(reader).foreign; }
  // The headend ended the session.
  void ended(uint32_t reader, const std::string& why, Time now);

  [[nodiscard]] const SlowReaderCount& count(SlowReaderKind kind) const noexcept {
    return counts_[static_cast<size_t>(kind)];
  }

 private:
  enum class State : uint8_t { out, on_its_way, up, slow, gone };
  struct Reader {
    SlowReaderKind kind{};
    State state = State::out;
    Time slow_since = 0;
  };
  struct Due {
    Time at;
    uint32_t reader;
  };

  [[nodiscard]] std::optional<SlowOrder> next_log_in();
  [[nodiscard]] std::optional<SlowOrder> next_leaver(Time now);
  [[nodiscard]] std::optional<SlowOrder> next_read(Time now);
  [[nodiscard]] std::optional<SlowOrder> next_question(Time now);
  [[nodiscard]] bool asks(const Reader& reader, Time now) const noexcept;
  [[nodiscard]] SlowReaderCount& count_of(uint32_t reader) noexcept {
    return counts_[static_cast<size_t>(readers_[reader].kind)];
  }

  const SlowReadersConfig config_;
  std::array<SlowReaderCount, kSlowReaderKinds> counts_{};
  std::vector<Reader> readers_;
  std::deque<uint32_t> stops_;
  // Each in order of time, since all wait equally long.
  std::deque<Due> asks_, reads_;
  uint32_t came_ = 0;  // of readers_, the first so many
  uint32_t on_their_way_ = 0, left_ = 0;
  bool begun_ = false, closing_ = false;
};

}  // namespace culvert::load
