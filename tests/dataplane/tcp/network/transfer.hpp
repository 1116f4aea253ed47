// Connections over a Network whose every byte is known: each side sends a stream of its own, reads the other's,
// compares it, and closes.
#pragma once

#include <cstdio>
#include <optional>

#include "dataplane/tcp/seq.hpp"
#include "tests/dataplane/tcp/network/network.hpp"

namespace culvert::tcp::test {

struct TransferConfig {
  uint64_t up = 0;  // bytes from the side that connects to the one that listens
  uint64_t down = 0;
  Time starts = 0;          // after the beginning
  uint32_t writes = 4'000;  // bytes that are queued at a time, at most
  // How a slow reader reads: at most so many bytes, then a pause.
  uint32_t reads = UINT32_MAX;
  Time read_pause = 0;
};

// What one side has done and seen.
struct Side {
  dp::ConnId conn;
  uint64_t size = 0;      // bytes that it sends
  uint64_t queued = 0;    // of them
  uint64_t received = 0;  // bytes of the other side's stream
  bool shut = false;
  bool peer_closed = false;
  bool hurries = false;  // the connection is closed, so all that is left is read
  bool over = false;     // the connection is closed and released
  Time finished = 0;     // when the last byte of the other side's stream, and its FIN, had come
  Time reads_again = 0;
};

struct Transfer {
  TransferConfig config;
  Host* client = nullptr;
  Host* server = nullptr;
  dp::Flow flow;  // as the client sees it
  bool started = false;
  Side up;    // the client's side
  Side down;  // the server's
  // Round trips as the client's network card would see them.
  uint64_t rtt_samples = 0;
  uint64_t rtt_sum = 0;
  Time rtt_most = 0;
  std::optional<Seq> timed;  // end of the segment that is being timed
  Time timed_at = 0;
  std::optional<Seq> highest;

  [[nodiscard]] bool over() const { return up.over && down.over; }
  [[nodiscard]] Time mean_rtt() const { return rtt_samples == 0 ? 0 : rtt_sum / rtt_samples; }
};

class Transfers : public Application {
 public:
  explicit Transfers(Network& network) : network_(network), start_(network.now()) {
    network.attach(*this);
  }
  // The reference is good until the next add().
  Transfer& add(Host& client, Host& server, const TransferConfig& config);
  [[nodiscard]] const Transfer& operator[](size_t i) const { return all_[i]; }
  [[nodiscard]] size_t size() const { return all_.size(); }
  // Lets the time pass until every transfer is over; false if one is not after `limit`, or something is wrong.
  bool run(Time limit);
  // Empty, or the first thing that was not as it has to be: a wrong byte, a connection that ended otherwise.
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  // Every segment is written there, as it leaves and as it comes.
  void trace(std::FILE* to) { trace_ = to; }
  // How far each has come.
  [[nodiscard]] std::string progress() const;

  bool serve(Host& host, Time now) override;
  [[nodiscard]] Time wakes() const override { return wakes_; }
  void on_departure(const Host& host, const rte_mbuf* m, Time now) override;
  void on_arrival(const Host& host, const rte_mbuf* m, Time now) override;

 private:
  [[nodiscard]] Transfer* find(uint16_t client_port);
  void on_event(Host& host, const Event& event, Time now);
  bool start_due(Host& host, Time now);
  bool read(Host& host, Transfer& t, Side& side, Time now);
  bool write(Host& host, Transfer& t, Side& side);
  void end(Host& host, Transfer& t, Side& side);
  void complain(const Transfer& t, const std::string& what);
  void wake_at(Time when) { wakes_ = std::min(wakes_, when); }
  void look_ahead(Time now);
  void note(const Host& host, const rte_mbuf* m, Time now, bool leaves) const;

  Network& network_;
  const Time start_;
  std::vector<Transfer> all_;
  size_t over_ = 0;
  Time wakes_ = ~Time{0};
  std::string wrong_;
  std::FILE* trace_ = nullptr;
};

}  // namespace culvert::tcp::test
