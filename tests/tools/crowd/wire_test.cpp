// A link with many addresses of its own and one neighbour: answers, questions, what goes in and what does not.
#include "tools/crowd/wire.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/link_fixture.hpp"

namespace culvert::crowd {
namespace {

using namespace dp::test;
using dp::DropReason;
using dp::IpAddress;
using dp::MacAddress;

constexpr uint32_t kFirst = 0xc000020a;  // 192.0.2.10; the neighbour is kPeerIp
constexpr uint32_t kAddresses = 4;

class WireTest : public testing::Test {
 protected:
  WireTest() : device_("net_ring_wire" + std::to_string(serial++)), port_(device_.name()) {
    port_.configure({.pool = pool_.get()});
    port_.start();
    config_.headend = IpAddress::v4(kPeerIp);
    std::vector<IpAddress> own;
    for (uint32_t i = 0; i < kAddresses; ++i)
      own.push_back(IpAddress::v4(kFirst + i));
    book_.emplace(own);
    wire_.emplace(config_, port_, uint16_t{0}, pool_.get(), *book_, drops_);
  }
  ~WireTest() override {
    (void)sent();
    wire_.reset();
  }

  // What the port loops back was sent before.
  std::vector<Bytes> sent() {
    wire_->poll(now_);
    std::vector<Bytes> frames;
    std::array<rte_mbuf*, dp::kBurst> burst;
    while (const uint16_t n = rte_eth_rx_burst(port_.id(), 0, burst.data(), dp::kBurst)) {
      for (uint16_t i = 0; i < n; ++i)
        frames.push_back(bytes_of(burst[i]));
      rte_pktmbuf_free_bulk(burst.data(), n);
    }
    return frames;
  }
  void input(const Bytes& frame) {
    rte_mbuf* m = pool_.packet(frame);
    ASSERT_EQ(rte_eth_tx_burst(port_.id(), 0, &m, 1), 1);
    ASSERT_TRUE(wire_->receive(now_));
  }
  Bytes arp(uint16_t operation, uint32_t target, const MacAddress& to = dp::kBroadcastMac) const {
    const dp::ArpPacket p{.hardware_type = 1,
                          .protocol_type = 0x0800,
                          .hardware_size = 6,
                          .protocol_size = 4,
                          .operation = operation,
                          .sender_mac = kPeerMac,
                          .sender_ip = kPeerIp,
                          .target_mac = {},
                          .target_ip = target};
    Bytes b(sizeof p);
    std::memcpy(b.data(), &p, sizeof p);
    return ethernet(b, 0x0806, to, kPeerMac);
  }
  Bytes udp_to(uint32_t address, uint16_t port, uint8_t protocol = 17) const {
    const Bytes header{0, 1, static_cast<uint8_t>(port >> 8), static_cast<uint8_t>(port), 0, 8,
                       0, 0};
    return ethernet(ipv4({.dst = address, .protocol = protocol}, header), 0x0800, port_.mac(),
                    kPeerMac);
  }
  static dp::ArpPacket arp_in(const Bytes& frame) {
    dp::ArpPacket out;
    std::memcpy(&out, frame.data() + sizeof(dp::EthernetHeader), sizeof out);
    return out;
  }

  static inline unsigned serial = 0;
  Pool pool_;
  dp::DropCounters drops_;
  VirtualDevice device_;
  dp::Port port_;
  CrowdConfig config_;
  std::optional<AddressBook> book_;
  std::optional<Wire> wire_;
  Time now_ = 1000 * dp::kSecond;
};

TEST_F(WireTest, AnswersForAllItsAddressesAndNoOther) {
  (void)sent();  // its own question
  for (uint32_t i = 0; i <= kAddresses; ++i)
    input(arp(1, kFirst + i));
  const std::vector<Bytes> answers = sent();
  ASSERT_EQ(answers.size(), kAddresses);
  for (uint32_t i = 0; i < kAddresses; ++i) {
    const dp::ArpPacket answer = arp_in(answers[i]);
    EXPECT_EQ(answer.operation.get(), 2);
    EXPECT_EQ(answer.sender_ip.get(), kFirst + i);
    EXPECT_EQ(answer.sender_mac, port_.mac());
    EXPECT_EQ(answer.target_mac, kPeerMac);
  }
}

TEST_F(WireTest, AsksOnceASecondUntilItKnows) {
  EXPECT_EQ(sent().size(), 1U);
  EXPECT_EQ(sent().size(), 0U);
  EXPECT_FALSE(wire_->ready());
  rte_mbuf* early = pool_.packet(ipv4({.src = kFirst, .dst = kPeerIp}, Bytes(8)));
  wire_->send({&early, 1});
  EXPECT_EQ(drops_.get(DropReason::ip_no_adjacency), 1U);
  now_ += dp::kSecond;
  EXPECT_EQ(arp_in(sent().at(0)).target_ip.get(), kPeerIp);
  input(arp(2, kFirst, port_.mac()));
  EXPECT_TRUE(wire_->ready());
  rte_mbuf* late = pool_.packet(ipv4({.src = kFirst, .dst = kPeerIp}, Bytes(8)));
  wire_->send({&late, 1});
  const std::vector<Bytes> frames = sent();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(std::equal(kPeerMac.begin(), kPeerMac.end(), frames[0].begin()));
}

TEST_F(WireTest, SortsWhatIsForTheCrowd) {
  input(udp_to(kFirst, 5000));
  input(udp_to(kFirst + 1, 5000, 6));
  input(udp_to(kFirst + kAddresses, 5000));  // another's
  input(udp_to(kFirst, 5000, 47));
  EXPECT_EQ(wire_->udp.size(), 1U);
  EXPECT_EQ(wire_->tcp.size(), 1U);
  EXPECT_EQ(wire_->not_for_us(), 1U);
  EXPECT_EQ(drops_.get(DropReason::ip_protocol), 1U);
  for (dp::Batch* batch : {&wire_->udp, &wire_->tcp}) {
    rte_pktmbuf_free_bulk(batch->data(), batch->size());
    batch->clear();
  }
}

TEST_F(WireTest, KeepsSilentPortsSilent) {
  input(arp(2, kFirst, port_.mac()));
  (void)sent();
  book_->silence(IpAddress::v4(kFirst), 5000, Transport::udp);
  input(udp_to(kFirst, 5000));
  EXPECT_TRUE(wire_->udp.empty());
  const Bytes from_there{0x13, 0x88, 0, 1, 0, 8, 0, 0};
  rte_mbuf* m = pool_.packet(ipv4({.src = kFirst, .dst = kPeerIp}, from_there));
  wire_->send({&m, 1});
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(wire_->silenced(), 2U);
}

}  // namespace
}  // namespace culvert::crowd
