// RFC 6056: local addresses and ports for connections that this side opens.
#include "dataplane/tcp/source_ports.hpp"

#include <set>
#include <stdexcept>
#include <unordered_set>

#include <gtest/gtest.h>

namespace culvert::tcp {
namespace {

const dp::IpAddress kServer = dp::IpAddress::v4(0xc0000202);

std::vector<dp::IpAddress> addresses(uint32_t count) {
  std::vector<dp::IpAddress> all;
  for (uint32_t i = 0; i < count; ++i)
    all.push_back(dp::IpAddress::v4(0x0a000001 + i));
  return all;
}

uint64_t name(const dp::Flow& flow) {
  return uint64_t{flow.local.v4_value()} << 16 | flow.local_port;
}

constexpr auto kFree = [](const dp::Flow&) { return true; };

TEST(SourcePorts, addresses_take_turns_and_every_port_comes_once) {
  SourcePorts ports({1, 2}, addresses(4), 1000, 1099);
  std::set<uint64_t> seen;
  for (int i = 0; i < 400; ++i) {
    const auto flow = ports.next(kServer, 443, kFree);
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->local, dp::IpAddress::v4(0x0a000001 + static_cast<uint32_t>(i) % 4));
    EXPECT_GE(flow->local_port, 1000);
    EXPECT_LE(flow->local_port, 1099);
    EXPECT_EQ(flow->remote_port, 443);
    EXPECT_TRUE(seen.insert(name(*flow)).second);
  }
}

TEST(SourcePorts, all_ports_can_be_used_and_then_there_is_none) {
  SourcePorts ports({1, 2}, addresses(2), 1, 65535);
  std::unordered_set<uint64_t> used;
  const auto take = [&] {
    return ports.next(kServer, 443, [&](const dp::Flow& f) { return !used.contains(name(f)); });
  };
  for (uint32_t i = 0; i < 2 * 65535; ++i) {
    const auto flow = take();
    ASSERT_TRUE(flow);
    used.insert(name(*flow));
  }
  EXPECT_FALSE(take());
  // One that comes free is found, though perhaps not by the first call: a call's tries are bounded.
  used.erase(*used.begin());
  int calls = 0;
  while (!take()) {
    ASSERT_LT(++calls, 2 * 65535 / static_cast<int>(SourcePorts::kTries) + 2);
  }
}

TEST(SourcePorts, tries_are_bounded) {
  for (const uint32_t count : {1u, 3u, 1000u}) {
    SourcePorts ports({1, 2}, addresses(count));
    uint32_t tries = 0;
    EXPECT_FALSE(ports.next(kServer, 443, [&](const dp::Flow&) {
      ++tries;
      return false;
    }));
    EXPECT_EQ(tries, SourcePorts::kTries);
  }
}

TEST(SourcePorts, where_a_destination_begins_depends_on_the_secret) {
  std::set<uint16_t> firsts;
  for (uint64_t key = 0; key < 64; ++key)
    firsts.insert(SourcePorts({key, 0}, addresses(1)).next(kServer, 443, kFree)->local_port);
  EXPECT_GT(firsts.size(), 60u);
  // And on the destination: what one server sees does not tell of the next.
  SourcePorts ports({1, 2}, addresses(1));
  firsts.clear();
  for (uint16_t port = 0; port < 64; ++port)
    firsts.insert(ports.next(kServer, port, kFree)->local_port);
  EXPECT_GT(firsts.size(), 60u);
}

TEST(SourcePorts, families_are_apart) {
  const auto six = *dp::IpAddress::parse("2001:db8::1");
  SourcePorts ports({1, 2}, {dp::IpAddress::v4(0x0a000001), six});
  EXPECT_EQ(ports.next(kServer, 443, kFree)->local, dp::IpAddress::v4(0x0a000001));
  EXPECT_EQ(ports.next(*dp::IpAddress::parse("2001:db8::9"), 443, kFree)->local, six);
  EXPECT_FALSE(SourcePorts({1, 2}, {six}).next(kServer, 443, kFree));
}

TEST(SourcePorts, nothing_to_choose_from_is_refused) {
  EXPECT_THROW(SourcePorts({1, 2}, {}), std::runtime_error);
  EXPECT_THROW(SourcePorts({1, 2}, addresses(1), 0, 10), std::runtime_error);
  EXPECT_THROW(SourcePorts({1, 2}, addresses(1), 10, 9), std::runtime_error);
}

}  // namespace
}  // namespace culvert::tcp
