#include "dataplane/ip/fragment.hpp"

#include <array>
#include <map>
#include <optional>
#include <random>

#include <gtest/gtest.h>
#include <rte_ip_frag.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

const Ipv4Header& header(const Bytes& b) {
  return *reinterpret_cast<const Ipv4Header*>(b.data());
}

// RFC 791 §3.2's reassembly, as plainly as it can be written. The payload, or nothing if a byte is
// missing or comes twice.
std::optional<Bytes> reassemble(const std::vector<Bytes>& parts) {
  std::map<size_t, Bytes> by_offset;
  std::optional<size_t> end;
  for (const Bytes& p : parts) {
    const size_t at = (header(p).fragment & 0x1fffu) * 8;
    const Bytes data(p.begin() + header(p).header_size(), p.end());
    if (!(header(p).fragment & Ipv4Header::kMoreFragments)) end = at + data.size();
    if (!by_offset.emplace(at, data).second) return std::nullopt;
  }
  Bytes out;
  for (const auto& [at, data] : by_offset) {
    if (at != out.size()) return std::nullopt;
    out.insert(out.end(), data.begin(), data.end());
  }
  if (end != out.size()) return std::nullopt;
  return out;
}

Bytes random_bytes(std::mt19937& random, size_t size) {
  Bytes b(size);
  for (auto& x : b)
    x = static_cast<uint8_t>(random());
  return b;
}

// Well-formed options of 0 to 40 bytes, and those of them that every fragment has to have.
std::pair<Bytes, Bytes> random_options(std::mt19937& random) {
  Bytes all, copied;
  const size_t target = random() % 41 / 4 * 4;
  while (all.size() < target) {
    const size_t room = target - all.size();
    const size_t kind = random() % 3;
    if (kind == 0 || room < 2) {
      all.push_back(1);
      continue;
    }
    const size_t length = 2 + random() % std::min<size_t>(room - 1, 10);
    Bytes option = random_bytes(random, length);
    option[0] = static_cast<uint8_t>(kind == 1 ? 0x94 : 0x44);
    option[1] = static_cast<uint8_t>(length);
    all.insert(all.end(), option.begin(), option.end());
    if (kind == 1) copied.insert(copied.end(), option.begin(), option.end());
  }
  while (copied.size() % 4 != 0)
    copied.push_back(0);
  return {all, copied};
}

class FragmentTest : public testing::Test {
 protected:
  std::vector<Bytes> cut(const Bytes& packet, uint16_t mtu, size_t segment = 2048) {
    rte_mbuf* m = big.packet(packet, segment);
    std::array<rte_mbuf*, 128> out;
    const uint32_t count = fragment_ipv4(m, mtu, pool.get(), out);
    EXPECT_EQ(bytes_of(m), packet);
    rte_pktmbuf_free(m);
    std::vector<Bytes> parts;
    for (uint32_t i = 0; i < count; ++i) {
      EXPECT_EQ(out[i]->nb_segs, 1);
      EXPECT_EQ(out[i]->pkt_len, out[i]->data_len);
      EXPECT_GE(rte_pktmbuf_headroom(out[i]), 21);
      parts.push_back(bytes_of(out[i]));
      rte_pktmbuf_free(out[i]);
    }
    return parts;
  }
  Pool pool{511};
  Pool big{255};
  std::mt19937 random{20'231};
};

TEST_F(FragmentTest, RandomPacketsCanBePutTogetherAgain) {
  for (int round = 0; round < 3000; ++round) {
    const auto [options, copied] = random_options(random);
    const uint16_t mtu = static_cast<uint16_t>(68 + random() % 1433);
    const size_t head = 20 + options.size();
    const Bytes payload =
        random_bytes(random, random() % std::min<size_t>(1980 - head, size_t{mtu} * 20) + 1);
    Ipv4Fields f{.src = kPeerIp, .dst = kFarIp, .protocol = 17, .options = options};
    f.id = static_cast<uint16_t>(random());
    f.fragment = random() % 2 ? Ipv4Header::kDontFragment : 0;
    const Bytes whole = ipv4(f, payload);
    const auto parts = cut(whole, mtu);
    ASSERT_FALSE(parts.empty());
    for (size_t i = 0; i < parts.size(); ++i) {
      const Bytes& p = parts[i];
      const Ipv4Header& h = header(p);
      ASSERT_LE(p.size(), mtu);
      ASSERT_EQ(h.total_length, p.size());
      ASSERT_EQ(h.version(), 4u);
      ASSERT_EQ(reference_checksum({p.data(), h.header_size()}), 0);
      ASSERT_EQ(h.id, f.id);
      ASSERT_EQ(h.ttl, f.ttl);
      ASSERT_EQ(h.protocol, f.protocol);
      ASSERT_EQ(h.src, f.src);
      ASSERT_EQ(h.dst, f.dst);
      ASSERT_FALSE(h.dont_fragment());
      const bool last = i + 1 == parts.size();
      ASSERT_EQ((h.fragment & Ipv4Header::kMoreFragments) != 0, !last);
      if (!last) {
        ASSERT_EQ((p.size() - h.header_size()) % 8, 0u);
        ASSERT_GT(p.size() + 8, mtu);  // as full as it can be
      }
      const Bytes has(p.begin() + 20, p.begin() + h.header_size());
      ASSERT_EQ(has, i == 0 ? options : copied);
    }
    ASSERT_EQ(reassemble(parts), payload);
  }
}

TEST_F(FragmentTest, DpdkPutsThemTogetherToo) {
  rte_ip_frag_tbl* table = rte_ip_frag_table_create(16, 4, 64, rte_get_tsc_hz(), SOCKET_ID_ANY);
  ASSERT_NE(table, nullptr);
  for (int round = 0; round < 300; ++round) {
    const Bytes payload = random_bytes(random, 1 + random() % 1900);
    // Its reassembly takes at most RTE_LIBRTE_IP_FRAG_MAX_FRAG parts.
    const uint16_t mtu = static_cast<uint16_t>(576 + random() % 900);
    const Bytes whole =
        ipv4({.src = kPeerIp, .dst = kFarIp, .id = static_cast<uint16_t>(round)}, payload);
    const auto parts = cut(whole, mtu);
    rte_mbuf* result = nullptr;
    if (parts.size() == 1) continue;
    for (size_t i = 0; i < parts.size(); ++i) {
      ASSERT_EQ(result, nullptr);
      rte_mbuf* m = pool.packet(parts[parts.size() - 1 - i]);
      m->l2_len = 0;
      m->l3_len = 20;
      rte_ip_frag_death_row death{};
      result = rte_ipv4_frag_reassemble_packet(table, &death, m, rte_rdtsc(),
                                               rte_pktmbuf_mtod(m, rte_ipv4_hdr*));
      rte_ip_frag_free_death_row(&death, 0);
    }
    ASSERT_NE(result, nullptr);
    const Bytes back = bytes_of(result);
    EXPECT_EQ(Bytes(back.begin() + 20, back.end()), payload);
    rte_pktmbuf_free(result);
  }
  rte_ip_frag_table_destroy(table);
}

TEST_F(FragmentTest, APartOfADatagramKeepsItsPlace) {
  for (const bool more : {false, true}) {
    const Bytes payload = random_bytes(random, 800);
    Ipv4Fields f{.src = kPeerIp, .dst = kFarIp};
    f.fragment = static_cast<uint16_t>((more ? Ipv4Header::kMoreFragments : 0) | 100);
    const auto parts = cut(ipv4(f, payload), 576);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(header(parts[0]).fragment, Ipv4Header::kMoreFragments | 100);
    EXPECT_EQ(header(parts[1]).fragment, (more ? Ipv4Header::kMoreFragments : 0) | (100 + 552 / 8));
    EXPECT_EQ(parts[0].size(), 572u);
    EXPECT_EQ(parts[1].size(), 20u + 800 - 552);
  }
}

TEST_F(FragmentTest, OffsetsDoNotWrapIntoTheFlags) {
  Ipv4Fields f{.src = kPeerIp, .dst = kFarIp};
  f.fragment = Ipv4Header::kMoreFragments | 0x1fff;
  EXPECT_TRUE(cut(ipv4(f, Bytes(800)), 576).empty());
  f.fragment = 0x1fff - 100;
  EXPECT_EQ(cut(ipv4(f, Bytes(800)), 576).size(), 2u);
  f.fragment = 0x1fff - 99;
  EXPECT_TRUE(cut(ipv4(f, Bytes(800)), 576).empty());
}

TEST_F(FragmentTest, ChainedBuffersLoseNothing) {
  for (const size_t segment : {100u, 577u, 1000u}) {
    const Bytes payload = random_bytes(random, 5000);
    const auto parts = cut(ipv4({.src = kPeerIp, .dst = kFarIp}, payload), 576, segment);
    EXPECT_EQ(parts.size(), 10u);
    EXPECT_EQ(reassemble(parts), payload);
  }
}

TEST_F(FragmentTest, AnEmptyPacketAndOneThatFitsAreCopied) {
  const Bytes empty = ipv4({}, {});
  EXPECT_EQ(cut(empty, 68), std::vector<Bytes>{empty});
  const Bytes fits = ipv4({}, Bytes(556, 1));
  EXPECT_EQ(cut(fits, 576), std::vector<Bytes>{fits});
}

TEST_F(FragmentTest, MalformedOptionsStayInTheFirstPartAndBreakNothing) {
  for (const Bytes& options :
       {Bytes{0x94, 0, 0x94, 4}, Bytes{0x94, 1, 1, 1}, Bytes{0x94, 5, 1, 1}, Bytes{1, 1, 1, 0x94},
        Bytes{0x94, 255, 0, 0}, Bytes{0, 0x94, 2, 0}}) {
    Ipv4Fields f{.src = kPeerIp, .dst = kFarIp, .options = options};
    const auto parts = cut(ipv4(f, Bytes(1000, 9)), 576);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(header(parts[0]).header_size(), 24u);
    EXPECT_EQ(header(parts[1]).header_size(), 20u);
    EXPECT_EQ(reassemble(parts), Bytes(1000, 9));
  }
}

TEST_F(FragmentTest, WithoutBuffersOrRoomNothingIsHeld) {
  const Bytes whole = ipv4({}, Bytes(1500, 1));
  rte_mbuf* m = big.packet(whole);
  std::array<rte_mbuf*, 2> two;
  EXPECT_EQ(fragment_ipv4(m, 576, pool.get(), two), 0u);
  EXPECT_EQ(pool.used(), 0u);

  std::vector<rte_mbuf*> held(509);
  ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool.get(), held.data(), 509), 0);
  std::array<rte_mbuf*, 8> eight;
  EXPECT_EQ(fragment_ipv4(m, 576, pool.get(), eight), 0u);
  EXPECT_EQ(pool.used(), 509u);
  rte_pktmbuf_free_bulk(held.data(), 509);
  rte_pktmbuf_free(m);
}

}  // namespace
}  // namespace culvert::dp
