// Runs on a worker of DPDK's: why they end, though others send to the same port, or a port takes nothing.
#include "tools/replay/traffic_run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <rte_dev.h>

#include "dataplane/eal.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/port/port.hpp"
#include "tools/replay/mark.hpp"

namespace culvert::replay {
namespace {

class Run : public testing::Test {
 protected:
  static constexpr unsigned kBuffers = 32767;  // more than rings hold

  void SetUp() override {
    static int devices = 0;
    device_ = "net_ring" + std::to_string(devices++);
    ASSERT_EQ(rte_eal_hotplug_add("vdev", device_.c_str(), ""), 0);
    pool_ = dp::make_packet_pool("run", kBuffers, 1500, dp::BufferLayout::within_pages);
    port_ = std::make_unique<dp::Port>(device_);
    port_->configure({.pool = pool_.get(), .verbatim = true});
    port_->start();
    clock_.calibrate();
  }
  void TearDown() override {
    drain();
    port_.reset();
    rte_eal_hotplug_remove("vdev", device_.c_str());
  }

  rte_mbuf* frame() {
    rte_mbuf* m = rte_pktmbuf_alloc(pool_.get());
    std::fill_n(rte_pktmbuf_append(m, 100), 100, 'x');
    return m;
  }
  void drain() {
    std::array<rte_mbuf*, 64> packets;
    while (const uint16_t n = rte_eth_rx_burst(port_->id(), 0, packets.data(), 64))
      rte_pktmbuf_free_bulk(packets.data(), n);
  }
  std::unique_ptr<Sender> sender(uint64_t rounds, bool marks) {
    SenderConfig config;
    config.port = port_->id();
    config.packets = {frame(), frame()};
    config.rounds = rounds;
    if (marks) config.stream = 5;
    config.copies = pool_.get();
    return std::make_unique<Sender>(std::move(config));
  }
  std::unique_ptr<Receiver> receiver(bool marks) {
    return std::make_unique<Receiver>(ReceiverConfig{.port = port_->id(), .marks = marks});
  }
  // The run's seconds, if somebody else sends to the port from when everything is sent until it ends.
  double with_strangers(TrafficRun& run, std::string& why) {
    std::atomic<bool> over{false};
    std::thread stranger([&] {
      while (!over.load()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (run.packets_sent() < 20) continue;
        rte_mbuf* m = frame();
        if (rte_eth_tx_burst(port_->id(), 0, &m, 1) == 0) rte_pktmbuf_free(m);
      }
    });
    const auto began = std::chrono::steady_clock::now();
    why = run.run(1, progress_);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    over.store(true);
    stranger.join();
    return took.count();
  }

  std::string device_;
  dp::PacketPool pool_;
  std::unique_ptr<dp::Port> port_;
  TickClock clock_;
  Progress progress_{false};
  std::atomic<bool> interrupted_{false};
};

TEST_F(Run, EndsWhenEverythingWasSentAndHasCome) {
  TrafficRun run(clock_, {}, interrupted_);
  run.add(sender(10, true));
  run.add(receiver(true));
  EXPECT_EQ(run.run(1, progress_), "everything was sent");
  EXPECT_TRUE(run.tracked());
  EXPECT_TRUE(run.all_sent());
  EXPECT_EQ(run.packets_received(), 20u);
}

TEST_F(Run, StrangersDoNotProlongATrackedOne) {
  TrafficRun run(clock_, {}, interrupted_);
  run.add(sender(10, true));
  run.add(receiver(true));
  std::string why;
  EXPECT_LT(with_strangers(run, why), 5);
  EXPECT_EQ(why, "everything was sent");
  EXPECT_GT(run.packets_received(), 20u);
  EXPECT_EQ(run.receivers()[0]->counters().awaited.load(), 20u);
}

TEST_F(Run, StrangersProlongAnotherOneForTwoSeconds) {
  TrafficRun run(clock_, {}, interrupted_);
  run.add(sender(10, false));
  run.add(receiver(false));
  std::string why;
  const double took = with_strangers(run, why);
  EXPECT_GE(took, 1.9);
  EXPECT_LT(took, 8);
  EXPECT_EQ(why, "everything was sent");
}

TEST_F(Run, APortThatTakesNothingLeavesItIncomplete) {
  for (const uint64_t rounds : {uint64_t{0}, uint64_t{1'000'000'000}}) {
    TrafficRun run(clock_, {.patience_s = 0.2}, interrupted_);
    run.add(sender(rounds, false));
    EXPECT_EQ(run.run(1, progress_), "a port has taken nothing for 0.2 s");
    EXPECT_GT(run.packets_sent(), 0u);
    EXPECT_FALSE(run.all_sent()) << rounds;
    drain();
  }
}

TEST_F(Run, TimeIsAnEndOfWhatHasNoOther) {
  TrafficRun run(clock_, {.seconds = 0.2}, interrupted_);
  run.add(sender(0, false));
  run.add(receiver(false));
  EXPECT_EQ(run.run(1, progress_), "0.2 seconds are over");
  EXPECT_TRUE(run.all_sent());
}

}  // namespace
}  // namespace culvert::replay

// eal_main.cpp has no workers.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::vector<unsigned> cores = culvert::dp::allowed_cpus();
  culvert::dp::EalConfig config;
  config.control_core = cores.front();
  config.workers = {cores.back()};
  config.huge_pages = culvert::dp::HugePagePolicy::never;
  const culvert::dp::Eal eal(config);
  culvert::dp::register_packet_meta();
  return RUN_ALL_TESTS();
}
