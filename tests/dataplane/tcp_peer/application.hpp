// What uses the endpoint: one mode for all connections, events in, lines of JSON out.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "dataplane/tcp/endpoint.hpp"
#include "tests/dataplane/tcp_peer/options.hpp"
#include "tests/dataplane/tcp_peer/pattern.hpp"

namespace culvert::tcp_peer {

class Application {
 public:
  Application(Mode mode, uint64_t bytes, tcp::Endpoint& endpoint) noexcept
      : mode_(mode), to_send_(bytes), endpoint_(endpoint), reading_(mode != Mode::hold) {}

  // All events since the last call; true if there were any.
  bool serve(tcp::Time now);
  // For mode hold: reads from now on.
  void start_reading(tcp::Time now);
  // Connections that the endpoint still reports on.
  [[nodiscard]] size_t open() const noexcept { return streams_.size(); }

 private:
  struct Stream {
    dp::ConnId conn;
    uint64_t in = 0;
    uint64_t out = 0;
    int64_t mismatch_at = -1;
    bool peer_closed = false;
    bool shut = false;
    bool starved = false;  // there was room, but no packet buffer
  };

  void on_event(const tcp::Event& event, tcp::Time now);
  void advance(Stream& stream, tcp::Time now);
  void finish_if_done(Stream& stream);
  void check(Stream& stream, std::span<const uint8_t> bytes) noexcept;
  void read(Stream& stream);
  void send_back(Stream& stream);
  void send_pattern(Stream& stream);
  void closed(Stream& stream);

  const Mode mode_;
  const uint64_t to_send_;
  tcp::Endpoint& endpoint_;
  bool reading_;
  const Pattern pattern_;
  std::unordered_map<uint32_t, Stream> streams_;  // by slot
};

// Prints one line and flushes it.
void report_line(const std::string& json);

}  // namespace culvert::tcp_peer
