// Endpoints joined by links on a virtual clock. Same seed, same run.
//
// Packets are those that the endpoints build and read, checksums and all; port.hpp stands for the
// network card.
#pragma once

#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "tests/dataplane/tcp/network/link.hpp"

namespace culvert::tcp::test {

class Network;

// What sits above an endpoint.
class Host {
 public:
  Host(Network& network, uint32_t index, const EndpointConfig& config, const Offload& offload);
  Endpoint& endpoint() { return *endpoint_; }
  const dp::DropCounters& drops() const { return drops_; }
  [[nodiscard]] dp::IpAddress address() const;
  [[nodiscard]] uint32_t most_buffers() const { return most_buffers_; }

 private:
  friend class Network;
  static void flush(void* self, dp::Batch& batch);

  Network& network_;
  uint32_t index_;
  dp::DropCounters drops_;
  std::unique_ptr<Endpoint> endpoint_;
  uint32_t most_buffers_ = 0;     // that its queues have held
  std::vector<rte_mbuf*> burst_;  // what has come at this moment
};

// The applications. `serve` is called for a host after its endpoint has been polled; true if it did
// something that wants another poll().
class Application {
 public:
  virtual ~Application() = default;
  virtual bool serve(Host& host, Time now) = 0;
  // When it wants to be served though nothing has come; ~0: never.
  [[nodiscard]] virtual Time wakes() const = 0;
  // Every packet as it leaves a host and as it arrives at one.
  virtual void on_departure(const Host&, const rte_mbuf*, Time) {}
  virtual void on_arrival(const Host&, const rte_mbuf*, Time) {}
};

class Network {
 public:
  Network(rte_mempool* pool, uint64_t seed) : pool_(pool), dice_(seed) {}
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // 255 hosts at most. The endpoint listens on its address, port 443.
  Host& add_host(EndpointConfig config, const Offload& offload = {});
  Link& add_link(const LinkConfig& config);
  // What `from` sends to `to` takes these links.
  void route(const Host& from, const Host& to, std::vector<Link*> links);
  // The usual case: one link each way.
  void join(const Host& a, const Host& b, const LinkConfig& there, const LinkConfig& back);
  void attach(Application& application) { application_ = &application; }

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] rte_mempool* pool() const { return pool_; }
  // Lets the next thing happen, unless it is after `limit`; then, or if there is nothing, the clock goes there
  // and it is false.
  bool step(Time limit);
  void run_until(Time limit) {
    while (step(limit)) {
    }
  }

 private:
  friend class Host;
  struct Route {
    uint32_t from = 0;
    uint32_t to = 0;
    std::vector<Link*> links;
  };
  struct Arrival {
    Time at = 0;
    uint64_t order = 0;
    rte_mbuf* packet = nullptr;
    uint32_t route = 0;
    uint32_t hop = 0;  // that it has behind it
    friend bool operator>(const Arrival& a, const Arrival& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  void depart(const Host& from, rte_mbuf* m);
  void carry(rte_mbuf* m, uint32_t route, uint32_t hop);
  void arrive(const Arrival& arrival);
  void serve(Host& host);

  rte_mempool* pool_;
  Dice dice_;
  Time now_ = 10'000'000;
  uint64_t order_ = 0;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Route> routes_;
  std::vector<rte_mbuf*> on_wire_;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> air_;
  Application* application_ = nullptr;
};

}  // namespace culvert::tcp::test
