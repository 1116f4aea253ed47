// Senders and receivers over a ring: what arrives is what was stored, in order, as often as asked; buffers come
// back; marks tell what became of each packet.
#include <algorithm>

#include <gtest/gtest.h>
#include <rte_cycles.h>
#include <rte_dev.h>

#include "dataplane/port/port.hpp"
#include "tests/tools/replay/frames.hpp"
#include "tools/replay/arrival_time.hpp"
#include "tools/replay/capture_format.hpp"
#include "tools/replay/mark.hpp"
#include "tools/replay/packet_store.hpp"
#include "tools/replay/receiver.hpp"
#include "tools/replay/sender.hpp"
#include "tools/replay/streams.hpp"

namespace culvert::replay {
namespace {

using namespace test;

Bytes frame_of(size_t size, uint8_t fill) {
  Bytes frame(size, fill);
  frame[size - 1] = static_cast<uint8_t>(size);
  return frame;
}

class Traffic : public testing::Test {
 protected:
  static constexpr unsigned kBuffers = 1023;

  void SetUp() override {
    // The driver keeps a ring's memory under its name when the device has gone.
    static int devices = 0;
    device_ = "net_ring" + std::to_string(devices++);
    ASSERT_EQ(rte_eal_hotplug_add("vdev", device_.c_str(), ""), 0);
    pool_ = dp::make_packet_pool("traffic", kBuffers, 1500, dp::BufferLayout::within_pages);
    port_ = std::make_unique<dp::Port>(device_);
    port_->configure({.pool = pool_.get(), .verbatim = true});
    port_->start();
    ASSERT_TRUE(register_arrival_time());
  }
  void TearDown() override {
    port_.reset();
    EXPECT_EQ(dp::available_buffers(*pool_), kBuffers);
    rte_eal_hotplug_remove("vdev", device_.c_str());
  }

  // Stores `count` frames of different sizes.
  void store(size_t count, uint32_t trailer = 0) {
    StoreSize size;
    for (size_t i = 0; i < count; ++i) {
      frames_.push_back(frame_of(60 + (i * 37) % 3000, static_cast<uint8_t>(i)));
      const auto whole = static_cast<uint32_t>(frames_.back().size()) + trailer;
      (whole > kSmallFrame ? size.large : size.small) += 1;
      size.bytes += stored_size(whole);
    }
    store_ = std::make_unique<PacketStore>("traffic-store", size, SOCKET_ID_ANY);
    for (const Bytes& frame : frames_) {
      config_.packets.push_back(store_->add(frame, trailer));
      ASSERT_NE(config_.packets.back(), nullptr);
    }
    EXPECT_EQ(store_->add(frames_[0], trailer), nullptr)
        << "there is room for no more than was said";
    config_.port = port_->id();
    config_.copies = pool_.get();
  }
  // Frames of one poll that came back.
  std::vector<Bytes> take() {
    std::array<rte_mbuf*, 64> packets;
    const uint16_t n = rte_eth_rx_burst(port_->id(), 0, packets.data(), 64);
    std::vector<Bytes> got;
    for (uint16_t i = 0; i < n; ++i) {
      const auto* data = rte_pktmbuf_mtod(packets[i], const uint8_t*);
      got.emplace_back(data, data + packets[i]->pkt_len);
    }
    rte_pktmbuf_free_bulk(packets.data(), n);
    return got;
  }
  std::vector<Bytes> run(Sender& sender) {
    std::vector<Bytes> got;
    bool more = true;
    while (more) {
      more = sender.poll(rte_rdtsc());
      for (Bytes& frame : take())
        got.push_back(std::move(frame));
    }
    return got;
  }

  std::string device_;
  dp::PacketPool pool_;
  std::unique_ptr<PacketStore> store_;
  std::unique_ptr<dp::Port> port_;
  std::vector<Bytes> frames_;
  SenderConfig config_;
};

TEST_F(Traffic, ArrivesAsItWasStored) {
  store(200);
  const auto packets = config_.packets;
  Sender sender(config_);
  EXPECT_EQ(sender.total(), 200u);
  EXPECT_EQ(run(sender), frames_);
  EXPECT_EQ(sender.counters().packets.load(), 200u);
  for (rte_mbuf* m : packets)
    EXPECT_EQ(rte_mbuf_refcnt_read(m), 1);
}

TEST_F(Traffic, ShortRoundsAreRepeatedAsOftenAsAsked) {
  store(3);
  config_.rounds = 1001;
  Sender sender(config_);
  const std::vector<Bytes> got = run(sender);
  ASSERT_EQ(got.size(), 3003u);
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(got[i], frames_[i % 3]) << i;
}

TEST_F(Traffic, ALimitEndsInTheMiddleOfARound) {
  store(3);
  config_.rounds = 0;
  config_.limit = 5;
  Sender sender(config_);
  EXPECT_EQ(sender.total(), 5u);
  EXPECT_EQ(run(sender).size(), 5u);
}

TEST_F(Traffic, NothingLeavesAfterTheDeadline) {
  store(3);
  config_.rounds = 0;
  config_.deadline = 1'000'000;
  Sender sender(config_);
  const uint64_t start = rte_rdtsc() - 20'000'000;
  sender.begin(start);
  EXPECT_TRUE(sender.poll(start + 1'000'000));
  const size_t sent = take().size();
  EXPECT_GT(sent, 0u);
  EXPECT_FALSE(sender.poll(start + 1'000'001));
  EXPECT_EQ(take().size(), 0u);
  EXPECT_EQ(sender.counters().packets.load(), sent);
}

TEST_F(Traffic, NothingLeavesBeforeItIsDue) {
  store(2);
  config_.due = {1000, 5000};
  config_.period = 10'000;
  config_.rounds = 2;
  Sender sender(config_);
  const uint64_t start =
      rte_rdtsc() - 20'000'000;  // the real clock is later, by which lateness is told
  sender.begin(start);
  const auto at = [&](uint64_t tick) {
    sender.poll(start + tick);
    return take().size();
  };
  EXPECT_EQ(at(999), 0u);
  EXPECT_EQ(at(1000), 1u);
  EXPECT_EQ(at(4999), 0u);
  EXPECT_EQ(at(11'000), 2u);  // the second, and the first of the next round
  EXPECT_EQ(at(14'999), 0u);
  EXPECT_FALSE(sender.poll(start + 15'000));
  EXPECT_EQ(take().size(), 1u);
  EXPECT_EQ(sender.lateness().count(), 4u);
}

TEST_F(Traffic, AFullPortTakesTheRestLater) {
  store(8);
  config_.rounds = 1000;  // more than the ring holds
  Sender sender(config_);
  for (int i = 0; i < 100; ++i)
    sender.poll(rte_rdtsc());
  EXPECT_GT(sender.counters().refusals.load(), 0u);
  std::vector<Bytes> got = run(sender);
  for (std::vector<Bytes> last = take(); !last.empty(); last = take())
    got.insert(got.end(), last.begin(), last.end());
  ASSERT_EQ(got.size(), 8000u);
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(got[i], frames_[i % 8]) << i;
}

TEST_F(Traffic, MarksTellLossOrderAndTime) {
  store(100, kMarkSize);
  config_.stream = 0x1234;
  config_.rounds = 3;
  Sender sender(config_);
  Receiver receiver({.port = port_->id(), .marks = true});
  bool more = true;
  for (int turn = 0; more; ++turn) {
    more = sender.poll(rte_rdtsc());
    if (turn == 1) {
      (void)take();  // somebody else got these
    } else {
      receiver.poll();
    }
  }
  while (receiver.poll() != 0) {
  }
  const uint64_t arrived = receiver.counters().packets.load();
  ASSERT_LT(arrived, 300u);
  const Sequence& sequence = receiver.streams().front()->sequence;
  EXPECT_EQ(receiver.streams().front()->name, 0x1234u);
  EXPECT_EQ(sequence.missing(), 300 - arrived);
  EXPECT_EQ(receiver.counters().awaited.load(), arrived);
  EXPECT_EQ(sequence.reordered() + sequence.duplicates(), 0u);
  EXPECT_EQ(receiver.latency().count(), arrived);
  EXPECT_EQ(receiver.counters().unmarked.load(), 0u);
}

// As a card's queues do: what the one got has not come to the other, and is not missing.
TEST_F(Traffic, QueuesShareAStream) {
  store(100, kMarkSize);
  config_.stream = 0x1234;
  config_.rounds = 5;
  Sender sender(config_);
  std::vector<std::unique_ptr<Receiver>> receivers;
  for (int i = 0; i < 2; ++i)
    receivers.push_back(
        std::make_unique<Receiver>(ReceiverConfig{.port = port_->id(), .marks = true}));
  EXPECT_EQ(count_streams(receivers).streams, 0u);
  uint64_t lost = 0;
  bool more = true;
  for (size_t turn = 0; more; ++turn) {
    more = sender.poll(rte_rdtsc());
    if (turn == 2) {
      lost += take().size();
    } else {
      receivers[turn % 2]->poll();
    }
  }
  while (receivers[0]->poll() + receivers[1]->poll() != 0) {
  }
  ASSERT_GT(lost, 0u);
  for (const auto& receiver : receivers)
    EXPECT_GT(receiver->streams().front()->sequence.missing(), 100u);
  const StreamCounts counts = count_streams(receivers);
  EXPECT_EQ(counts.streams, 1u);
  EXPECT_EQ(counts.arrived, 500 - lost);
  EXPECT_EQ(counts.missing, lost);
}

// Two numbers came twice, each by one queue; a third one by both, which none of them knows for a copy.
TEST_F(Traffic, CopiesOnSharedStreamsFillNoGap) {
  const auto put = [&](std::initializer_list<uint64_t> numbers) {
    for (const uint64_t number : numbers) {
      rte_mbuf* m = rte_pktmbuf_alloc(pool_.get());
      std::fill_n(rte_pktmbuf_append(m, 84), 84, 'x');
      write_mark(rte_pktmbuf_mtod_offset(m, uint8_t*, 84), {.stream = 7, .sequence = number});
      ASSERT_EQ(rte_eth_tx_burst(port_->id(), 0, &m, 1), 1);
    }
  };
  std::vector<std::unique_ptr<Receiver>> receivers;
  for (int i = 0; i < 2; ++i)
    receivers.push_back(
        std::make_unique<Receiver>(ReceiverConfig{.port = port_->id(), .marks = true}));
  put({0, 4, 4, 2});
  receivers[0]->poll();
  put({9, 1, 9});
  receivers[1]->poll();
  EXPECT_EQ(count_streams(receivers).arrived, 5u);
  EXPECT_EQ(count_streams(receivers).missing, 5u);  // 3, 5, 6, 7, 8
  put({0, 3, 5, 6, 7, 8});
  receivers[1]->poll();
  EXPECT_EQ(count_streams(receivers).streams, 1u);
  EXPECT_EQ(count_streams(receivers).missing, 0u);
}

// A frame that a driver still holds must not be marked anew: copies are, and nothing is lost.
TEST_F(Traffic, MarksOfFramesInFlightStayTheirs) {
  store(1, kMarkSize);
  config_.stream = 1;
  config_.rounds = 500;
  Sender sender(config_);
  while (sender.poll(rte_rdtsc()) && sender.counters().refusals.load() == 0) {
  }
  Receiver receiver({.port = port_->id(), .marks = true});
  while (receiver.poll() != 0) {
  }
  EXPECT_EQ(receiver.counters().packets.load(), 500u);
  const Sequence& sequence = receiver.streams().front()->sequence;
  EXPECT_EQ(sequence.missing() + sequence.duplicates() + sequence.reordered(), 0u);
}

TEST_F(Traffic, MarksOfOtherStreamsAreNone) {
  store(5, kMarkSize);
  config_.stream = 0x123456'01;
  Sender sender(config_);
  sender.poll(rte_rdtsc());
  Receiver other({.port = port_->id(), .marks = true, .prefix = 0x123457});
  other.poll();
  EXPECT_EQ(other.counters().packets.load(), 5u);
  EXPECT_EQ(other.counters().unmarked.load(), 5u);
  EXPECT_EQ(other.counters().awaited.load(), 0u);
  EXPECT_EQ(other.latency().count(), 0u);
  Sender again(config_);
  again.poll(rte_rdtsc());
  Receiver own({.port = port_->id(), .marks = true, .prefix = 0x123456});
  own.poll();
  EXPECT_EQ(own.counters().unmarked.load(), 0u);
  EXPECT_EQ(own.streams().front()->sequence.arrived(), 5u);
}

TEST_F(Traffic, UnmarkedPacketsAreCounted) {
  store(5);
  Sender sender(config_);
  sender.poll(rte_rdtsc());
  Receiver receiver({.port = port_->id(), .marks = true});
  receiver.poll();
  EXPECT_EQ(receiver.counters().unmarked.load(), 5u);
  EXPECT_EQ(receiver.counters().awaited.load(), 0u);
}

TEST_F(Traffic, WithoutMarksAllPacketsAreAwaited) {
  store(5);
  Sender sender(config_);
  sender.poll(rte_rdtsc());
  Receiver receiver({.port = port_->id()});
  receiver.poll();
  EXPECT_EQ(receiver.counters().awaited.load(), 5u);
}

TEST_F(Traffic, ChainsAreWrittenWhole) {
  rte_mbuf* first = rte_pktmbuf_alloc(pool_.get());
  rte_mbuf* second = rte_pktmbuf_alloc(pool_.get());
  std::fill_n(rte_pktmbuf_append(first, 30), 30, 'a');
  std::fill_n(rte_pktmbuf_append(second, 31), 31, 'b');
  ASSERT_EQ(rte_pktmbuf_chain(first, second), 0);
  const std::string bytes = std::string(30, 'a') + std::string(31, 'b');
  std::string pcap, pcapng;
  append_packet(CaptureFormat::pcap, pcap, 1'000'000'007, first);
  append_packet(CaptureFormat::pcapng, pcapng, 1'000'000'007, first);
  EXPECT_EQ(pcap.substr(16), bytes);
  EXPECT_EQ(pcap.substr(0, 8), std::string("\1\0\0\0\7\0\0\0", 8));
  EXPECT_EQ(pcapng.size() % 4, 0u);
  EXPECT_NE(pcapng.find(bytes), std::string::npos);
  rte_pktmbuf_free(first);
}

}  // namespace
}  // namespace culvert::replay
