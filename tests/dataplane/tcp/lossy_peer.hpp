// A small TCP of the tests' own, active side, and a wire that loses, doubles and reorders: the
// other end of the loss matrix.
#pragma once

#include <map>
#include <random>

#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {

struct Weather {
  uint32_t loss = 0;       // per mille, each way
  uint32_t duplicate = 0;  // per mille
  uint32_t reorder = 0;    // per mille: delayed by up to 30 ms more
  bool sack = true;
  bool timestamps = true;
  uint32_t receive_window = 60'000;  // of the peer
  uint16_t mss = 1000;
};

// Sends `up` and expects `down`; go-back-N with a fixed timeout, selective on receipt. Its
// simplicity is the point.
class LossyPeer {
 public:
  LossyPeer(Wire& on, const Weather& weather, uint32_t seed, std::string up);
  // Lets the time pass until both streams and both FINs are through, or `limit` is over. The
  // endpoint sends `down`.
  bool run(const std::string& down, Time limit);
  std::string got;        // what came down
  std::string delivered;  // what came up, as the endpoint's reader saw it

 private:
  struct InFlight {
    Time at = 0;
    uint64_t order = 0;
    bool to_endpoint = false;
    Given given{};
    Sent sent{};
    friend bool operator<(const InFlight& a, const InFlight& b) {
      return a.at != b.at ? a.at < b.at : a.order < b.order;
    }
  };
  bool happens(uint32_t per_mille) { return random_() % 1000 < per_mille; }
  void to_endpoint(const Given& given);
  void to_peer(const Sent& sent);
  void launch(const InFlight& packet);
  void on_segment(const Sent& s);
  void send_syn();
  void send_data();
  void send_ack();
  std::vector<uint8_t> options();
  [[nodiscard]] Seq next_expected() const {
    return iss_ + 1 + static_cast<uint32_t>(got.size()) + (fin_seen_ ? 1 : 0);
  }

  Wire& wire_;
  Weather weather_;
  std::mt19937 random_;
  std::string up_;
  std::multimap<InFlight, int> air_;
  uint64_t order_ = 0;
  std::map<uint32_t, std::string> waiting_;  // out of order, by offset
  Seq isn_;
  Seq iss_;
  bool open_ = false;
  bool fin_seen_ = false;
  bool up_done_ = false;     // our FIN is acknowledged
  int64_t fin_offset_ = -1;  // of the endpoint's stream
  uint32_t acked_ = 0;       // of our stream
  uint32_t next_ = 0;
  uint32_t edge_ = 0;  // right edge of the endpoint's window, in our stream
  uint8_t scale_ = 0;
  Time retransmit_at_ = 0;
  uint32_t ts_echo_ = 0;
};

}  // namespace culvert::tcp::test
