// The client's life: log-in, tunnel, adapter, DTLS, and the reconnect that brings another MTU.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/culvert-client/adapter.hpp"
#include "tools/culvert-client/cstp.hpp"
#include "tools/culvert-client/dtls.hpp"
#include "tools/culvert-client/grant.hpp"
#include "tools/culvert-client/journal.hpp"
#include "tools/culvert-client/liveness.hpp"
#include "tools/culvert-client/options.hpp"
#include "tools/culvert-client/report.hpp"
#include "tools/culvert-client/tls.hpp"

namespace culvert::client {

class Client {
 public:
  Client(Options& options, Signals& signals, Journal& journal, Report& report);

  // Until a signal ends it. Throws Failure when there is no way on.
  void run();

 private:
  enum class Reason : uint8_t { first, new_mtu, lost, asked };
  static std::string_view name(Reason reason) noexcept;
  [[nodiscard]] bool as_anyconnect() const noexcept {
    return options_.behaviour == Behaviour::anyconnect;
  }

  // client.cpp: tunnel and adapter
  void log_in();
  void open_tunnel(Reason reason, Clock::time_point lost_at);
  void reconnect(Reason reason);
  void keep_trying(Reason reason, Clock::time_point lost_at);
  void leave(Wish wish);
  [[nodiscard]] std::vector<Route> routes() const;
  void put_up_adapter();
  void drain_adapter();

  // loop.cpp: what comes, and time
  void turn();
  void hear(Wish wish);
  [[nodiscard]] Clock::time_point next_deadline() const;
  // What calls for a new connection, if anything does.
  [[nodiscard]] std::optional<Reason> look_at_the_clock();
  void try_dtls();
  void give_up_dtls(const std::string& why);
  void move_dtls();
  void greet_by_dtls();

  // packets.cpp: frames and packets
  void read_tls();
  void read_dtls();
  void read_adapter();
  void take_packet(std::span<const uint8_t> packet);
  void end_by_headend(std::span<const uint8_t> payload);
  void send_tls(Frame type, std::span<const uint8_t> payload);
  void send_frame(std::span<const uint8_t> frame);
  void send_dtls(Frame type, std::span<const uint8_t> payload);
  void flush();

  Options& options_;
  Signals& signals_;
  Journal& journal_;
  Report& report_;
  Gateway gateway_;
  control::SecretText cookie_;
  std::unique_ptr<TlsStream> tls_;
  std::unique_ptr<DtlsTunnel> dtls_;
  std::unique_ptr<Adapter> adapter_;
  std::vector<Route> routes_;
  Grant grant_;
  Clock::time_point start_{};
  // Without DTLS at this time the TLS MTU has to be applied.
  std::optional<Clock::time_point> minute_over_;
  std::optional<Clock::time_point> next_dtls_try_;
  // The headend sends by DTLS only to a client that it has heard there, and the first words may meet
  // a headend that is not through with the handshake: they are repeated until there is an answer.
  std::optional<Clock::time_point> next_greeting_;
  bool tls_mtu_applies_ = false;
  bool dtls_was_up_ = false;       // of the present one
  bool dropped_for_size_ = false;  // since the adapter has the MTU that it has
  Liveness tls_alive_, dtls_alive_;
  std::deque<std::vector<uint8_t>> outbox_;  // frames that TLS had no room for
  std::vector<uint8_t> room_ = std::vector<uint8_t>(kCstpHeader + kLargestRecord);
};

}  // namespace culvert::client
