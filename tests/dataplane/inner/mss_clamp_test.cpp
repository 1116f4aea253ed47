#include "dataplane/inner/mss_clamp.hpp"

#include <array>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

constexpr uint8_t kSyn = TcpHeader::kSyn, kAck = TcpHeader::kAck;

Bytes mss_option(uint16_t mss) {
  return {2, 4, static_cast<uint8_t>(mss >> 8), static_cast<uint8_t>(mss)};
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts)
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

// A TCP header with `options` (a multiple of four) and its checksum, with the pseudo header of IPv4
// (RFC 9293 §3.1) or IPv6 (RFC 8200 §8.1).
Bytes tcp(const Bytes& addresses, const Bytes& options, uint8_t flags = kSyn,
          const Bytes& data = {}) {
  Bytes b(sizeof(TcpHeader));
  *reinterpret_cast<TcpHeader*>(b.data()) = {
      .src_port = uint16_t{40000},
      .dst_port = uint16_t{80},
      .seq = 0x01020304u,
      .ack = 0u,
      .offset_reserved = static_cast<uint8_t>((20 + options.size()) / 4 << 4),
      .flags = flags,
      .window = uint16_t{64240},
      .checksum = uint16_t{0},
      .urgent = uint16_t{0}};
  b = joined({b, options, data});
  const auto size = static_cast<uint8_t>(b.size());
  const uint16_t sum = reference_checksum(joined({addresses, {0, 6, 0, size}, b}));
  b[16] = static_cast<uint8_t>(sum >> 8);
  b[17] = static_cast<uint8_t>(sum);
  return b;
}

Bytes addresses4(uint32_t src, uint32_t dst) {
  Bytes b(8);
  store_be(&b[0], src);
  store_be(&b[4], dst);
  return b;
}
Bytes addresses6(const IpAddress& src, const IpAddress& dst) {
  return joined({Bytes(src.bytes().begin(), src.bytes().end()),
                 Bytes(dst.bytes().begin(), dst.bytes().end())});
}

Bytes syn4(const Bytes& options, uint8_t flags = kSyn, Ipv4Fields ip = {}) {
  ip.protocol = 6;
  return ipv4(ip, tcp(addresses4(ip.src, ip.dst), options, flags));
}
Bytes syn6(const Bytes& options, const Bytes& extensions = {}, uint8_t first = 6) {
  Ipv6Fields ip{.src = kClient6, .dst = kFar6, .next_header = first};
  return ipv6(ip, joined({extensions, tcp(addresses6(ip.src, ip.dst), options)}));
}

// RFC 9293 §3.1: over pseudo header and segment the sum is all ones.
bool checksum_right(const Bytes& packet, size_t l3) {
  const Bytes addresses = packet[0] >> 4 == 4 ? Bytes(packet.begin() + 12, packet.begin() + 20)
                                              : Bytes(packet.begin() + 8, packet.begin() + 40);
  const Bytes segment(packet.begin() + static_cast<ptrdiff_t>(l3), packet.end());
  const auto size = static_cast<uint8_t>(segment.size());
  return reference_checksum(joined({addresses, {0, 6, 0, size}, segment})) == 0;
}

class MssClampTest : public testing::Test {
 protected:
  // What the packet is afterwards.
  Bytes pass(const Bytes& packet, MssLimits limits = {1380, 0}, size_t segment = 2048) {
    rte_mbuf* m = pool.packet(packet, segment);
    const uint32_t at = syn_at(m);
    found = at != 0;
    changed = found && clamp_syn(m, at, limits);
    Bytes out = bytes_of(m);
    rte_pktmbuf_free(m);
    EXPECT_EQ(out.size(), packet.size());
    EXPECT_EQ(changed, out != packet);
    return out;
  }
  void expect_mss(const Bytes& packet, size_t l3, size_t value, uint16_t mss) {
    const Bytes after = pass(packet);
    EXPECT_EQ(load_be<uint16_t>(&after[value]), mss);
    EXPECT_TRUE(checksum_right(after, l3));
    // Nothing else is touched.
    Bytes again = packet;
    store_be(&again[value], mss);
    std::copy_n(&after[l3 + 16], 2, &again[l3 + 16]);
    EXPECT_EQ(after, again);
  }

  Pool pool{255};
  bool found = false, changed = false;
};

TEST(MssLimits, BoundsAndNothingElse) {
  const MssLimits none, most{1380, 0}, both{1380, 600}, least{0, 600};
  EXPECT_EQ(none.clamp(0), 0);
  EXPECT_EQ(none.clamp(65535), 65535);
  EXPECT_EQ(most.clamp(1380), 1380);
  EXPECT_EQ(most.clamp(1381), 1380);
  EXPECT_EQ(most.clamp(10), 10);
  EXPECT_EQ(both.clamp(599), 600);
  EXPECT_EQ(both.clamp(9000), 1380);
  EXPECT_EQ(least.clamp(9000), 9000);
  EXPECT_EQ(least.clamp(1), 600);
  // The note's tunnels: 1347 and 1418 bytes.
  EXPECT_EQ(none.within(1347, 40).most, 1307);
  EXPECT_EQ(most.within(1418, 40).most, 1378);
  EXPECT_EQ(most.within(1500, 40).most, 1380);
  EXPECT_EQ(most.within(1280, 60).most, 1220);
  EXPECT_EQ(both.within(256, 40).clamp(1460), 216);  // above all a segment must get through
  EXPECT_NE(none.within(40, 40).most, 0);            // which would be no limit
}

TEST_F(MssClampTest, LowersWhatIsAboveTheMost) {
  expect_mss(syn4(mss_option(1460)), 20, 42, 1380);
  expect_mss(syn4(mss_option(1460), kSyn | kAck), 20, 42, 1380);
  expect_mss(syn4(mss_option(1380)), 20, 42, 1380);
  expect_mss(syn4(mss_option(536)), 20, 42, 536);
  expect_mss(syn6(mss_option(1440)), 40, 62, 1380);
}

TEST_F(MssClampTest, RaisesWhatIsBelowTheLeast) {
  const Bytes after = pass(syn4(mss_option(100)), {1380, 600});
  EXPECT_EQ(load_be<uint16_t>(&after[42]), 600);
  EXPECT_TRUE(checksum_right(after, 20));
}

// Linux's options, and others behind which the value lies across two words of the sum.
TEST_F(MssClampTest, FindsTheOptionWhereverItIs) {
  const Bytes linux = {4, 2, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 7};
  expect_mss(syn4(joined({mss_option(1460), linux})), 20, 42, 1380);
  expect_mss(syn4(joined({linux, mss_option(1460)})), 20, 58, 1380);
  expect_mss(syn4(joined({{1}, mss_option(1460), {1, 1, 1}})), 20, 43, 1380);
  expect_mss(syn4(joined({{3, 3, 7}, mss_option(65535), {0}})), 20, 45, 1380);
  expect_mss(syn6(joined({{1}, mss_option(1440), {1, 1, 1}})), 40, 63, 1380);
  expect_mss(syn4(mss_option(1460), kSyn, {.options = Bytes(40, 1)}), 60, 82, 1380);
}

TEST_F(MssClampTest, EveryValueKeepsTheChecksumRight) {
  for (const size_t odd : {size_t{0}, size_t{1}}) {
    for (unsigned mss = 0; mss <= 65535; mss += 97) {
      const Bytes options = joined(
          {Bytes(odd, 1), mss_option(static_cast<uint16_t>(mss)), Bytes(odd == 0 ? 0 : 3, 1)});
      const auto most = static_cast<uint16_t>(65535 - mss);
      const Bytes after = pass(syn4(options), {std::max<uint16_t>(most, 1), 700});
      ASSERT_TRUE(checksum_right(after, 20)) << mss;
    }
  }
}

// Both ends then take 536 (IPv6: 1220) bytes, and an ASA leaves it at that.
TEST_F(MssClampTest, ASynWithoutTheOptionPassesAsItIs) {
  for (const Bytes& packet : {syn4({}), syn4({1, 1, 4, 2}), syn6({}), syn4({0, 0, 0, 0})}) {
    pass(packet, {500, 400});
    EXPECT_TRUE(found);
    EXPECT_FALSE(changed);
  }
  // What stands behind the end of the list is no option.
  pass(syn4(joined({{1, 0, 0, 0}, mss_option(1460)})));
  EXPECT_FALSE(changed);
}

TEST_F(MssClampTest, OnlySynsAreLookedInto) {
  for (const uint8_t flags : {kAck, TcpHeader::kFin, TcpHeader::kRst}) {
    pass(syn4(mss_option(1460), flags));
    EXPECT_FALSE(found);
  }
  Bytes udp = syn4(mss_option(1460));
  udp[9] = 17;
  pass(udp);
  EXPECT_FALSE(found);
  Bytes udp6 = syn6(mss_option(1440));
  udp6[6] = 17;
  pass(udp6);
  EXPECT_FALSE(found);
  udp6[6] = 58;
  pass(udp6);
  EXPECT_FALSE(found);
}

TEST_F(MssClampTest, Fragments) {
  // The first one has the header; the others have bytes that only look like one.
  expect_mss(syn4(mss_option(1460), kSyn, {.fragment = Ipv4Header::kMoreFragments}), 20, 42, 1380);
  pass(syn4(mss_option(1460), kSyn, {.fragment = 1}));
  EXPECT_FALSE(found);
  pass(syn4(mss_option(1460), kSyn, {.fragment = Ipv4Header::kMoreFragments | 185}));
  EXPECT_FALSE(found);
  const Bytes atomic{6, 0, 0, 0, 0, 0, 0, 9}, first{6, 0, 0, 1, 0, 0, 0, 9},
      later{6, 0, 5, 0xa8, 0, 0, 0, 9};
  expect_mss(syn6(mss_option(1440), atomic, 44), 48, 70, 1380);
  expect_mss(syn6(mss_option(1440), first, 44), 48, 70, 1380);
  pass(syn6(mss_option(1440), later, 44));
  EXPECT_FALSE(found);
}

TEST_F(MssClampTest, ExtensionHeadersAreWalked) {
  const Bytes hop{60, 0, 1, 4, 0, 0, 0, 0}, destination{6, 0, 1, 4, 0, 0, 0, 0};
  expect_mss(syn6(mss_option(1440), joined({hop, destination}), 0), 56, 78, 1380);
  // A chain that lies about its length ends the search.
  pass(syn6(mss_option(1440), {6, 200, 1, 4, 0, 0, 0, 0}, 60));
  EXPECT_FALSE(found);
  // UDP behind one, and nothing at all.
  pass(syn6(mss_option(1440), {17, 0, 1, 4, 0, 0, 0, 0}, 60));
  EXPECT_FALSE(found);
  pass(ipv6({.next_header = 60}, {}));
  EXPECT_FALSE(found);
}

TEST_F(MssClampTest, OptionsThatLieAboutTheirLengthAreLeftAlone) {
  for (const Bytes& options :
       {Bytes{2, 3, 5, 0xb4}, Bytes{2, 5, 5, 0xb4}, Bytes{2, 0, 5, 0xb4}, Bytes{2, 1, 5, 0xb4},
        Bytes{2, 255, 5, 0xb4}, Bytes{1, 1, 1, 2}, Bytes{8, 6, 2, 4}, Bytes{8, 0, 2, 4}}) {
    pass(syn4(options));
    EXPECT_TRUE(found);
    EXPECT_FALSE(changed);
  }
  // Of two both count: nobody knows which one the other end will take.
  const Bytes after = pass(syn4(joined({mss_option(1460), mss_option(9000)})));
  EXPECT_EQ(load_be<uint16_t>(&after[42]), 1380);
  EXPECT_EQ(load_be<uint16_t>(&after[46]), 1380);
  EXPECT_TRUE(checksum_right(after, 20));
}

TEST_F(MssClampTest, HeadersThatLieAboutTheirLengthAreLeftAlone) {
  const Bytes whole = syn4(mss_option(1460));
  for (const unsigned words : {0u, 1u, 4u, 7u, 15u}) {
    Bytes packet = whole;
    packet[20 + 12] = static_cast<uint8_t>(words << 4);
    pass(packet);
    EXPECT_TRUE(found);
    EXPECT_FALSE(changed) << words;
  }
  for (size_t size = 20; size < 40; ++size) {
    Bytes packet(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    pass(packet);
    EXPECT_FALSE(found) << size;
  }
  pass({whole.begin(), whole.end() - 1});
  EXPECT_FALSE(changed);
}

TEST_F(MssClampTest, HeadersInSeveralBuffers) {
  const Bytes packet = syn4(joined({mss_option(1460), Bytes(12, 1)}));
  for (const size_t segment : std::array<size_t, 6>{20, 21, 33, 34, 43, 55}) {
    const Bytes after = pass(packet, {1380, 0}, segment);
    EXPECT_EQ(load_be<uint16_t>(&after[42]), 1380) << segment;
    EXPECT_TRUE(checksum_right(after, 20));
  }
}

class MssOfTunnelTest : public testing::Test {
 protected:
  void channel(Channel::Kind kind, uint16_t mtu) {
    session->channel.store(Channel(kind, {0, 1, 2}, mtu).word());
  }
  [[nodiscard]] MssLimits limits(const MssLimits& from, bool v4) const {
    return limits_of(from, *session, session->current_channel(), v4);
  }
  SessionTable table{16, 1};
  Session* session = table.publish({IpAddress::v4(kClient), kClient6}, 1, 0, false);
  const MssLimits box{1380, 0};
};

TEST_F(MssOfTunnelTest, OnlyASmartFallbackMindsTheTunnel) {
  channel(Channel::Kind::tls, 1347);
  EXPECT_EQ(limits(box, true).most, 1380);
  session->adapter_mtu.store(1418);
  EXPECT_EQ(limits(box, true).most, 1307);
  EXPECT_EQ(limits(box, false).most, 1287);
  EXPECT_EQ(limits({}, true).most, 1307);
  channel(Channel::Kind::dtls, 1418);
  EXPECT_EQ(limits(box, true).most, 1378);
  session->adapter_mtu.store(1347);  // smaller than the tunnel
  EXPECT_EQ(limits(box, true).most, 1307);
  session->adapter_mtu.store(1418);
  channel(Channel::Kind::none, 0);
  EXPECT_EQ(limits(box, true).most, 1380);
}

TEST_F(MssOfTunnelTest, OnTheWayUpByTheClientsOwnAddress) {
  channel(Channel::Kind::tls, 1347);
  Pool pool{63};
  const auto run = [&] {
    Batch batch;
    for (const Bytes& bytes : {syn4(mss_option(1378), kSyn, {.src = kClient, .dst = kFarIp}),
                               syn4(mss_option(1460), kSyn | kAck, {.src = kClient, .dst = kFarIp}),
                               syn4(mss_option(1460), kAck, {.src = kClient, .dst = kFarIp}),
                               syn4(mss_option(1378), kSyn, {.src = kClient + 1, .dst = kFarIp}),
                               syn6(mss_option(1358))})
      batch.push(pool.packet(bytes));
    const uint32_t changed = clamp_up(batch, box, table);
    std::vector<unsigned> values;
    for (rte_mbuf* m : batch) {
      const Bytes bytes = bytes_of(m);
      values.push_back(load_be<uint16_t>(&bytes[bytes[0] >> 4 == 4 ? 42 : 62]));
      rte_pktmbuf_free(m);
    }
    values.push_back(changed);
    return values;
  };
  EXPECT_EQ(run(), (std::vector<unsigned>{1378, 1380, 1460, 1378, 1358, 1}));
  session->adapter_mtu.store(1418);
  EXPECT_EQ(run(), (std::vector<unsigned>{1307, 1307, 1460, 1378, 1287, 3}));
}

}  // namespace
}  // namespace culvert::dp
